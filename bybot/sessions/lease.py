"""The right of one process to act for a data space: contended for, kept, handed over, released.

:class:`~bybot.sessions.documentlease.DocumentLease` is the one implementation.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bybot.errors import StoreError
from bybot.sessions.model import Holder
from bybot.sessions.permit import Term

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


class Giver(Enum):
    """How far the process that handed over to us has come."""

    ACTS = "acts"  # it serves the chat and logins still
    CHAT_GIVEN = "chat_given"  # it only has sessions left to give
    GONE = "gone"


class Lease(Protocol):
    """At most one process at a time has the term of a lease."""

    #: Who has it while we wait; None: unknown or nobody.
    holder: Holder | None
    #: The last trouble with the store while contending or renewing; None: it answers.
    trouble: StoreError | None
    #: Where this process's HTTP service answers, for whoever finds us as the holder. Set it before contending.
    address: str
    #: The instance from which the present term was accepted, and which may still have to give; None: nobody.
    giver: str | None
    #: The instances that led before the present term, the newest first: a write of theirs may still arrive.
    former: tuple[str, ...]
    #: Seconds between two looks while something is under way.
    quick: float

    def ask(self) -> None:
        """From now on ask an older process to hand over while we wait. Stays so."""

    async def contend(self) -> Term:
        """Wait until this process has the lease. Never gives up; cancel it to stop waiting."""

    async def keep(self, term: Term, renewed: asyncio.Event) -> None:
        """Renew until the term ends; sets ``renewed`` at each renewal's time.

        Returns when the term lapsed or was revoked. The term is over for ever then.
        """

    async def hand_over(self, term: Term) -> Holder:
        """Wait until another process leads because we offered it: it asked, and accepted. Our term goes on, so that
        we can give what we hold. An empty instance: it ended already, nobody leads."""

    async def give_chat(self, term: Term) -> None:
        """Say that we serve neither chat nor logins any more. Tries until it is acknowledged or the term ends."""

    async def retire(self, term: Term) -> None:
        """Everything is given: end the term, and say so. Never raises; what is not said lapses by itself."""

    async def giving(self) -> Giver:
        """How far is the one that handed over to us? Raises StoreError."""

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

    async def sweep(self) -> int:
        """Remove what instances that ended long ago left behind. Returns how many. Raises StoreError."""
