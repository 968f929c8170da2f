"""The supervisor's questions about chats, through the user's own account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bybot.errors import TelegramUnreachable
from bybot.mirror import chats
from bybot.mirror.model import ChatRef, Estimate, Mode
from bybot.mirror.pacing import Pace
from bybot.mirror.person import Person
from bybot.mirror.reader import Reader
from bybot.mirror.settings import Sessions
from bybot.mirror.starts import estimate_of, start_of

#: Seconds that a person waits at most for an answer about a chat.
_ASK_SECONDS = 60.0


class ChatCalls:
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    _sessions: Sessions
    _pace: Pace

    def _person(self, user_id: int | str) -> Person:
        raise AssertionError("the supervisor has it")

    @asynccontextmanager
    async def _client(self, user: int | str) -> AsyncIterator[Any]:
        """The user's client, for a question that a person waits for. Raises SessionError: why there is none."""
        try:
            async with asyncio.timeout(_ASK_SECONDS), self._sessions.use(user) as client:
                yield client
        except OSError as error:  # TimeoutError and ConnectionError among them
            raise TelegramUnreachable("Telegram did not answer in time.") from error

    async def list_channels(self, user: int | str) -> list[ChatRef]:
        """Channels and groups among the first dialogs of the user's account, newest first.

        Raises:
            SessionError: the account cannot be asked.
        """
        async with self._client(user) as client:
            return await chats.list_chats(client)

    async def resolve(self, user: int | str, text: str | int) -> ChatRef:
        """The chat that a link, @name or id names for the user's account.

        Raises:
            ChatNotFound, ChatNotReadable: it names none, or none that the account can read.
            SessionError: the account cannot be asked.
        """
        async with self._client(user) as client:
            return await chats.resolve(client, text)

    async def estimate(self, user: int | str, source: ChatRef | str | int, mode: Mode) -> Estimate:
        """What starting with this mode would mean. Raises as :meth:`resolve`."""
        pacing = self._person(user).pacing
        async with self._client(user) as client:
            chat = await self._chat(client, source)
            start = await start_of(Reader(client, chats.input_peer(chat), pacing), mode)
        return estimate_of(start, self._pace, pacing.factor)

    async def _chat(self, client: Any, chat: ChatRef | str | int) -> ChatRef:
        if isinstance(chat, ChatRef):
            return await chats.refresh(client, chat)
        return await chats.resolve(client, chat)
