"""Python's garbage collector, kept away from what lives as long as the process.

A full collection looks at every object there is. With a thousand sessions that takes most of a second, in which nobody
is answered, and with busy pairs it would come every few seconds. So what has survived for a while is frozen, and only
what is newer is looked at; once an hour everything is, because a client that was closed meanwhile is garbage too.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Final

from bybot.clock import Clock

_FREEZE_SECONDS: Final = 15.0
_EVERYTHING_SECONDS: Final = 3600.0
#: Objects that are made, less those that are gone, before the youngest are looked at. Python's own 700 is a handful of
#: messages of Telegram.
_YOUNGEST: Final = 10_000


class Collector:
    """Of this process. ``start`` it when the work begins, ``stop`` it in the end.

    Args:
        clock: when it is time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._before = gc.get_threshold()

    def start(self) -> None:
        """Begin."""
        self._before = gc.get_threshold()
        gc.set_threshold(_YOUNGEST, *self._before[1:])
        self._task = asyncio.create_task(self._run(), name="garbage collector")

    async def stop(self) -> None:
        """Leave everything to Python again."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        gc.set_threshold(*self._before)
        gc.unfreeze()

    async def _run(self) -> None:
        since = self._clock.elapsed()
        while True:
            await self._clock.sleep(_FREEZE_SECONDS)
            if self._clock.elapsed() - since >= _EVERYTHING_SECONDS:
                gc.unfreeze()
                since = self._clock.elapsed()
            freeze()


def freeze() -> None:
    """Collect what is garbage now, and look at the rest no more."""
    gc.collect()
    gc.freeze()
