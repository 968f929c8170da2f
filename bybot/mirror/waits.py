"""The waits that Telegram asked an account for, remembered over restarts.

A wait may last for days, and whoever sends before its end makes it longer. So waits that are worth it are stored, as
times in UTC, and known to the next process before it sends anything.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from bybot.clock import Clock
from bybot.errors import StoreUnavailable
from bybot.ids import user_key
from bybot.mirror.pacing import Pacing
from bybot.stores.base import Key, Put, Store

log = logging.getLogger(__name__)

#: Seconds that a wait must last to be stored: a restart takes as long as shorter ones.
WORTH_STORING: Final = 10.0
#: Kinds of requests and chats that are remembered: those with the longest waits.
MOST: Final = 50
#: Seconds between two attempts while the store is away, and seconds that closing waits.
_PAUSE: Final = 5.0
_CLOSE_SECONDS: Final = 3.0


def waits_key(user: int | str) -> Key:
    """Where an account's waits are."""
    return Key("account_waits", user_key(user))


class Waits:
    """Of one account. ``close`` it in the end; it may be used again after :meth:`restore`.

    Args:
        store: where they last.
        user: whose account.
        clock: where time comes from.
        pacing: knows the waits of this process.
    """

    __slots__ = (
        "_again",
        "_clock",
        "_key",
        "_pacing",
        "_store",
        "_writing",
    )

    def __init__(self, store: Store, user: int | str, clock: Clock, pacing: Pacing) -> None:
        self._store = store
        self._key = waits_key(user)
        self._clock = clock
        self._pacing = pacing
        self._writing: asyncio.Task[None] | None = None
        self._again = False
        pacing.on_hold = self._held

    async def restore(self) -> None:
        """Let the pacing know the waits of earlier processes. Raises StoreUnavailable."""
        document = await self._store.get(self._key)
        now = self._clock.now()
        for key, wait in ({} if document is None else document.data["waits"]).items():
            # A clock that was set back must not make a wait longer than Telegram said.
            left = min((wait["until"] - now).total_seconds(), float(wait["seconds"]))
            if left > 0:
                self._pacing.restore(key, left)

    def _held(self, seconds: float) -> None:
        if seconds < WORTH_STORING:
            return
        self._again = True
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._again:
                self._again = False
                try:
                    await self._store.commit([Put(self._key, {"waits": self._value()})])
                except StoreUnavailable:
                    self._again = True
                    await self._clock.sleep(_PAUSE)
        finally:
            self._writing = None

    def _value(self) -> dict[str, dict[str, datetime | float]]:
        now = self._clock.now()
        longest = sorted(self._pacing.waits().items(), key=lambda item: -item[1])[:MOST]
        return {key: {"until": now + timedelta(seconds=left), "seconds": left} for key, left in longest}

    async def close(self) -> None:
        """Returns when the waits are stored, or after a moment when the store is away."""
        if self._writing is not None:
            task = self._writing
            await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
            if not task.done():
                log.info("the waits of an account could not be stored; the store was away")
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
