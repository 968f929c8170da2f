"""How many posts one account sends in a day (UTC): a cap that outlives restarts.

What is about to be sent is noted ahead, many posts at a time, so a process that dies has noted too much rather
than too little.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bybot.clock import Clock
from bybot.errors import StoreUnavailable
from bybot.ids import user_key
from bybot.stores.base import Key, Put, Store

log = logging.getLogger(__name__)

#: Posts that are noted ahead: at most so many, and no more than a share of the day.
_AHEAD: Final = 2_000
_AHEAD_SHARE: Final = 20
#: Seconds between two looks at the clock while the day lasts: a wall clock may be set.
_LOOK_SECONDS: Final = 60.0


def allowance_key(user: int | str) -> Key:
    """Where an account's day is noted."""
    return Key("account_days", user_key(user))


class Allowance:
    """Of one account. ``close`` it in the end.

    Args:
        store: where the day is noted.
        user: whose account.
        clock: where time comes from.
        per_day: posts a day; 0: any number, and nothing is noted.
    """

    __slots__ = (
        "_ahead",
        "_clock",
        "_day",
        "_key",
        "_noted",
        "_per_day",
        "_store",
        "_turn",
        "_used",
        "until",
    )

    def __init__(self, store: Store, user: int | str, clock: Clock, per_day: int) -> None:
        self._store = store
        self._key = allowance_key(user)
        self._clock = clock
        self._per_day = per_day
        self._ahead = min(_AHEAD, per_day // _AHEAD_SHARE)
        self._day = ""
        self._used = self._noted = 0
        self._turn = asyncio.Lock()  # fair: first come, first served
        self.until: datetime | None = None

    async def take(self, posts: int, on_wait: Callable[[datetime], None] = lambda _: None) -> None:
        """Returns once so many posts may be sent today, be it tomorrow. More than a whole day's go on a fresh day.

        Args:
            on_wait: told, once, until when it waits.

        Raises:
            StoreUnavailable: nothing may be sent, since it could not be noted.
        """
        if not self._per_day:
            return
        async with self._turn:
            await self._look()
            while self._used and self._used + posts > self._per_day:
                await self._wait(on_wait)
                await self._look()
            if self._used + posts > self._noted:
                await self._note(self._used + posts + self._ahead)
            self._used += posts

    async def _look(self) -> None:
        """Know the day and what was sent on it."""
        today = self._clock.now().date().isoformat()
        if not self._day:
            document = await self._store.get(self._key)
            data = {} if document is None else document.data
            self._used = self._noted = int(data["posts"]) if data.get("day") == today else 0
            self._day = today
        elif self._day < today:
            self._day, self._used, self._noted = today, 0, 0

    async def _wait(self, on_wait: Callable[[datetime], None]) -> None:
        now = self._clock.now()
        until = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        if self.until is None:
            self.until = until
            on_wait(until)
        try:
            while (left := (until - self._clock.now()).total_seconds()) > 0:
                await self._clock.sleep(min(left, _LOOK_SECONDS))
        finally:
            self.until = None

    async def _note(self, posts: int) -> None:
        noted = min(posts, max(self._per_day, posts - self._ahead))
        await self._store.commit([Put(self._key, {"day": self._day, "posts": noted})])
        self._noted = noted

    async def close(self) -> None:
        """Note what was really sent. It may be used again."""
        if self._noted > self._used:
            try:
                await self._note(self._used)
            except StoreUnavailable:
                log.info("the posts of a day stay noted too high; the store was away")
        self._day = ""  # another process may count on; it is read again
