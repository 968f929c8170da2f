"""The right of one process to act for a data space.

A :class:`Lease` is contended for, kept, and released. :class:`LockLease` stands on a file lock that dies with the
process; :class:`~bybot.sessions.documentlease.DocumentLease` on conditional writes judged by server times.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bybot.clock import Clock
from bybot.errors import StoreError, StoreUnavailable
from bybot.sessions.model import Holder
from bybot.sessions.permit import Instant, Term

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeaseTimes:
    """Seconds: how long a lease lasts, how often it is renewed, and what a contender waits on top."""

    seconds: float = 30.0
    renew_every: float = 10.0
    margin: float = 10.0

    @classmethod
    def of(cls, seconds: float) -> LeaseTimes:
        """Renewal and margin are a third each."""
        return cls(seconds, seconds / 3, seconds / 3)


def new_instance_id() -> str:
    """Random per start. A host's own name is only a label: two starts may share it."""
    return secrets.token_hex(16)


class Watchdog:
    """Ends this process when its loop or interpreter hangs past its lease.

    ``faulthandler`` needs no interpreter lock, so this works when nothing else does. It is process-wide: only a
    program's own entry point switches it on.
    """

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled

    def arm(self, seconds: float) -> None:
        """End the process in that many seconds unless armed anew or disarmed."""
        if self.enabled:
            faulthandler.dump_traceback_later(max(0.05, seconds), exit=True)

    def disarm(self) -> None:
        if self.enabled:
            faulthandler.cancel_dump_traceback_later()


class Lease(Protocol):
    """At most one process at a time has the term of a lease."""

    #: Who has it while we wait; None: unknown or nobody.
    holder: Holder | None
    #: The last trouble with the store while contending or renewing; None: it answers.
    trouble: StoreError | None
    #: Where this process's HTTP service answers, for whoever finds us as the holder. Set it before contending.
    address: str

    async def contend(self) -> Term:
        """Wait until this process has the lease. Never gives up; cancel it to stop waiting."""

    async def keep(self, term: Term, renewed: asyncio.Event) -> None:
        """Renew until the term ends; sets ``renewed`` after each acknowledged renewal.

        Returns when the term lapsed or was revoked. The term is over for ever then.
        """

    async def release(self, term: Term) -> None:
        """Let the next one have it at once.

        Raises:
            StoreUnavailable: not acknowledged; the lease lapses by itself.
        """

    async def withdraw(self) -> None:
        """Stop contending and leave nothing behind. Raises StoreUnavailable."""

    async def is_free(self, instance: str) -> bool:
        """May the sessions that name this instance as their owner be claimed?"""

    async def look(self) -> Holder | None:
        """Who has it now, without contending or writing; None: nobody who is alive. Remembered as ``holder``.

        Raises:
            StoreUnavailable: nobody can tell.
        """


class _Lock(Protocol):
    def try_acquire(self, holder: Mapping[str, Any]) -> dict[str, Any] | None: ...

    def look(self) -> dict[str, Any] | None: ...

    def release(self) -> None: ...


class LockLease:
    """A lease that is a file lock: no renewal, no lapse; another process has it the moment this one dies.

    Args:
        lock: not held yet.
        label: names this process for people.
        poll: seconds between two tries.
        renew_every: seconds between two housekeeping rounds of the holder.
    """

    def __init__(self, lock: _Lock, clock: Clock, *, label: str, poll: float = 0.5, renew_every: float = 10.0) -> None:
        self.holder: Holder | None = None
        self.trouble: StoreError | None = None
        self.address = ""
        self._lock = lock
        self._clock = clock
        self._label = label
        self._poll = poll
        self._renew_every = renew_every

    async def contend(self) -> Term:
        instance = new_instance_id()
        while True:
            sent = Instant.of(self._clock)
            mine = {"instance": instance, "label": self._label, "since": sent.wall.isoformat(), "address": self.address}
            try:
                holder = await asyncio.to_thread(self._lock.try_acquire, mine)
                self.trouble = None
            except StoreUnavailable as error:
                self.trouble = error
                holder = {}
            else:
                if holder is None:
                    self.holder = None
                    return Term(instance, clock=self._clock, seconds=None, sent=sent)
            self.holder = _holder(holder)
            await self._clock.sleep(self._poll)

    async def keep(self, term: Term, renewed: asyncio.Event) -> None:
        while term.alive():
            renewed.set()
            await self._clock.sleep(self._renew_every)

    async def release(self, term: Term) -> None:
        term.revoke()
        await asyncio.to_thread(self._lock.release)

    async def withdraw(self) -> None:
        await asyncio.to_thread(self._lock.release)

    async def is_free(self, instance: str) -> bool:
        # Whoever wrote that instance had the lock; now it is ours.
        return True

    async def look(self) -> Holder | None:
        facts = await asyncio.to_thread(self._lock.look)
        self.holder = None if facts is None else _holder(facts or {"label": ""})
        return self.holder


def _holder(facts: Mapping[str, Any]) -> Holder | None:
    if not facts:
        return None
    try:
        since = datetime.fromisoformat(str(facts.get("since")))
    except ValueError:
        since = None
    label = str(facts.get("label") or "another process")
    return Holder(str(facts.get("instance", "")), label, since, str(facts.get("address") or ""))
