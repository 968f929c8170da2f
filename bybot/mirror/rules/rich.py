"""A text with its formatting, cut and joined without an entity ever pointing at the wrong place.

Telegram counts offsets in UTF-16 code units, Python in code points. Inside, everything is code points; the way in and
the way out convert. An edit replaces a range; entities around it grow, shrink, move or end:

- what surrounds the range keeps surrounding what replaces it (a bold sentence stays bold);
- what lies inside the range, or is cut by it, keeps only what is left of its own text;
- what Telegram finds by itself (links, mentions, hashtags) and custom emoji end when their text is touched: the first
  are found anew in the new text, the last would show over other characters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telethon.tl import types

#: Entities that Telegram makes by itself from the text.
FOUND: Final = (
    types.MessageEntityMention,
    types.MessageEntityHashtag,
    types.MessageEntityCashtag,
    types.MessageEntityBotCommand,
    types.MessageEntityUrl,
    types.MessageEntityEmail,
    types.MessageEntityPhone,
    types.MessageEntityBankCard,
)
_WIDE: Final = re.compile("[\U00010000-\U0010ffff]")
_EXACT: Final = (*FOUND, types.MessageEntityCustomEmoji)


@dataclass(frozen=True)
class Mark:
    """An entity of Telegram over ``start`` to ``end`` (code points, end not included)."""

    start: int
    end: int
    entity: Any

    def moved(self, by: int) -> Mark:
        return Mark(self.start + by, self.end + by, self.entity)


@dataclass(frozen=True)
class Rich:
    """A text and its marks, in order."""

    text: str = ""
    marks: tuple[Mark, ...] = ()

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Edit:
    """Put ``by`` in place of ``start`` to ``end``; the same place twice means to insert."""

    start: int
    end: int
    by: Rich = Rich()


def from_telegram(text: str, entities: Sequence[Any] | None) -> Rich:
    """A message's text as Telegram gave it. Entities outside of the text are cut to it."""
    if not entities:
        return Rich(text)
    places = _Places(text)
    marks = [Mark(places.point(e.offset), places.point(e.offset + e.length, up=True), e) for e in entities]
    return Rich(text, _ordered(marks))


def to_telegram(rich: Rich) -> tuple[str, list[Any]]:
    """Text and entities to send: copies, so that the message that was read stays as it is."""
    places = _Places(rich.text)
    entities = []
    for mark in rich.marks:
        entity = _copy(mark.entity)
        entity.offset = places.unit(mark.start)
        entity.length = places.unit(mark.end) - entity.offset
        entities.append(entity)
    return rich.text, entities


def _copy(entity: Any) -> Any:
    """As copy.copy, which takes as long as everything else here."""
    made = object.__new__(type(entity))
    made.__dict__.update(entity.__dict__)
    return made


def units(text: str) -> int:
    """The length that Telegram counts: UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def edited(rich: Rich, edits: Iterable[Edit]) -> Rich:
    """The text after all edits.

    Args:
        edits: in any order; one that overlaps an earlier one is left out.
    """
    chosen: list[Edit] = []
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if not chosen or edit.start >= chosen[-1].end:
            chosen.append(edit)
    if not chosen:
        return rich
    parts: list[str] = []
    marks: list[Mark] = []
    at = 0
    for edit in chosen:
        parts += [rich.text[at : edit.start], edit.by.text]
        at = edit.end
    parts.append(rich.text[at:])
    for mark in rich.marks:
        kept = _carried(mark, chosen)
        if kept is not None:
            marks.append(kept)
    shift = 0
    for edit in chosen:
        marks += [mark.moved(edit.start + shift) for mark in edit.by.marks]
        shift += len(edit.by) - (edit.end - edit.start)
    return Rich("".join(parts), _ordered(marks))


def _carried(mark: Mark, edits: Sequence[Edit]) -> Mark | None:
    """The mark in the edited text; None when nothing of it is left."""
    if isinstance(mark.entity, _EXACT) and any(e.start < mark.end and mark.start < e.end for e in edits):
        return None  # an insertion at either end does not touch it
    start, end = _start(mark.start, edits), _end(mark.end, edits)
    return Mark(start, end, mark.entity) if start < end else None


def _start(place: int, edits: Sequence[Edit]) -> int:
    shift = 0
    for edit in edits:
        if edit.start >= place and edit.end > place:
            break
        if edit.start < place < edit.end:
            return edit.start + shift + len(edit.by)  # its beginning is gone
        if edit.start > place:
            break
        shift += len(edit.by) - (edit.end - edit.start)
    return place + shift


def _end(place: int, edits: Sequence[Edit]) -> int:
    shift = 0
    for edit in edits:
        if edit.start >= place:
            break
        if place < edit.end:
            return edit.start + shift  # its end is gone
        shift += len(edit.by) - (edit.end - edit.start)
    return place + shift


def joined(parts: Iterable[Rich]) -> Rich:
    """One after another."""
    texts: list[str] = []
    marks: list[Mark] = []
    at = 0
    for part in parts:
        marks += [mark.moved(at) for mark in part.marks]
        texts.append(part.text)
        at += len(part)
    return Rich("".join(texts), tuple(marks))


def stripped(rich: Rich) -> Rich:
    """Without space at both ends, as Telegram stores texts: entities would move otherwise."""
    text = rich.text
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    if first >= last:
        return Rich()
    return edited(rich, [Edit(0, first), Edit(last, len(text))]) if (first, last) != (0, len(text)) else rich


def _ordered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted((m for m in marks if m.start < m.end), key=lambda m: (m.start, -m.end)))


class _Places:
    """Between code points and UTF-16 code units of one text."""

    __slots__ = ("_length", "_units", "_wide")

    def __init__(self, text: str) -> None:
        self._length, self._units = len(text), units(text)
        self._wide: list[int] = []  # code points of two units
        if self._units > self._length:
            self._wide = [match.start() for match in _WIDE.finditer(text)]

    def unit(self, point: int) -> int:
        return point + bisect_left(self._wide, point)

    def point(self, unit: int, *, up: bool = False) -> int:
        """The code point at a unit; within a pair the one before, or the next with ``up``."""
        if unit >= self._units:
            return self._length
        before = bisect_left(self._wide, unit, key=self.unit)  # of the wide ones, so many begin before it
        inside = before > 0 and self.unit(self._wide[before - 1]) == unit - 1
        return max(0, unit - before + (inside and up))
