"""Links to posts of the source become links to their copies, in the text and behind words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Final

from telethon.tl import types

from bybot.mirror.rules.rich import Edit, Rich, edited

_LINK: Final = re.compile(
    r"(?<![\w./@-])(?P<scheme>https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/"
    r"(?:c/(?P<number>\d{1,15})|(?:s/)?(?P<name>[a-z]\w{2,31}))(?:/\d{1,10})?/(?P<id>\d{1,10})(?P<query>\?[\w=&-]*)?"
    r"(?![\w/])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Address:
    """How links name a chat: by its public name, or by a number that only its members can use."""

    number: int
    name: str | None = None

    @classmethod
    def of(cls, marked_id: int, name: str | None) -> Address | None:
        """The address of a channel or megagroup; None: links cannot name it."""
        number = -1_000_000_000_000 - marked_id
        return cls(number, name) if number > 0 else None

    def path(self, id: int) -> str:
        """The link to one of its posts, behind the host."""
        return f"{self.name}/{id}" if self.name else f"c/{self.number}/{id}"


@dataclass(frozen=True)
class _Found:
    start: int
    end: int
    id: int
    scheme: str


def named_ids(rich: Rich, source: Address) -> set[int]:
    """The posts of the source that a text links to."""
    return {found.id for text in (rich.text, *_urls(rich)) for found in _links(text, source)}


def relinked(rich: Rich, source: Address, target: Address, copy_of: Callable[[int], int | None]) -> Rich:
    """The text with its links to posts of the source at their copies, as far as there are any.

    Args:
        copy_of: source id to target id.
    """

    def by(found: _Found) -> str | None:
        to = copy_of(found.id)
        return None if to is None else f"{found.scheme}t.me/{target.path(to)}"

    marks = []
    for mark in rich.marks:
        if isinstance(mark.entity, types.MessageEntityTextUrl):
            found = next(_links(mark.entity.url, source), None)
            url = by(found) if found is not None else None
            if url is not None:
                entity = copy(mark.entity)
                entity.url = url
                mark = replace(mark, entity=entity)
        marks.append(mark)
    edits = [Edit(found.start, found.end, Rich(url)) for found in _links(rich.text, source) if (url := by(found))]
    return edited(Rich(rich.text, tuple(marks)), edits)


def _urls(rich: Rich) -> Iterator[str]:
    return (mark.entity.url for mark in rich.marks if isinstance(mark.entity, types.MessageEntityTextUrl))


def _links(text: str, source: Address) -> Iterator[_Found]:
    for match in _LINK.finditer(text):
        if "comment" in (match["query"] or ""):
            continue  # it names a message of the group that belongs to the channel
        name = match["name"]
        here = name.lower() == (source.name or "").lower() if name else int(match["number"]) == source.number
        if here:
            yield _Found(match.start(), match.end(), int(match["id"]), match["scheme"] or "")
