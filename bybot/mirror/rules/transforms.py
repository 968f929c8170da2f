"""How texts change on the way. Each transform is a value that turns one text into another; they run in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

import regex
from telethon.tl import types

from bybot.errors import TextTooLong
from bybot.mirror.rules.patterns import check_template, compiled, matches
from bybot.mirror.rules.rich import Edit, Rich, edited, joined

#: Texts never grow beyond this while they are worked on, in characters.
_MOST: Final = 20_000

_LINK: Final = regex.compile(
    r"(?:https?|ftp|tg)://[^\s<>\"'）】」。，；！？、]+|(?<![\w@.])(?:t\.me|telegram\.me|www\.[\w-]+\.\w+)/?[^\s<>\"'）】」。，；！？、]*",
    regex.V1 | regex.I,
)
_MAGNET: Final = regex.compile(r"magnet:\?\S+", regex.V1 | regex.I)
# In a chain (#one#two) only the first is one, but without it the next would be.
_HASHTAG: Final = regex.compile(r"(?<![\w&/#＃])(?:[#＃](?=\w*\p{L})\w{1,256}(?:@\w+)?)+", regex.V1)
_MENTION: Final = regex.compile(r"(?<![\w@/.])(?:@[A-Za-z]\w{3,31}\b)+", regex.V1)
_SPACE: Final = " \t\u00a0\u3000"
_TRAILING: Final = ".,;:!?)]}»”’…。，；：！？"


@dataclass(frozen=True)
class Place:
    """What a transform may depend on beside the text: always the same for the same post."""

    pair_id: str
    source_id: int

    def chance(self, salt: str) -> float:
        """From 0 up to 1, fixed for this post: a repeat after a crash must come to the same text."""
        state = hashlib.blake2b(f"{self.pair_id}|{self.source_id}|{salt}".encode(), digest_size=8)
        return int.from_bytes(state.digest(), "big") / 2**64


@dataclass(frozen=True)
class Transform:
    """Base of all."""

    kind: ClassVar[str] = ""

    def apply(self, rich: Rich, place: Place) -> Rich:
        """The new text. Raises PatternTimeout, TextTooLong."""
        raise AssertionError(f"{type(self).__name__} changes nothing")


@dataclass(frozen=True)
class Replace(Transform):
    """One text in place of another.

    Args:
        find: a plain text, or a regular expression when ``pattern``.
        by: what comes instead; with a pattern, ``\\1`` and ``\\g<name>`` stand for its groups.

    Raises:
        BadPattern: the pattern is none, or too long, or ``by`` does not fit it.
    """

    find: str
    by: str = ""
    pattern: bool = False
    ignore_case: bool = True
    kind: ClassVar[str] = "replace"

    def __post_init__(self) -> None:
        if not self.find:
            raise ValueError("say what is to be replaced")
        if self.pattern:
            check_template(self.find, self.by)
        else:
            compiled(self._expression, ignore_case=self.ignore_case)  # a text may be too long, too

    @property
    def _expression(self) -> str:
        return self.find if self.pattern else str(regex.escape(self.find, literal_spaces=True))

    def apply(self, rich: Rich, place: Place) -> Rich:
        edits = []
        grown = len(rich)
        for match in matches(self._expression, rich.text, ignore_case=self.ignore_case):
            by = match.expand(self.by) if self.pattern else self.by
            grown += len(by)
            if grown > _MOST:
                raise TextTooLong("A replacement makes the text longer than any post can be.", length=grown)
            edits.append(Edit(match.start(), match.end(), Rich(by)))
        return edited(rich, edits)


@dataclass(frozen=True)
class RemoveLinks(Transform):
    """Links go, in the text and behind words (the words stay); those to ``allow``\\ ed domains stay."""

    allow: frozenset[str] = field(default_factory=frozenset)
    kind: ClassVar[str] = "remove_links"

    def apply(self, rich: Rich, place: Place) -> Rich:
        spans = [(m.start, m.end) for m in rich.marks if isinstance(m.entity, types.MessageEntityUrl)]
        spans += [(m.start(), _end_of_link(m.group(), m.start())) for m in _LINK.finditer(rich.text)]
        gone = [span for span in spans if not self._allowed(rich.text[span[0] : span[1]])]
        kept = tuple(
            m
            for m in rich.marks
            if not (isinstance(m.entity, types.MessageEntityTextUrl) and not self._allowed(m.entity.url))
        )
        return _without(Rich(rich.text, kept), gone)

    def _allowed(self, link: str) -> bool:
        host = (urlsplit(link if "://" in link else f"//{link}").hostname or "").removeprefix("www.")
        return any(host == domain or host.endswith("." + domain) for domain in self.allow)


@dataclass(frozen=True)
class RemoveMagnets(Transform):
    """Magnet links go."""

    kind: ClassVar[str] = "remove_magnets"

    def apply(self, rich: Rich, place: Place) -> Rich:
        return _without(rich, [match.span() for match in _MAGNET.finditer(rich.text)])


@dataclass(frozen=True)
class RemoveHashtags(Transform):
    """Hashtags go."""

    kind: ClassVar[str] = "remove_hashtags"

    def apply(self, rich: Rich, place: Place) -> Rich:
        spans = [(m.start, m.end) for m in rich.marks if isinstance(m.entity, types.MessageEntityHashtag)]
        return _without(rich, spans + [match.span() for match in _HASHTAG.finditer(rich.text)])


@dataclass(frozen=True)
class RemoveMentions(Transform):
    """``@names`` go; names of people without one stay as plain text."""

    kind: ClassVar[str] = "remove_mentions"

    def apply(self, rich: Rich, place: Place) -> Rich:
        spans = [(m.start, m.end) for m in rich.marks if isinstance(m.entity, types.MessageEntityMention)]
        spans += [match.span() for match in _MENTION.finditer(rich.text)]
        kept = tuple(m for m in rich.marks if not isinstance(m.entity, _PEOPLE))
        return _without(Rich(rich.text, kept), spans)


_PEOPLE: Final = (types.MessageEntityMentionName, types.InputMessageEntityMentionName)


@dataclass(frozen=True)
class Add(Transform):
    """A text above or below each post, or some of them.

    Args:
        text: as :class:`Rich`, with formatting of its own.
        where: "above" (header) or "below" (footer).
        every: above 1: only posts whose id is a multiple of it.
        chance: below 1: only that share of posts, chosen by their ids.
    """

    text: Rich
    where: Literal["above", "below"] = "below"
    every: int = 1
    chance: float = 1.0
    kind: ClassVar[str] = "add"

    def __post_init__(self) -> None:
        if not self.text.text.strip():
            raise ValueError("say what is to be added")
        if self.every < 1 or not 0 < self.chance <= 1:
            raise ValueError("every is at least 1, and chance above 0 up to 1")

    def apply(self, rich: Rich, place: Place) -> Rich:
        if place.source_id % self.every or place.chance(f"{self.where}|{self.text.text}") >= self.chance:
            return rich
        if not rich.text:
            return self.text
        gap = Rich("\n\n")
        return joined([self.text, gap, rich] if self.where == "above" else [rich, gap, self.text])


TRANSFORMS: Final[Mapping[str, type[Transform]]] = {
    each.kind: each for each in (Replace, RemoveLinks, RemoveMagnets, RemoveHashtags, RemoveMentions, Add)
}


def _end_of_link(link: str, start: int) -> int:
    """A sentence's punctuation after a link is not the link's."""
    return start + len(link.rstrip(_TRAILING))


def _without(rich: Rich, spans: list[tuple[int, int]]) -> Rich:
    """The text without these ranges, and without the space or the line that they leave empty."""
    return edited(rich, [Edit(*_wider(rich.text, start, end)) for start, end in _merged(rich.text, spans)])


def _merged(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that overlap, or have only space between them, as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and (start <= found[-1][1] or not text[found[-1][1] : start].strip(_SPACE)):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _wider(text: str, start: int, end: int) -> tuple[int, int]:
    before = start - len(text[:start]) + len(text[:start].rstrip(_SPACE))
    after = len(text) - len(text[end:].lstrip(_SPACE))
    opens, closes = before == 0 or text[before - 1] == "\n", after == len(text) or text[after] == "\n"
    if opens and closes:  # nothing else is on the line
        blank_above = before < 2 or text[before - 2 : before] == "\n\n"
        while after < len(text) and text[after] == "\n":
            after += 1
            if not blank_above:
                break
        return before, after
    if closes or text[end] in _TRAILING:
        return before, end
    return (start, after) if opens or before < start else (start, end)
