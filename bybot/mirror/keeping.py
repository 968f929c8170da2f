"""Working with an open journal, which is written behind meanwhile and closed in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.journal import Journal
from bybot.mirror.patience import Patience

log = logging.getLogger(__name__)


async def keep(journal: Journal, patience: Patience, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Open the journal, work, and close it, whatever happened.

    Raises:
        StaleWrite: another process took the pair over, or it was removed.
        Exception: what the work raised.
    """
    await patience.until_stored(journal.open)
    writer = asyncio.create_task(journal.write_behind())
    working = asyncio.create_task(work())
    try:
        await asyncio.wait({writer, working}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            writer.result()
        working.result()
    finally:
        working.cancel()
        writer.cancel()
        await asyncio.gather(working, writer, return_exceptions=True)
        await _close(journal)


async def _close(journal: Journal) -> None:
    try:
        await journal.close()
    except StaleWrite:
        log.info("pair %s: another holder has it; nothing written at the end", journal.pair_id)
    except StoreUnavailable:
        log.warning("pair %s: the store was away at the end; what was sent last is repeated", journal.pair_id)
