"""Working with an open journal, which is written behind meanwhile and closed in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.flag import Flag
from bybot.mirror.journal import Journal
from bybot.mirror.patience import Patience

log = logging.getLogger(__name__)


class Running:
    """Work in the task of whoever runs it: a pair costs one task, and can be ended from outside all the same."""

    __slots__ = ("_ended", "_given_up", "_task")

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._ended = Flag()
        self._given_up = False

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Work; returns also when the work was cancelled by :meth:`end`."""
        task = self._task = asyncio.current_task()
        try:
            await work
        except asyncio.CancelledError:
            if not self._given_up or task is None or task.uncancel() > 0:
                raise
        finally:
            self._task = None
            self._ended.set()

    async def end(self, patience: float) -> None:
        """Wait for the work so many seconds, then cancel it; returns when it has ended."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(patience):
                await self._ended.wait()
        except TimeoutError:
            if self._task is not None and not self._given_up:
                self._given_up = True
                self._task.cancel()
            await self._ended.wait()


async def keep(journal: Journal, patience: Patience, work: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    """Open the journal if it is not, work in this task, and close it, whatever happened, but when the work rests.

    Args:
        work: returns whether it rests: the journal then stays open.

    Returns:
        What the work returned.

    Raises:
        StaleWrite: another process took the pair over, or it was removed.
        Exception: what the work raised.
    """
    if not journal.held:
        await patience.until_stored(journal.open)
    task = asyncio.current_task()
    failures: list[Exception] = []
    rests = False

    def failed(error: Exception) -> None:
        failures.append(error)
        assert task is not None
        task.cancel()

    try:
        async with journal.written_behind(failed):
            rests = await work()
    except asyncio.CancelledError:
        rests = False
        # Cancelled by nobody but us: then what could not be written is the reason.
        if not failures or task is None or task.uncancel() > 0:
            raise
        raise failures[0] from None
    finally:
        if not rests:
            await close(journal)
    return rests


async def close(journal: Journal, *, at_rest: bool = False) -> None:
    """Close it; when the store is away, or another holder has the pair, the next start copes."""
    try:
        await journal.close(at_rest=at_rest)
    except StaleWrite:
        log.info("pair %s: another holder has it; nothing written at the end", journal.pair_id)
    except StoreUnavailable:
        log.warning("pair %s: the store was away at the end; what was sent last is repeated", journal.pair_id)
