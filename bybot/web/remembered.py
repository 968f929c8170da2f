"""Facts that strangers may ask for as often as they like: what they cost does not grow with the asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bybot.clock import Clock


class Remembered:
    """Facts that are worked out once for all who ask within some time.

    Args:
        source: works them out; what it raises is not remembered.
        seconds: for how long they hold.
    """

    def __init__(self, source: Callable[[], Awaitable[Mapping[str, Any]]], clock: Clock, *, seconds: float) -> None:
        self._source = source
        self._clock = clock
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._facts: Mapping[str, Any] | None = None
        self._known_since = 0.0

    async def __call__(self) -> Mapping[str, Any]:
        """The facts, at most so old."""
        async with self._lock:
            if self._facts is None or self._clock.elapsed() - self._known_since >= self._seconds:
                self._facts = await self._source()
                self._known_since = self._clock.elapsed()
            return self._facts
