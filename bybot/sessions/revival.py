"""Opening again what ended by itself: with growing pauses, one undertaking for each session, and not for ever.

An outage is waited for as long as it lasts. A wait that Telegram asks for is kept, a bounded number of times in a row.
A refusal that no repetition changes is not repeated; the health check looks at such a session again, once in a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import BybotError, StoreUnavailable, TelegramUnreachable
from bybot.sessions.backoff import Backoff

log = logging.getLogger(__name__)

LONGEST_PAUSE: Final = 60.0
#: A client that ended sooner did not last: what ended it may end the next one, too.
_SHORT_LIFE: Final = 60.0
#: Waits that Telegram asked for, in a row.
MOST_WAITS: Final = 8


class Revival:
    """See the module.

    Args:
        get: opens a session, see :meth:`Pool.get`.
        spawn: starts a task whose owner ends it.
    """

    def __init__(
        self,
        get: Callable[[str], Awaitable[object]],
        spawn: Callable[[Any, str], asyncio.Task[Any]],
        clock: Clock,
    ) -> None:
        self._get = get
        self._spawn = spawn
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._falls: dict[str, int] = {}

    def __contains__(self, user: str) -> bool:
        """Is this session being opened again?"""
        return user in self._tasks

    def begin(self, user: str, *, pause: float = 0.0, asked: float = 0.0) -> None:
        """Open a session in the background until it works or there is nothing to open. Asked for twice, done once.

        Args:
            pause: seconds until the first try.
            asked: seconds that Telegram asked to wait.
        """
        if user not in self._tasks:
            task = self._tasks[user] = self._spawn(self._run(user, pause, asked), f"revive {user}")
            task.add_done_callback(partial(self._done, user))

    def _done(self, user: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(user) is task:
            del self._tasks[user]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Session %s could not be opened again.", user, exc_info=error)

    def fell(self, user: str, lived: float) -> None:
        """A client ended by itself after so many seconds: open the next one, ever later while none of them lasts."""
        falls = self._falls.pop(user, 0) + 1 if lived < _SHORT_LIFE else 0
        if falls:
            self._falls[user] = falls
        self.begin(user, pause=0.0 if falls < 2 else min(LONGEST_PAUSE, 2.0 ** (falls - 2)))

    async def _run(self, user: str, pause: float, asked: float) -> None:
        backoff, waits = Backoff(1.0, LONGEST_PAUSE, start=pause), 0
        while True:
            await self._clock.sleep(backoff.next(asked))
            try:
                await self._get(user)
            except TelegramUnreachable as error:
                asked = error.retry_after
                waits = waits + 1 if asked else 0
                if waits >= MOST_WAITS:
                    log.error("Session %s: Telegram asked to wait %d times in a row; no more tries.", user, waits)
                    return
                log.warning("Session %s is not connected: %s", user, error)
            except StoreUnavailable as error:
                asked = 0.0
                log.warning("Session %s is not connected: %s", user, error)
            except BybotError as error:
                log.info("Session %s is not opened again: %s", user, error.code)
                return
            else:
                return
