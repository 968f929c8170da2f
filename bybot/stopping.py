"""Stopping parts one after the other within a deadline: one that hangs costs the others nothing of their time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self

from bybot.errors import BybotError

log = logging.getLogger(__name__)

#: Seconds that what did not end by the deadline gets to end when it is cancelled.
_LEFT_SECONDS: Final = 1.0


class Stopping:
    """An async context manager; at its end everything has stopped or was cancelled. Raises nothing.

    Args:
        seconds: for all of it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._deadline = asyncio.get_running_loop().time() + self._seconds
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not await self._wait(self._tasks, self._seconds):
            log.error("Stopping took more than %g s; what was not written is repeated later.", self._seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=_LEFT_SECONDS)

    async def stop(self, what: str, step: Coroutine[Any, Any, None], *, seconds: float) -> None:
        """Stop a part; after so many seconds the next one is begun beside it."""
        self._tasks.append(asyncio.create_task(self._step(what, step), name=f"stop {what}"))
        if not await self._wait(self._tasks[-1:], seconds):
            log.warning("Stopping %s takes more than %g s; the others are stopped meanwhile.", what, seconds)

    async def all_stopped(self, *, spare: float) -> None:
        """Wait for everything so far, until so many seconds before the deadline."""
        await self._wait(self._tasks, self._seconds, spare)

    async def _wait(self, tasks: list[asyncio.Task[None]], seconds: float, spare: float = 0.0) -> bool:
        left = self._deadline - spare - asyncio.get_running_loop().time()
        _, pending = await asyncio.wait(tasks, timeout=max(0.0, min(seconds, left)))
        return not pending

    @staticmethod
    async def _step(what: str, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except (BybotError, OSError) as error:
            log.error("While stopping %s: %s", what, error)
        except Exception:
            log.exception("Stopping %s failed.", what)
