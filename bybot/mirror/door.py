"""Pairs start a few at a time, whoever they belong to.

A start takes several times the memory that the pair then needs, and what thousand of them leave between what stays is
not given back to the system. A few dozen at a time are as fast: one of them works while the others wait for answers.
"""

from __future__ import annotations

import asyncio
from typing import Final

_PLACES: Final = 48
#: Seconds after which one that is still starting holds up nobody any more: it waits for something, or has much to do.
_SECONDS: Final = 1.0


class Door:
    """Of a process: :meth:`enter` before a start, :meth:`leave` when it is over."""

    def __init__(self, places: int = _PLACES) -> None:
        self._places = asyncio.Semaphore(places)
        self._inside: dict[str, asyncio.TimerHandle] = {}

    async def enter(self, pair_id: str) -> None:
        """Returns when this pair may start."""
        await self._places.acquire()
        self.leave(pair_id)
        self._inside[pair_id] = asyncio.get_running_loop().call_later(_SECONDS, self.leave, pair_id)

    def leave(self, pair_id: str) -> None:
        """The pair has started, or does not any more; nothing when it has left before."""
        timer = self._inside.pop(pair_id, None)
        if timer is not None:
            timer.cancel()
            self._places.release()
