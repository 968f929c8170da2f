"""How it is judged whether another instance lives: by its renewals, or by a lock that dies with its process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, Protocol

from bybot.sessions.lease import LeaseTimes
from bybot.stores.base import Document

#: Seconds between two looks where looking costs nothing: at least and at most.
_SHORTEST: Final = 0.1
_LONGEST: Final = 0.5


class Life(Protocol):
    """See the module."""

    #: How long a term lasts after an acknowledged renewal was sent; None: until its process ends.
    seconds: float | None
    #: Seconds between two looks at the documents of others, and between two rounds of the holder.
    look_every: float

    async def begin(self, instance: str) -> None:
        """A new instance of this process begins. Raises StoreUnavailable, ConfigurationError."""

    async def end(self, instance: str) -> None:
        """An instance of this process is over for ever. May be called twice."""

    async def left(self, instance: str, document: Document | None) -> float:
        """Seconds for which another instance must be believed to live, from now on; 0 or less: it is silent.

        Args:
            document: its document as it was just read; None: there is none.
        """

    async def sweep(self, known: Collection[str]) -> None:
        """Remove what ended instances left behind, except those that are known."""


class TimedLife:
    """By renewals: the server time of the last one, against the server time of the read, with lease and margin."""

    def __init__(self, times: LeaseTimes) -> None:
        self.seconds: float | None = times.seconds
        self.look_every = times.renew_every
        self._times = times

    async def begin(self, instance: str) -> None:
        """Nothing: the document says it all."""

    async def end(self, instance: str) -> None:
        """Nothing."""

    async def left(self, instance: str, document: Document | None) -> float:
        renewed = None if document is None else document.data.get("renewed_at")
        if document is None or not isinstance(renewed, datetime):
            return 0.0
        lease = _number(document.data.get("lease_seconds"), self._times.seconds)
        margin = _number(document.data.get("margin_seconds"), self._times.margin)
        return lease + margin - (document.read_time - renewed).total_seconds()

    async def sweep(self, known: Collection[str]) -> None:
        """Nothing."""


class Locks(Protocol):
    """A lock for each instance that dies with its process. The calls take microseconds."""

    def hold(self, instance: str) -> None:
        """Take the lock of a new instance. Raises StoreUnavailable, ConfigurationError."""

    def drop(self, instance: str) -> None:
        """Give it back for ever."""

    def lives(self, instance: str) -> bool:
        """Does somebody hold this lock? Raises StoreUnavailable."""

    def sweep(self, known: Collection[str]) -> None:
        """Remove locks that nobody holds, except those that are known."""


class LockedLife:
    """By locks: an instance is gone the moment its process ends, and not before.

    Args:
        locks: not used by anybody else in this process.
    """

    def __init__(self, locks: Locks, times: LeaseTimes) -> None:
        self.seconds: float | None = None
        self.look_every = min(_LONGEST, max(_SHORTEST, times.renew_every / 10))
        self._locks = locks

    async def begin(self, instance: str) -> None:
        await asyncio.to_thread(self._locks.hold, instance)

    async def end(self, instance: str) -> None:
        await asyncio.to_thread(self._locks.drop, instance)

    async def left(self, instance: str, document: Document | None) -> float:
        return self.look_every if await asyncio.to_thread(self._locks.lives, instance) else 0.0

    async def sweep(self, known: Collection[str]) -> None:
        await asyncio.to_thread(self._locks.sweep, known)


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
