"""The clocks of a machine in the model, which may jump and stand still. The store's own clock never does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.model.loop import ProcessLoop, World

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
#: Time moves on while anything is done; without that, rounding could leave something to wait for, again and again.
_TICK: Final = 1e-6


class ServerClock:
    """The store's clock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._world.now)

    def elapsed(self) -> float:
        return self._world.now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the store waits for nothing")


class MachineClock:
    """The clocks that one process sees.

    Attributes:
        wall: seconds by which its wall clock is ahead.
        stood: seconds for which its boot-time clock stood still (a virtual machine that was paused).
    """

    def __init__(self, world: World, loop: ProcessLoop, *, wall: float) -> None:
        self.wall = wall
        self.stood = 0.0
        self._world = world
        self._loop = loop

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._world.now + self.wall)

    def elapsed(self) -> float:
        return self._world.now - self.stood

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, _TICK) if seconds > 0 else 0)
