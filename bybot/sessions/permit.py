"""What allows a client to speak: a permit under a term, both revoked once and for ever.

A *term* is the time for which this process may act, as it sees it itself: it counts from before the last acknowledged
renewal was sent, by the larger of the boot-time clock and the advance of the wall clock. A *permit* binds a client to
a term, a session and the token of its claim. The socket asks :meth:`Permit.check` before each send.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bybot.clock import Clock
from bybot.sessions.traffic import Traffic

#: The wall clock is drawn ahead by less than that while it is kept right; more is a leap.
_LEAP: Final = 0.05  # seconds


class PermitRevoked(ConnectionAbortedError):
    """The socket refuses to send. An OSError, because asyncio and Telethon take it for a broken connection."""

    def __init__(self) -> None:
        super().__init__("this process lost the right to speak for this session")


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment by both clocks: elapsed seconds and wall time."""

    elapsed: float
    wall: datetime

    @classmethod
    def of(cls, clock: Clock) -> Instant:
        return cls(clock.elapsed(), clock.now())


class Abortable(Protocol):
    """A connection that can be ended at once, without sending anything."""

    def abort(self) -> None: ...


class Term:
    """The time for which an instance may act.

    Args:
        instance: the random id of this start.
        seconds: how long it lasts after a renewal was sent; None: until :meth:`revoke` (a lock that dies with the
            process needs no renewal).
        sent: when the acknowledged write that began it was sent.
    """

    __slots__ = ("__weakref__", "_clock", "_jumped", "_revoked", "_seconds", "_seen", "_sent", "instance")

    def __init__(self, instance: str, *, clock: Clock, seconds: float | None, sent: Instant) -> None:
        self.instance = instance
        self._clock = clock
        self._seconds = seconds
        self._sent = self._seen = sent
        self._jumped = 0.0  # seconds by which the wall clock leapt ahead of the other one since then
        self._revoked = False

    def alive(self) -> bool:
        """May this instance act now? Once False, always False."""
        if self._revoked:
            return False
        if self._seconds is not None and self._age() >= self._seconds:
            self._revoked = True
            return False
        return True

    def left(self) -> float:
        """Seconds until it lapses; 0 when it has; infinite without an end."""
        if not self.alive():
            return 0.0
        return float("inf") if self._seconds is None else max(0.0, self._seconds - self._age())

    def extend(self, sent: Instant) -> bool:
        """Count from a newer acknowledged renewal. False when the term had lapsed before the answer came."""
        if not self.alive():
            return False
        if sent.elapsed > self._sent.elapsed:
            self._sent = self._seen = sent
            self._jumped = 0.0
        return self.alive()

    def revoke(self) -> None:
        """End it now and for ever."""
        self._revoked = True

    def _age(self) -> float:
        """Leaps ahead count each for itself: one back must not hide a later one, which tells of a stand-still."""
        now = Instant.of(self._clock)
        leap = (now.wall - self._seen.wall).total_seconds() - (now.elapsed - self._seen.elapsed)
        if leap > _LEAP:
            self._jumped += leap
        if abs(leap) > _LEAP:
            self._seen = now
        elapsed = now.elapsed - self._sent.elapsed
        wall = (now.wall - self._sent.wall).total_seconds()
        return max(elapsed + self._jumped, wall)


class Permit:
    """The right of one client to speak for one session. Never used again once revoked."""

    __slots__ = ("__weakref__", "_connections", "_revoked", "session", "term", "token", "traffic")

    def __init__(self, term: Term, session: str, token: int, traffic: Traffic | None = None) -> None:
        self.term = term
        self.session = session
        self.token = token
        self.traffic = traffic or Traffic()
        self._revoked = False
        self._connections: list[weakref.ref[Abortable]] = []

    def __repr__(self) -> str:
        state = "valid" if self.valid else "revoked"
        return f"Permit(instance={self.term.instance!r}, session={self.session!r}, token={self.token}, {state})"

    @property
    def valid(self) -> bool:
        """May the client speak now?"""
        return not self._revoked and self.term.alive()

    def check(self) -> None:
        """Pass, or refuse.

        Raises:
            PermitRevoked: this client may never speak again.
        """
        if self._revoked or not self.term.alive():
            self._revoked = True
            raise PermitRevoked

    def attach(self, connection: Abortable) -> None:
        """Remember a connection that works under this permit, so that :meth:`revoke` can end it."""
        self._connections = [ref for ref in self._connections if ref() is not None]
        self._connections.append(weakref.ref(connection))

    def revoke(self) -> None:
        """End it for ever: nothing is sent any more and its connections are aborted."""
        self._revoked = True
        connections, self._connections = self._connections, []
        for ref in connections:
            connection = ref()
            if connection is not None:
                connection.abort()
