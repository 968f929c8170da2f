"""Entities that Telegram finds in a text by itself: commands, names, hashtags, links, addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from telethon.tl import types

_MARKERS = re.compile(r"[/@#.:]")
_PATTERN = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,:;!?)\]]|\bt\.me/[\w+/]+)"
    r"|(?P<email>\b[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?P<command>(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{2,31})"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
)
_KINDS = {
    "url": types.MessageEntityUrl,
    "email": types.MessageEntityEmail,
    "command": types.MessageEntityBotCommand,
    "mention": types.MessageEntityMention,
    "hashtag": types.MessageEntityHashtag,
}


def utf16_length(text: str) -> int:
    """How many UTF-16 code units a text has: the unit of every offset in Telegram."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def with_found_entities(text: str, given: Sequence[Any]) -> list[Any]:
    """The given entities and those found outside them, in order of their offsets."""
    entities = [_stored(entity) for entity in given]
    if _MARKERS.search(text):
        for match in _PATTERN.finditer(text):
            offset, length = utf16_length(text[: match.start()]), utf16_length(match.group())
            if all(entity.offset + entity.length <= offset or offset + length <= entity.offset for entity in entities):
                entities.append(_KINDS[match.lastgroup or ""](offset=offset, length=length))
    return sorted(entities, key=lambda entity: (entity.offset, -entity.length))


def _stored(entity: Any) -> Any:
    if isinstance(entity, types.InputMessageEntityMentionName):
        user_id = getattr(entity.user_id, "user_id", 0)
        return types.MessageEntityMentionName(offset=entity.offset, length=entity.length, user_id=user_id)
    return entity
