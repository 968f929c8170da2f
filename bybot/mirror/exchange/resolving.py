"""From the chats that a file names to those that an account sees, with as few requests as can be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from bybot.errors import BybotError, ChatNotFound, MirrorError, SessionError
from bybot.mirror import chats
from bybot.mirror.exchange.model import Chat, Wrong
from bybot.mirror.model import ChatRef


class NameMoved(MirrorError):
    """The name belongs to another chat than the id."""

    code = Wrong.NAME_MOVED.value


class Finder:
    """Finds chats for one account: among its dialogs first, which are read once; each name is asked for once.

    Args:
        client: gives the account's client for one question.
    """

    def __init__(self, client: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._client = client
        self._by_id: dict[int, ChatRef] = {}
        self._by_name: dict[str, ChatRef] = {}
        self._asked: dict[str, ChatRef | BybotError] = {}
        self._away: SessionError | None = None

    async def load(self) -> None:
        """Read the dialogs. Raises SessionError."""
        async with self._client() as client:
            for chat in await chats.list_chats(client):
                self._by_id[chat.id] = chat
                if chat.username:
                    self._by_name[chat.username.lower()] = chat

    async def find(self, chat: Chat) -> ChatRef:
        """The chat as the account sees it now.

        Raises:
            ChatNotFound, ChatNotReadable: there is none, or the account is not in it.
            NameMoved: the name is another chat's by now.
            SessionError: the account cannot be asked. It is not asked again then, but for what is known.
        """
        if chat.id is not None and chat.id in self._by_id:
            return self._by_id[chat.id]
        if chat.name is None:
            return await self._once(str(chat.id), chat.id)
        named = chats.parse(chat.name)
        known = self._by_name.get(named.value.lower()) if named.kind == "name" else None
        if named.kind == "id":
            known = self._by_id.get(int(named.value))
        found = known or await self._once(f"{named.kind}:{named.value}", chat.name)
        if chat.id is not None and found.id != chat.id:
            raise NameMoved("The name belongs to another chat by now.")
        return found

    async def _once(self, key: str, text: str | int | None) -> ChatRef:
        if key not in self._asked:
            self._asked[key] = await self._ask(text)
        found = self._asked[key]
        if isinstance(found, BybotError):
            raise found
        return found

    async def _ask(self, text: str | int | None) -> ChatRef | BybotError:
        if text is None:
            return ChatNotFound("The file names no chat there.")
        if self._away is not None:
            return self._away
        try:
            async with self._client() as client:
                return await chats.resolve(client, text, search=False)
        except SessionError as error:
            self._away = error
            return error
        except MirrorError as error:
            return error
