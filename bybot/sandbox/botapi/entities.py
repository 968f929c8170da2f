"""Formatting: entities of the Bot API (JSON) and of MTProto (TL), and those that Telegram finds by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from telethon.tl import types

from bybot.sandbox.botapi.errors import ParseError
from bybot.sandbox.world.detect import utf16_length

Entity = Any
"""One of telethon's MessageEntity types."""

_TO_JSON: dict[type[Any], str] = {
    types.MessageEntityBold: "bold",
    types.MessageEntityItalic: "italic",
    types.MessageEntityUnderline: "underline",
    types.MessageEntityStrike: "strikethrough",
    types.MessageEntitySpoiler: "spoiler",
    types.MessageEntityCode: "code",
    types.MessageEntityPre: "pre",
    types.MessageEntityTextUrl: "text_link",
    types.MessageEntityMentionName: "text_mention",
    types.MessageEntityCustomEmoji: "custom_emoji",
    types.MessageEntityBlockquote: "blockquote",
    types.MessageEntityUrl: "url",
    types.MessageEntityEmail: "email",
    types.MessageEntityMention: "mention",
    types.MessageEntityHashtag: "hashtag",
    types.MessageEntityCashtag: "cashtag",
    types.MessageEntityBotCommand: "bot_command",
    types.MessageEntityPhone: "phone_number",
}
_PLAIN = {
    name: kind
    for kind, name in _TO_JSON.items()
    if name not in ("pre", "text_link", "text_mention", "custom_emoji", "blockquote")
}


class Writer:
    """Plain text under construction, with the entities found so far."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.offset = 0
        self.entities: list[Entity] = []

    @property
    def position(self) -> int:
        """A mark for :meth:`text_from`."""
        return len(self._parts)

    def write(self, text: str) -> None:
        """Append text."""
        self._parts.append(text)
        self.offset += utf16_length(text)

    def text_from(self, position: int) -> str:
        """What was written since ``position`` was read."""
        return "".join(self._parts[position:])

    def result(self) -> tuple[str, list[Entity]]:
        """Text and entities, outer ones first."""
        return "".join(self._parts), sorted_entities(self.entities)


def sorted_entities(entities: Iterable[Entity]) -> list[Entity]:
    """By offset, outer before inner, as Telegram answers them."""
    return sorted(entities, key=lambda e: (e.offset, -e.length))


def trimmed(text: str, entities: Sequence[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space at both ends, as Telegram does with every message, and move the entities with it."""
    left = len(text) - len(text.lstrip())
    body = text.strip()
    limit = utf16_length(body)
    kept = []
    for entity in entities:
        start = max(0, entity.offset - left)
        end = min(limit, entity.offset + entity.length - left)
        if end > start:
            entity.offset, entity.length = start, end - start
            kept.append(entity)
    return body, sorted_entities(kept)


def entities_to_json(entities: Sequence[Entity] | None, users: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """TL entities as the Bot API shows them.

    Args:
        entities: of one message.
        users: JSON of the persons that text mentions name, by id.
    """
    shown = []
    for entity in entities or ():
        kind = _TO_JSON.get(type(entity))
        if kind is None:
            continue
        item: dict[str, Any] = {"offset": entity.offset, "length": entity.length, "type": kind}
        if kind == "text_link":
            item["url"] = entity.url
        elif kind == "pre" and entity.language:
            item["language"] = entity.language
        elif kind == "custom_emoji":
            item["custom_emoji_id"] = str(entity.document_id)
        elif kind == "blockquote" and entity.collapsed:
            item["type"] = "expandable_blockquote"
        elif kind == "text_mention":
            item["user"] = users.get(entity.user_id) or {
                "id": entity.user_id,
                "is_bot": False,
                "first_name": "",
            }
        shown.append(item)
    return shown


def entities_from_json(items: Any) -> list[Entity]:
    """The ``entities`` parameter of a Bot API call.

    Raises:
        ParseError: not a list of entities.
    """
    if not isinstance(items, list):
        raise ParseError("Expected an Array of MessageEntity")
    result: list[Entity] = []
    for item in items:
        kind, offset, length = item.get("type"), int(item["offset"]), int(item["length"])
        if kind in _PLAIN:
            result.append(_PLAIN[kind](offset, length))
        elif kind == "pre":
            result.append(types.MessageEntityPre(offset, length, item.get("language", "")))
        elif kind == "text_link":
            result.append(types.MessageEntityTextUrl(offset, length, item.get("url", "")))
        elif kind == "text_mention":
            result.append(types.MessageEntityMentionName(offset, length, int(item["user"]["id"])))
        elif kind == "custom_emoji":
            result.append(types.MessageEntityCustomEmoji(offset, length, int(item["custom_emoji_id"])))
        elif kind in ("blockquote", "expandable_blockquote"):
            collapsed = True if kind == "expandable_blockquote" else None
            result.append(types.MessageEntityBlockquote(offset, length, collapsed=collapsed))
        else:
            raise ParseError(f'Unsupported MessageEntity type "{kind}" specified')
    return sorted_entities(result)
