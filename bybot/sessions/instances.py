"""The documents of instances: our own, which we keep, and those of others, who live or are marked dead.

``instances/{id}`` is created exclusively with a random id per start. ``renewed_at`` is a server time that only its
holder's renewals set; ``born`` the server time at which its process first had an instance. Who finds another one silent
marks it dead by a conditional write, which also defeats a renewal still under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StaleWrite
from bybot.sessions.lease import LeaseTimes, new_instance_id
from bybot.sessions.life import Life
from bybot.sessions.model import INSTANCES
from bybot.sessions.permit import Instant
from bybot.stores.base import SERVER_TIME, Condition, Delete, Key, Patch, Put, Store, Write

log = logging.getLogger(__name__)

_ALIVE: Final = "alive"
_DEAD: Final = "dead"


@dataclass(frozen=True)
class Neighbour:
    """Another instance that must be believed to live, for that many seconds from when it was read.

    Attributes:
        facts: its document's fields; empty when the document is lost although the instance lives.
    """

    instance: str
    version: str | None
    facts: Mapping[str, Any]
    left: float


class Instances:
    """See the module.

    Args:
        label: names this process for people.

    Attributes:
        id: our present instance; None: it has to be made.
        born: when this process first had one.
        wanted: set whenever our document is seen to name somebody who wants to take over.
        wanted_by: whom it named.
    """

    def __init__(self, store: Store, clock: Clock, times: LeaseTimes, life: Life, *, label: str) -> None:
        self.id: str | None = None
        self.born: datetime | None = None
        self.wanted = asyncio.Event()
        self.wanted_by: str | None = None
        self.ignored: set[str] = set()  # asked, and did not take what was offered
        self._store = store
        self._clock = clock
        self._times = times
        self._life = life
        self._label = label
        self._version: str | None = None  # of our document; None: unknown, read it
        self._renewals = 0
        self._renewed = 0.0
        self._writing = asyncio.Lock()
        self._finished: set[str] = set()  # our own former instances: they never speak again

    # Our own ------------------------------------------------------------------------------------------------------

    async def ensure(self, address: str) -> str:
        """Our instance, made anew when it is not known to be alive. Raises StaleWrite, StoreUnavailable."""
        if self.id is not None and self._version is None and not await self._reread(self.id):
            await self.retire()
        if self.id is None:
            instance = new_instance_id()
            await self._life.begin(instance)
            self._finished.add(instance)  # until its creation is acknowledged
            facts = {
                "state": _ALIVE,
                "label": self._label,
                "address": address,
                "born": self.born or SERVER_TIME,
                "started_at": SERVER_TIME,
                "renewed_at": SERVER_TIME,
                "renewals": 0,
                "lease_seconds": self._times.seconds,
                "margin_seconds": self._times.margin,
            }
            try:
                committed = await self._store.commit([Put(key_of(instance), facts, if_=Condition.ABSENT)])
            except BaseException:
                await self._life.end(instance)
                raise
            self._finished.discard(instance)
            self.id, self._renewals, self._renewed = instance, 0, self._clock.elapsed()
            self.born = self.born or committed.time
            self._version = committed.versions[key_of(instance)]
            self._forget_wish()
        return self.id

    async def _reread(self, instance: str) -> bool:
        """Read our document. False when it is gone, or somebody declared us dead."""
        document = await self._store.get(key_of(instance))
        if document is None or document.data.get("state") != _ALIVE:
            return False
        self._version = document.version
        wanted_by = document.data.get("wanted_by")
        if isinstance(wanted_by, str) and wanted_by != self.wanted_by and wanted_by not in self.ignored:
            self.wanted_by = wanted_by
            self.wanted.set()
        return True

    def _forget_wish(self) -> None:
        self.wanted_by = None
        self.wanted.clear()

    async def write(self, facts: Mapping[str, Any], also: Write | None = None) -> Instant:
        """A conditional write to our document that counts as a renewal.

        Returns:
            when the acknowledged write was sent.

        Raises:
            StaleWrite: somebody wrote it, or our version is not known; :meth:`check` comes first.
            StoreUnavailable: not acknowledged.
        """
        async with self._writing:
            if self.id is None or self._version is None:
                raise StaleWrite("the instance's document was not read")
            key = key_of(self.id)
            self._renewals += 1
            renewal = {"renewed_at": SERVER_TIME, "renewals": self._renewals, **facts}
            version, self._version = self._version, None
            sent = Instant.of(self._clock)
            writes: list[Write] = [Patch(key, renewal, if_=version)]
            committed = await self._store.commit(writes if also is None else [*writes, also])
            self._version = committed.versions[key]
            self._renewed = sent.elapsed
            return sent

    async def check(self, instance: str) -> bool:
        """Make our version known. False when this instance is over."""
        if self.id != instance:
            return False
        return self._version is not None or await self._reread(instance)

    async def look_at_own(self, instance: str) -> bool:
        """Read our document, and look at our lock. False when this instance is over."""
        if self.id != instance or await self._life.left(instance, None) <= 0:
            return False
        return await self._reread(instance)

    @property
    def since_renewed(self) -> float:
        """Seconds since our last acknowledged renewal was sent."""
        return self._clock.elapsed() - self._renewed

    async def retire(self) -> None:
        """Never act under this instance again."""
        instance, self.id, self._version = self.id, None, None
        self._forget_wish()
        if instance is not None:
            self._finished.add(instance)
            await self._life.end(instance)

    # Others -------------------------------------------------------------------------------------------------------

    async def alive(self, other: str) -> Neighbour | None:
        """Another instance if it must be believed to live; one that is silent is marked dead first.

        Raises:
            StaleWrite: it wrote just now.
            StoreUnavailable: nobody can tell.
        """
        document = await self._store.get(key_of(other))
        if document is not None and document.data.get("state") != _ALIVE:
            return None
        left = 0.0 if other in self._finished else await self._life.left(other, document)
        if left > 0:
            known: Mapping[str, Any] = {} if document is None else document.data
            return Neighbour(other, None if document is None else document.version, known, left)
        if document is None:
            return None
        facts = {"state": _DEAD, "marked_by": self.id, "marked_at": SERVER_TIME}
        await self._store.commit([Patch(document.key, facts, if_=document.version)])
        log.info("Instance %s is gone.", other)
        return None

    async def gone(self, other: str) -> bool:
        """May what names this instance as its owner be claimed? Raises StoreUnavailable."""
        if other == self.id or other in self._finished:
            return True
        for _ in range(2):
            with suppress(StaleWrite):  # it wrote just now, or somebody else marked it
                return await self.alive(other) is None
        return False

    async def seen(self, other: str) -> bool:
        """Does it live, as far as that can be told without writing?"""
        document = await self._store.get(key_of(other))
        if document is None or document.data.get("state") != _ALIVE:
            return False
        return await self._life.left(other, document) > 0

    async def sweep(self) -> int:
        """Remove what instances that ended long ago left behind. Returns how many."""
        removed, known = 0, {self.id or ""}
        for document in await self._store.query(INSTANCES):
            if document.key.id == self.id:
                continue
            ended = document.data.get("state") != _ALIVE
            long_ago = 0.0 if self._life.seconds is None else -10 * self._times.seconds
            if ended or await self._life.left(document.key.id, document) <= long_ago:
                with suppress(StaleWrite):
                    await self._store.commit([Delete(document.key, if_=document.version)])
                    removed += 1
            else:
                known.add(document.key.id)
        await self._life.sweep(known)
        return removed


def key_of(instance: str) -> Key:
    """The document of an instance."""
    return Key(INSTANCES, instance)
