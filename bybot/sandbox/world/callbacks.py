"""Callback buttons: a person presses, the bot answers, the person's request waits for it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox.world.errors import bad
from bybot.sandbox.world.events import CallbackPressed
from bybot.sandbox.world.model import Account, Message, Peer, derived_hash

if TYPE_CHECKING:
    from bybot.sandbox.world.world import World

ANSWER_SECONDS = 10.0
"""How long a press waits for the bot."""


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the bot answered."""

    text: str | None = None
    alert: bool = False
    url: str | None = None
    cache_time: int = 0


def callback_data(markup: Any) -> list[tuple[str, bytes]]:
    """Label and data of every callback button of a keyboard, row by row."""
    found: list[tuple[str, bytes]] = []
    for row in getattr(markup, "rows", None) or ():
        for button in row.buttons:
            kind = getattr(button, "type", None)
            if isinstance(kind, types.InlineButtonTypeCallback):
                found.append((button.text, bytes(kind.data)))
    return found


class Callbacks:
    """Presses that wait for their answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: dict[int, tuple[int, asyncio.Future[CallbackAnswer]]] = {}

    def press(self, person: Account, peer: Peer, message_id: int, data: bytes) -> asyncio.Future[CallbackAnswer]:
        """Press a button under a message.

        Args:
            peer: the chat as the person addresses it.
            message_id: of the person's copy.

        Returns:
            The bot's answer, when it comes; the caller bounds the wait and may cancel.

        Raises:
            TelegramError: MESSAGE_ID_INVALID, DATA_INVALID or CHANNEL_PRIVATE.
        """
        message = self._world.messages_of(person, peer).get(message_id)
        if message is None:
            raise bad("MESSAGE_ID_INVALID")
        if not any(data == known for _, known in callback_data(message.reply_markup)):
            raise bad("DATA_INVALID")
        bot = self._world.account(message.via_bot_id or message.author_id)
        if not bot.is_bot:
            raise bad("MESSAGE_ID_INVALID")
        copy: Message = message.twin or message if peer.kind == "user" else message
        query_id = secrets.randbits(62) | 1
        future: asyncio.Future[CallbackAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[query_id] = (bot.id, future)
        future.add_done_callback(lambda _: self._waiting.pop(query_id, None))
        chat_instance = derived_hash("chat", *sorted((person.id, bot.id)), peer.kind, peer.id)
        self._world.events.publish(
            [CallbackPressed(bot.peer, 0, 0, person.id, bot, person, query_id, copy, data, chat_instance)]
        )
        return future

    def answer(self, bot: Account, query_id: int, answer: CallbackAnswer) -> None:
        """Answer a press.

        Raises:
            TelegramError: QUERY_ID_INVALID when it is unknown, answered, or older than its time limit.
        """
        bot_id, future = self._waiting.get(query_id, (None, None))
        if future is None or bot_id != bot.id or future.done():
            raise bad("QUERY_ID_INVALID")
        future.set_result(answer)
