"""A lease in documents: conditional writes, judged by server times only.

``instances/{id}`` is created exclusively with a random id per start; ``renewed_at`` is a server time that only its
holder's renewals set. ``system/leader`` names the instance whose process acts. A contender compares ``renewed_at``
with the time of its own read, waits lease and margin, and first marks the silent instance dead by a conditional
write, which also defeats a renewal still under way. Only then it takes the leader's document.

Whatever write ends without an answer counts as unknown: the next try reads anew and writes again on what it read, with
a higher token; a late arrival of the first one then fails its own condition.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreError, StoreUnavailable
from bybot.sessions.lease import LeaseTimes, Watchdog, new_instance_id
from bybot.sessions.model import INSTANCES, LEADER, Holder
from bybot.sessions.permit import Instant, Term
from bybot.stores.base import SERVER_TIME, Condition, Delete, Document, Key, Patch, Put, Store, Write

log = logging.getLogger(__name__)

_ALIVE: Final = "alive"
_DEAD: Final = "dead"
_RELEASED: Final = "released"


class DocumentLease:
    """See the module.

    Args:
        times: lease, renewal and margin in seconds.
        label: names this process for people (a host name).
    """

    def __init__(
        self, store: Store, clock: Clock, times: LeaseTimes, *, label: str = "", watchdog: Watchdog | None = None
    ) -> None:
        self.holder: Holder | None = None
        self.trouble: StoreError | None = None
        self.address = ""
        self._store = store
        self._clock = clock
        self._times = times
        self._label = label
        self._watchdog = watchdog or Watchdog(enabled=False)
        self._instance: str | None = None
        self._version: str | None = None  # of our instance's document; None: unknown, read it
        self._renewals = 0
        self._finished: set[str] = set()  # our own former instances: they never speak again

    # Contending ---------------------------------------------------------------------------------------------------

    async def contend(self) -> Term:
        while True:
            wait = self._times.renew_every / 4
            try:
                outcome = await self._try()
                self.trouble = None
                if isinstance(outcome, Term):
                    return outcome
                wait = outcome
            except StaleWrite:
                self._version = None
            except StoreUnavailable as error:
                self._version = None
                self.trouble = error
            await self._clock.sleep(wait)

    async def _try(self) -> Term | float:
        """One attempt: the term, or the seconds to wait before the next."""
        instance = await self._ensure_instance()
        leader = await self._store.get(LEADER)
        named = leader.data.get("instance") if leader is not None else None
        if leader is not None and isinstance(named, str) and named != instance:
            wait = await self._wait_for(named)
            if wait is not None:
                self.holder = _holder(named, leader)
                return wait
        return await self._take(instance, leader, named)

    async def _take(self, instance: str, leader: Document | None, former: Any) -> Term:
        token = leader.data.get("token", 0) if leader is not None else 0
        facts = {"instance": instance, "label": self._label, "token": token + 1, "since": SERVER_TIME}
        facts["address"] = self.address
        sent = Instant.of(self._clock)
        writes: list[Write] = [
            self._renewal(instance),
            Put(LEADER, facts, if_=Condition.ABSENT if leader is None else leader.version),
        ]
        committed = await self._store.commit(writes)
        self._version = committed.versions[Key(INSTANCES, instance)]
        term = Term(instance, clock=self._clock, seconds=self._times.seconds, sent=sent)
        if not term.alive():  # the answer came too late: ask again
            raise StaleWrite("the claim was acknowledged after its time")
        self.holder = None
        self._arm(term)
        if isinstance(former, str) and former != instance:
            log.info("This process took over from instance %s.", former)
        return term

    async def _ensure_instance(self) -> str:
        if self._instance is not None and self._version is None:
            document = await self._store.get(Key(INSTANCES, self._instance))
            if document is not None and document.data.get("state") == _ALIVE:
                self._version = document.version
            else:
                self._retire()
        if self._instance is None:
            instance = new_instance_id()
            facts = {
                "state": _ALIVE,
                "label": self._label,
                "address": self.address,
                "started_at": SERVER_TIME,
                "renewed_at": SERVER_TIME,
                "renewals": 0,
                "lease_seconds": self._times.seconds,
                "margin_seconds": self._times.margin,
            }
            committed = await self._store.commit([Put(Key(INSTANCES, instance), facts, if_=Condition.ABSENT)])
            self._instance, self._renewals = instance, 0
            self._version = committed.versions[Key(INSTANCES, instance)]
        return self._instance

    async def _wait_for(self, other: str) -> float | None:
        """None when the other instance is out of the way; else the seconds until it may be."""
        document = await self._store.get(Key(INSTANCES, other))
        if document is None or document.data.get("state") in (_DEAD, _RELEASED):
            return None
        left = 0.0 if other in self._finished else self._left(document)
        if left > 0:
            return min(left, self._times.renew_every)
        facts = {"state": _DEAD, "marked_by": self._instance, "marked_at": SERVER_TIME}
        await self._store.commit([Patch(document.key, facts, if_=document.version)])
        return None

    def _left(self, document: Document) -> float:
        """Seconds until an instance counts as silent for too long, by the store's own times."""
        renewed = document.data.get("renewed_at")
        if not isinstance(renewed, datetime):
            return 0.0
        lease = _number(document.data.get("lease_seconds"), self._times.seconds)
        margin = _number(document.data.get("margin_seconds"), self._times.margin)
        return lease + margin - (document.read_time - renewed).total_seconds()

    async def is_free(self, instance: str) -> bool:
        if instance == self._instance or instance in self._finished:
            return True
        return await self._wait_for(instance) is None

    async def look(self) -> Holder | None:
        self.holder = await self._look()
        return self.holder

    async def _look(self) -> Holder | None:
        leader = await self._store.get(LEADER)
        named = leader.data.get("instance") if leader is not None else None
        if leader is None or not isinstance(named, str):
            return None
        document = await self._store.get(Key(INSTANCES, named))
        gone = document is None or document.data.get("state") != _ALIVE or self._left(document) <= 0
        return None if gone else _holder(named, leader)

    # Keeping ------------------------------------------------------------------------------------------------------

    async def keep(self, term: Term, renewed: asyncio.Event) -> None:
        renewing = asyncio.create_task(self._renew(term, renewed), name="lease renewal")
        lapsing = asyncio.create_task(self._lapse(term), name="lease lapse")
        try:
            await asyncio.wait({renewing, lapsing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            term.revoke()
            self._watchdog.disarm()
            for task in (renewing, lapsing):
                task.cancel()
            await asyncio.gather(renewing, lapsing, return_exceptions=True)
            self._retire()

    async def _lapse(self, term: Term) -> None:
        while term.alive():
            # In pieces: a jump of the wall clock shortens what is left.
            await self._clock.sleep(min(term.left(), self._times.renew_every))

    async def _renew(self, term: Term, renewed: asyncio.Event) -> None:
        renewed.set()
        await self._clock.sleep(self._times.renew_every)
        while term.alive():
            wait = self._times.renew_every
            try:
                if not await self._renew_once(term):
                    return
                self.trouble = None
                renewed.set()
            except StaleWrite:
                self._version, wait = None, 0.0
            except StoreUnavailable as error:
                self._version, wait = None, self._times.renew_every / 4
                self.trouble = error
                log.warning("The lease could not be renewed; %.1f s are left.", term.left())
            await self._clock.sleep(wait)

    async def _renew_once(self, term: Term) -> bool:
        """False when the term is over."""
        if self._version is None:
            document = await self._store.get(Key(INSTANCES, term.instance))
            if document is None or document.data.get("state") != _ALIVE:
                log.error("Another process declared this one dead.")
                return False
            self._version = document.version
        sent = Instant.of(self._clock)
        committed = await self._store.commit([self._renewal(term.instance)])
        self._version = committed.versions[Key(INSTANCES, term.instance)]
        if not term.extend(sent):
            return False
        self._arm(term)
        return True

    def _renewal(self, instance: str) -> Patch:
        if self._version is None:
            raise StaleWrite("the instance's document was not read")
        self._renewals += 1
        facts = {"renewed_at": SERVER_TIME, "renewals": self._renewals}
        return Patch(Key(INSTANCES, instance), facts, if_=self._version)

    def _arm(self, term: Term) -> None:
        # A healthy loop ends the term itself; the rest of the margin stays for the contender.
        self._watchdog.arm(term.left() + self._times.margin / 2)

    def _retire(self) -> None:
        """Never act under this instance again."""
        if self._instance is not None:
            self._finished.add(self._instance)
        self._instance = self._version = None

    # Releasing ----------------------------------------------------------------------------------------------------

    async def release(self, term: Term) -> None:
        term.revoke()
        self._watchdog.disarm()
        instance = term.instance
        leader = await self._store.get(LEADER)
        writes: list[Write] = [Delete(Key(INSTANCES, instance))]
        if leader is not None and leader.data.get("instance") == instance:
            # The document stays with its token, or the token would start again.
            nobody = {"instance": None, "label": None, "address": None}
            writes.append(Patch(LEADER, nobody, if_=leader.version))
        self._retire()
        with suppress(StaleWrite):  # somebody else took it already
            await self._store.commit(writes)

    async def withdraw(self) -> None:
        """Stop contending: remove our instance's document."""
        if self._instance is not None:
            key = Key(INSTANCES, self._instance)
            self._retire()
            await self._store.commit([Delete(key)])

    async def sweep(self) -> int:
        """Remove documents of instances that ended long ago. Returns how many."""
        removed = 0
        for document in await self._store.query(INSTANCES):
            if document.key.id == self._instance:
                continue
            ended = document.data.get("state") in (_DEAD, _RELEASED)
            if ended or self._left(document) < -10 * self._times.seconds:
                with suppress(StaleWrite):
                    await self._store.commit([Delete(document.key, if_=document.version)])
                    removed += 1
        return removed


def _holder(named: str, leader: Document) -> Holder:
    since = leader.data.get("since")
    label, address = leader.data.get("label"), leader.data.get("address")
    return Holder(named, str(label or named), since if isinstance(since, datetime) else None, str(address or ""))


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
