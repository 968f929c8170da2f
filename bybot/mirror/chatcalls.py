"""The supervisor's questions about chats, through the user's own account."""

from __future__ import annotations

from bybot.mirror import chats
from bybot.mirror.calls import Calls
from bybot.mirror.model import ChatRef, Estimate, Mode
from bybot.mirror.reader import Reader
from bybot.mirror.starts import estimate_of, start_of


class ChatCalls(Calls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

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
