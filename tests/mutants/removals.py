"""Each safeguard of the ownership protocol, taken away by replacing it in the running program.

A removal is a function without arguments that changes the product's classes for the whole process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bybot.errors import StoreUnavailable
from bybot.sessions.claims import Claim, Claims, Taken
from bybot.sessions.instances import Instances, Neighbour, key_of
from bybot.sessions.model import LEADER, SessionRecord
from bybot.sessions.ownership import Ownership
from bybot.sessions.permit import Instant, Permit
from bybot.stores.base import Condition, Document, Write


@dataclass(frozen=True)
class Mutant:
    """One safeguard and how it is removed."""

    safeguard: str
    removal: str
    apply: Callable[[], None]


def _no_check() -> None:
    def check(self: Permit) -> None:
        """Whatever is sent is sent."""

    Permit.check = check  # type: ignore[method-assign]


def _no_abort() -> None:
    def revoke(self: Permit) -> None:
        self._revoked = True

    Permit.revoke = revoke  # type: ignore[method-assign]


def _believe_what_is_read() -> None:
    write, commit = Instances.write, Claims._commit

    async def believing_write(self: Instances, facts: Mapping[str, Any], also: Write | None = None) -> Instant:
        try:
            return await write(self, facts, also)
        except StoreUnavailable:
            if self.id is None:
                raise
            sent = Instant.of(self._clock)
            ours, leader = await self._store.get(key_of(self.id)), await self._store.get(LEADER)
            lives = ours is not None and ours.data.get("state") == "alive"
            leads = also is None or (leader is not None and leader.data.get("instance") == self.id)
            if ours is None or not lives or not leads:
                raise
            self._version = ours.version
            return sent

    async def believing_commit(self: Claims, documents: Sequence[Document]) -> list[Taken]:
        try:
            return await commit(self, documents)
        except StoreUnavailable:
            found = [await self._store.get(document.key) for document in documents]
            records = [(SessionRecord.of(d), d) for d in found if d is not None]
            return [
                (self._keep(r.user, r.token, d.version, r.key_hmac), d)
                for r, d in records
                if r.owner == self.term.instance
            ]

    Instances.write = believing_write  # type: ignore[method-assign]
    Claims._commit = believing_commit  # type: ignore[method-assign]


def _no_dead_mark() -> None:
    async def alive(self: Instances, other: str) -> Neighbour | None:
        document = await self._store.get(key_of(other))
        if document is None or document.data.get("state") != "alive":
            return None
        left = 0.0 if other in self._finished else await self._life.left(other, document)
        return Neighbour(other, document.version, document.data, left) if left > 0 else None

    Instances.alive = alive  # type: ignore[method-assign]


def _no_fence() -> None:
    # The version of a claim is nothing but the condition of the writes under it.
    Claim.version = property(lambda claim: Condition.EXISTS, lambda claim, version: None)  # type: ignore[assignment]


def _no_sweep() -> None:
    async def adopt(self: Ownership, claims: Claims, renewed: asyncio.Event) -> None:
        await asyncio.get_running_loop().create_future()

    Ownership._adopt = adopt  # type: ignore[method-assign]


MUTANTS = {
    "permit": Mutant("the permit at the socket", "every send passes", _no_check),
    "unknown": Mutant(
        "a new claim after an unknown outcome", "what is read afterwards is believed", _believe_what_is_read
    ),
    "dead": Mutant("the dead mark", "a silent instance is passed over without writing it down", _no_dead_mark),
    "fence": Mutant("fenced writes", "a session is written whoever owns it", _no_fence),
    "abort": Mutant("the abort", "a revoked permit leaves its connections open", _no_abort),
    "sweep": Mutant("the orphan sweep", "nobody looks for sessions without a holder", _no_sweep),
}
