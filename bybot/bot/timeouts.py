"""Dialogues end by themselves when nobody answers, without a new message having to come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from bybot.clock import Clock

_log = logging.getLogger(__name__)


class Timeouts:
    """Calls back for each person whose deadline passed.

    Args:
        clock: the source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deadlines: dict[int, datetime] = {}
        self._changed = asyncio.Event()
        self.expire: Callable[[int], Awaitable[None]] | None = None

    def set(self, user_id: int, deadline: datetime) -> None:
        self._deadlines[user_id] = deadline
        self._changed.set()

    def clear(self, user_id: int) -> None:
        self._deadlines.pop(user_id, None)

    async def run(self) -> None:
        """Watch the deadlines until cancelled."""
        while True:
            self._changed.clear()
            now = self._clock.now()
            for user_id in [u for u, deadline in self._deadlines.items() if deadline <= now]:
                del self._deadlines[user_id]
                await self._expired(user_id)
            await self._sleep()

    async def _expired(self, user_id: int) -> None:
        if self.expire is None:
            return
        try:
            await self.expire(user_id)
        except Exception:  # one person's failure must not end everybody's timeouts; it is logged and not retried
            _log.exception("the dialogue of user %s could not be ended", user_id)

    async def _sleep(self) -> None:
        """Until the next deadline, or until one is set."""
        changed = asyncio.create_task(self._changed.wait())
        tasks: set[asyncio.Task[object]] = {changed}
        if self._deadlines:
            left = (min(self._deadlines.values()) - self._clock.now()).total_seconds()
            tasks.add(asyncio.create_task(self._clock.sleep(max(0.0, left))))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
