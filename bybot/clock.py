"""Time, injected: nothing in bybot reads a clock by itself, so tests hold time in their hand.

All instants are UTC-aware. Durations come from :meth:`Clock.elapsed`, which runs on while a laptop sleeps.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """The wall clock, UTC-aware."""

    def elapsed(self) -> float:
        """Seconds since some fixed point, counting time spent suspended, never going back."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""


# CLOCK_BOOTTIME counts suspend on Linux; on macOS the monotonic clock of Python already does not stop at idle.
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; sleepers wake in order of their time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._elapsed + seconds, waiter)
        self._sleepers.append(entry)
        try:
            await waiter
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)

    def advance(self, seconds: float) -> None:
        """Move both clocks forward and wake who slept until then."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        for due, waiter in sorted(self._sleepers, key=lambda entry: entry[0]):
            if due <= self._elapsed and not waiter.done():
                waiter.set_result(None)

    def jump_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as a correction by NTP or a resumed virtual machine does."""
        self._now += timedelta(seconds=seconds)
