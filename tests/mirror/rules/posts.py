"""What the tests of rules share: messages as Telethon reads them, and what formatting lies over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from bybot.mirror.rules.post import Post, post_of
from bybot.mirror.rules.rich import Rich, to_telegram, units


def message(text: str, entities: list[Any] | None = None, *, id: int = 1, media: Any = None, **more: Any) -> Any:
    """A post of a channel."""
    date = datetime(2026, 1, 1, tzinfo=UTC)
    return types.Message(id, types.PeerChannel(5), date, text, entities=entities, media=media, **more)


def post(text: str, **more: Any) -> Post:
    """What rules see of it."""
    return post_of((message(text, **more),))


def document(name: str, size: int, *attributes: Any) -> Any:
    """A file."""
    named = [types.DocumentAttributeFilename(name), *attributes]
    return types.MessageMediaDocument(document=types.Document(7, 1, b"", None, "x/y", size, 2, named))


def over(text: str, part: str, kind: Any = types.MessageEntityBold, **more: Any) -> Any:
    """An entity over a part of a text, in UTF-16 units."""
    at = text.index(part)
    return kind(units(text[:at]), units(part), **more)


def shown(rich: Rich) -> list[tuple[str, str]]:
    """What each entity lies over, read back from what would be sent."""
    text, entities = to_telegram(rich)
    raw = text.encode("utf-16-le")
    return [
        (
            type(e).__name__.removeprefix("MessageEntity"),
            raw[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le"),
        )
        for e in entities
    ]
