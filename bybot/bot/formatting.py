"""Formatting of a Bot API message as entities of the user's side of Telegram: both count in UTF-16 units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from telegram import Message, MessageEntity
from telethon.tl import types

from bybot.mirror.rules.rich import Rich, from_telegram, stripped

_KINDS: Final[Mapping[str, Callable[[MessageEntity], Any]]] = {
    MessageEntity.BOLD: lambda e: types.MessageEntityBold(e.offset, e.length),
    MessageEntity.ITALIC: lambda e: types.MessageEntityItalic(e.offset, e.length),
    MessageEntity.UNDERLINE: lambda e: types.MessageEntityUnderline(e.offset, e.length),
    MessageEntity.STRIKETHROUGH: lambda e: types.MessageEntityStrike(e.offset, e.length),
    MessageEntity.SPOILER: lambda e: types.MessageEntitySpoiler(e.offset, e.length),
    MessageEntity.CODE: lambda e: types.MessageEntityCode(e.offset, e.length),
    MessageEntity.PRE: lambda e: types.MessageEntityPre(e.offset, e.length, e.language or ""),
    MessageEntity.TEXT_LINK: lambda e: types.MessageEntityTextUrl(e.offset, e.length, e.url or ""),
    MessageEntity.BLOCKQUOTE: lambda e: types.MessageEntityBlockquote(e.offset, e.length),
    MessageEntity.EXPANDABLE_BLOCKQUOTE: lambda e: types.MessageEntityBlockquote(e.offset, e.length, collapsed=True),
    MessageEntity.CUSTOM_EMOJI: lambda e: types.MessageEntityCustomEmoji(
        e.offset, e.length, int(e.custom_emoji_id or 0)
    ),
}


def rich_of(message: Message) -> Rich:
    """What somebody wrote, with its formatting. What Telegram finds by itself (links, mentions) is left to it."""
    made = [_KINDS[entity.type](entity) for entity in message.entities or () if entity.type in _KINDS]
    return stripped(from_telegram(message.text or "", made))
