"""Links to posts of a pair's source, as far as they have copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from telethon.tl import types

from bybot.mirror.model import ChannelPair
from bybot.mirror.rules.book import MOST_CAPTION, MOST_TEXT, Written
from bybot.mirror.rules.links import Address, named_ids, relinked
from bybot.mirror.rules.rich import Rich, from_telegram, to_telegram, units


class Copied(Protocol):
    """Which copy belongs to which source message."""

    async def peek(self, source_ids: set[int]) -> dict[int, int]:
        """The copies of these source ids."""


class Links:
    """Of one pair."""

    __slots__ = ("_pair",)

    def __init__(self, pair: ChannelPair) -> None:
        self._pair = pair

    async def changed(self, texts: Mapping[int, Written], copied: Copied) -> dict[int, Written]:
        """Those of these texts, by message id, whose links point at copies from now on. Raises StoreUnavailable."""
        pair = self._pair
        source = Address.of(pair.source.id, pair.source.username)
        target = Address.of(pair.target.id, pair.target.username)
        if source is None or target is None:
            return {}
        named: dict[int, Rich] = {}
        wanted: set[int] = set()
        for id_, written in texts.items():
            rich = from_telegram(written.text, written.entities)
            if ids := named_ids(rich, source):
                named[id_] = rich
                wanted |= ids
        copies = await copied.peek(wanted) if wanted else {}
        after = {id_: relinked(rich, source, target, copies.get) for id_, rich in named.items()}
        return {id_: _written(rich) for id_, rich in after.items() if rich != named[id_] and _fits(rich, named[id_])}


def may_name(text: str | None, entities: Iterable[Any] | None) -> bool:
    """Whether a text may link to a post, told quickly: most link to none."""
    if entities and any(isinstance(entity, types.MessageEntityTextUrl) for entity in entities):
        return True
    if not text or "/" not in text:
        return False
    lower = text.lower()
    return ".me/" in lower or ".dog/" in lower


def _written(rich: Rich) -> Written:
    text, entities = to_telegram(rich)
    return Written(text, tuple(entities))


def _fits(after: Rich, before: Rich) -> bool:
    length, was = units(after.text), units(before.text)
    return length <= was or length <= (MOST_TEXT if was > MOST_CAPTION else MOST_CAPTION)
