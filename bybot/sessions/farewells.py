"""Callbacks that are awaited before something ends, for a bounded time: whoever uses it lands first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bybot.clock import Clock

log = logging.getLogger(__name__)

Farewell = Callable[..., Awaitable[None]]


class Farewells:
    """See the module.

    Args:
        seconds: how long all callbacks of one occasion may take; what takes longer is cancelled.
    """

    def __init__(self, clock: Clock, *, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._callbacks: list[Farewell] = []

    def add(self, callback: Farewell) -> Callable[[], None]:
        """Await this one from now on. Returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    async def say(self, *args: object) -> None:
        """Await all callbacks side by side. One that fails or takes too long is logged and stops nobody."""
        if not self._callbacks:
            return
        tasks = [asyncio.create_task(self._call(callback, args)) for callback in list(self._callbacks)]
        timer = asyncio.create_task(self._clock.sleep(self._seconds))
        try:
            while waiting := {task for task in tasks if not task.done()}:
                if timer.done():
                    log.warning("Somebody did not land within %g s and was cut off.", self._seconds)
                    break
                await asyncio.wait({*waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, timer):
                task.cancel()
            await asyncio.gather(*tasks, timer, return_exceptions=True)

    @staticmethod
    async def _call(callback: Farewell, args: tuple[object, ...]) -> None:
        try:
            await callback(*args)
        except Exception:
            log.exception("Somebody who was to land failed.")
