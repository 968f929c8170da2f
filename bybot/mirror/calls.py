"""What all calls of the supervisor stand on: its parts, a person's pairs, and the person's client for a question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StoreUnavailable, TelegramUnreachable
from bybot.ids import user_key
from bybot.mirror import chats
from bybot.mirror.model import ChatRef
from bybot.mirror.pacing import Pace, Pacing
from bybot.mirror.pairs import PairBook
from bybot.mirror.person import Person
from bybot.mirror.settings import Sessions, Settings
from bybot.stores.base import Store

log = logging.getLogger(__name__)

#: Seconds that a person waits at most for an answer about a chat.
_ASK_SECONDS: Final = 60.0


class Calls:
    """The root of the classes that :class:`bybot.mirror.supervisor.Supervisor` is made of; it sets what they share."""

    _sessions: Sessions
    _store: Store
    _clock: Clock
    _pace: Pace
    _book: PairBook
    _settings: Settings
    _people: dict[str, Person]
    _tasks: set[asyncio.Task[Any]]
    _stopping: bool

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the mirror failed", exc_info=error)

    def _person(self, user_id: int | str) -> Person:
        key = user_key(user_id)
        if key not in self._people:
            self._people[key] = Person(str(user_id), Pacing(self._clock, self._pace), self._settings)
        return self._people[key]

    def _on_ready(self, user_id: int | str) -> None:
        if not self._stopping:
            self._spawn(self._start_person(user_id))

    async def _start_person(self, user_id: int | str) -> None:
        person = self._person(user_id)
        pause = 1.0
        while True:
            try:
                await person.start()
                return
            except StoreUnavailable:
                await self._clock.sleep(pause)
                pause = min(30.0, pause * 2)

    @asynccontextmanager
    async def _client(self, user: int | str) -> AsyncIterator[Any]:
        """The user's client, for a question that a person waits for. Raises SessionError: why there is none."""
        try:
            async with asyncio.timeout(_ASK_SECONDS), self._sessions.use(user) as client:
                yield client
        except OSError as error:  # TimeoutError and ConnectionError among them
            raise TelegramUnreachable("Telegram did not answer in time.") from error

    async def _chat(self, client: Any, chat: ChatRef | str | int) -> ChatRef:
        if isinstance(chat, ChatRef):
            return await chats.refresh(client, chat)
        return await chats.resolve(client, chat)
