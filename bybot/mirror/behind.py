"""Writing behind: a timer while something is to be written, a task while it is written, and nothing otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

#: Seconds between two writes, however fast posts go, unless one is urgent.
_MIN_SECONDS: Final = 1.0


class Behind:
    """Of one journal. ``close`` it in the end.

    Args:
        write: writes all there is.
        failed: told the error of a write, after which nothing is written any more.
    """

    __slots__ = ("_closed", "_earliest", "_failed", "_next", "_task", "_timer", "_write")

    def __init__(self, write: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]) -> None:
        self._write = write
        self._failed = failed
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._next: float | None = None
        self._earliest = 0.0
        self._closed = False

    def within(self, seconds: float) -> None:
        """Write when so many seconds have gone by, or before."""
        if self._timer is None:
            self._at(asyncio.get_running_loop().time() + seconds)

    def before(self, seconds: float) -> None:
        """Write before so many seconds have gone by."""
        self._at(asyncio.get_running_loop().time() + seconds)

    def soon(self) -> None:
        """Write within a moment."""
        self._at(self._earliest)

    def now(self) -> None:
        """Write at once."""
        self._at(0.0)

    def written(self) -> None:
        """All there was is being written otherwise."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next = None

    def _at(self, when: float) -> None:
        if self._closed:
            return
        if self._task is not None:
            self._next = when if self._next is None else min(when, self._next)
        elif self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_at(when, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._write()
        except Exception as error:
            self._closed = True
            self._failed(error)
            return
        self._earliest = asyncio.get_running_loop().time() + _MIN_SECONDS
        self._task = None
        if self._next is not None:
            when, self._next = self._next, None
            self._at(when)

    async def close(self) -> None:
        """Write nothing more; a write that is under way is given up."""
        self._closed = True
        self.written()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
