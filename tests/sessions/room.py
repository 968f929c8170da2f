"""Processes that share a store and a clock that tests hold in their hand."""

from __future__ import annotations

import asyncio

from bybot.clock import ManualClock
from bybot.sessions.claims import Claims
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import LeaseTimes
from bybot.sessions.model import INSTANCES, Holder, session_key
from bybot.sessions.ownership import Ownership
from bybot.stores.base import Key, Put
from tests.sessions.support import FaultyStore

TIMES = LeaseTimes(30, 10, 10)


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(60):
        await asyncio.sleep(0)


class Process:
    """One process: its ownership, and what it was told."""

    def __init__(self, store: FaultyStore, clock: ManualClock, address: str = "") -> None:
        self.lease = DocumentLease(store, clock, TIMES, label="p")
        self.lease.address = address
        self.gained: list[Claims] = []
        self.lost: list[Claims] = []
        self.adopted: list[str] = []

        async def gained(claims: Claims) -> None:
            self.gained.append(claims)
            self.ownership.complete = True

        async def lost(claims: Claims) -> None:
            self.lost.append(claims)

        async def adopted(owned: object) -> None:
            self.adopted += [claim.user for claim, _ in owned]  # type: ignore[attr-defined]

        self.ownership = Ownership(store, self.lease, clock, gained=gained, lost=lost, adopted=adopted, give=self._give)

    async def _give(self, claims: Claims, to: Holder) -> None:
        """Give everything back at once, for whoever leads now."""
        await self.lease.give_chat(claims.term)
        given = list(claims.held.values())
        for claim in given:
            claim.revoke()
        await claims.save_many([(claim, {"owner": None, "reserved_for": to.instance}) for claim in given])
        for claim in given:
            claims.forget(claim)

    @property
    def active(self) -> bool:
        return self.ownership.active


class Room:
    """A store, a clock, and processes that share both."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = FaultyStore(self.clock)
        self.processes: list[Process] = []

    async def process(self, address: str = "") -> Process:
        process = Process(self.store, self.clock, address)
        self.processes.append(process)
        process.ownership.start()
        await settle()
        return process

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Move time in steps, letting everybody act in between."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await settle()

    async def session(self, user: str = "1", token: int = 5) -> None:
        await self.store.inner.commit([Put(session_key(user), {"state": "ready", "owner": None, "token": token})])

    async def owner(self, user: str = "1") -> tuple[object, object]:
        document = await self.store.inner.get(session_key(user))
        assert document is not None
        return document.data.get("owner"), document.data.get("token")

    async def instance(self, id_: str) -> object:
        document = await self.store.inner.get(Key(INSTANCES, id_))
        return None if document is None else document.data["state"]


def freeze(room: Room, process: Process) -> None:
    """No task of this process runs any more."""
    task = process.ownership._task
    assert task is not None
    process.ownership._task = None
    room.processes.remove(process)
    task.cancel()  # its last act is not to write anything: keep() only forgets
    process.ownership.claims = None
