"""Waiting that ends when the work is stopped, and trying again while the store is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StoreUnavailable
from bybot.mirror.flag import Flag

#: Pauses between attempts when Telegram or the store does not answer, in seconds.
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class Patience:
    """Of one piece of work.

    Attributes:
        stopping: set when the work shall end.
    """

    __slots__ = ("_clock", "stopping")

    def __init__(self, clock: Clock) -> None:
        self.stopping = Flag()
        self._clock = clock

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the work goes on."""
        waiting = asyncio.create_task(self.stopping.wait())
        sleeping = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            sleeping.cancel()

    async def before(self, attempt: int) -> None:
        """The pause before one more attempt; ``attempt`` failed so far, less one."""
        await self.pause(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    async def until_stored(self, action: Callable[[], Awaitable[Any]]) -> None:
        """Do it, and again while the store is away."""
        attempt = 0
        while True:
            try:
                await action()
                return
            except StoreUnavailable:
                await self._clock.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
