"""Formatting under any transform: fuzzed texts in all scripts with nested, overlapping, empty and wild entities."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from telethon.extensions import html
from telethon.tl import types

from bybot.mirror.rules.rich import FOUND, Edit, Rich, edited, from_telegram, joined, stripped, to_telegram, units
from bybot.mirror.rules.transforms import (
    Add,
    Place,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
    Transform,
)
from tests.mirror.rules.posts import shown

HERE = Place("pair", 12)
PIECES = [
    "a", "b ", " ", "\n", "é", "e\u0301", "中", "港口", "ع", "مرحبا ", "\u200f", "\u202e", "😀", "👩‍👩‍👧", "👍🏽",
    "🇨🇳", "\u200d", "𝒜", "#tag ", "#标签 ", "#وسم", "@harbour_news ", "https://a.example/x ", "t.me/x",
    "magnet:?xt=1 ", "(", ").", "。",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
#: Entities whose words may shrink and grow with the text.
LOOSE = [types.MessageEntityBold, types.MessageEntityItalic, types.MessageEntitySpoiler, types.MessageEntityBlockquote]
#: Those that its HTML has.
KNOWN_TO_TELETHON = [types.MessageEntityBold, types.MessageEntityItalic, types.MessageEntityStrike]
REMOVING: list[Transform] = [RemoveLinks(), RemoveHashtags(), RemoveMentions(), RemoveMagnets()]
CHANGING: list[Transform] = [
    *REMOVING,
    Replace("a", "😀😀"),
    Replace("😀", ""),
    Replace("港口", "中"),
    Replace("مرحبا", "b"),
    Replace(r"(\w)\s", r"\1", pattern=True),
    Replace(r"\X", "x", pattern=True),
    Replace(r"(?=b)", "|", pattern=True),
    Add(Rich("head 👍🏽"), "above"),
    Add(Rich("foot")),
]


def entity(draw: st.DrawFn, at: int, length: int) -> Any:
    kind = draw(st.sampled_from([*LOOSE, *FOUND[:5], types.MessageEntityCustomEmoji, types.MessageEntityTextUrl]))
    if kind is types.MessageEntityCustomEmoji:
        return kind(at, length, document_id=5)
    return kind(at, length, "https://b.example") if kind is types.MessageEntityTextUrl else kind(at, length)


@st.composite
def wild(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """A text with entities that may overlap, be empty, cut a character, or lie outside."""
    text = draw(TEXTS)
    reach = units(text) + 3
    spans = draw(st.lists(st.tuples(st.integers(-2, reach), st.integers(-1, reach)), max_size=6))
    return text, [entity(draw, at, length) for at, length in spans]


@st.composite
def proper(draw: st.DrawFn) -> Rich:
    """A text with entities on whole characters, as Telegram gives them: nested or apart."""
    parts = []
    for piece in draw(st.lists(st.sampled_from(PIECES), max_size=10)):
        part = Rich(piece)
        for kind in draw(st.lists(st.sampled_from(KNOWN_TO_TELETHON), max_size=2, unique=True)):
            part = from_telegram(piece, [*to_telegram(part)[1], kind(0, units(piece))])
        parts.append(part)
    return joined(parts)


def check(rich: Rich) -> None:
    """Every entity lies within the text, holds something, and cuts no character."""
    text, entities = to_telegram(rich)
    raw = text.encode("utf-16-le", "surrogatepass")
    for each in entities:
        assert 0 <= each.offset < each.offset + each.length <= units(text)
        raw[2 * each.offset : 2 * (each.offset + each.length)].decode("utf-16-le")  # no half of a pair


@given(wild(), st.sampled_from(CHANGING))
def test_whatever_the_entities_and_the_transform_they_lie_within_the_text_on_whole_characters(
    given_: tuple[str, list[Any]], transform: Transform
) -> None:
    rich = from_telegram(*given_)
    check(rich)
    check(transform.apply(rich, HERE))
    check(stripped(transform.apply(rich, HERE)))


@given(wild(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), TEXTS), max_size=4))
def test_after_any_edits_too(given_: tuple[str, list[Any]], spans: list[tuple[int, int, str]]) -> None:
    rich = from_telegram(*given_)
    end = len(rich)
    check(edited(rich, [Edit(min(a, b, end), min(max(a, b), end), Rich(by)) for a, b, by in spans]))


@given(wild(), st.integers(0, 40), st.integers(0, 40), TEXTS)
def test_what_an_edit_does_not_touch_covers_the_same_words(
    given_: tuple[str, list[Any]], first: int, last: int, by: str
) -> None:
    rich = from_telegram(*given_)
    start, end = sorted((min(first, len(rich)), min(last, len(rich))))
    changed = edited(rich, [Edit(start, end, Rich(by))])
    apart = [mark for mark in rich.marks if mark.end <= start or mark.start >= end]
    after = [(changed.text[mark.start : mark.end], mark.entity) for mark in changed.marks]
    for mark in apart:
        assert (rich.text[mark.start : mark.end], mark.entity) in after


@given(wild(), st.sampled_from(REMOVING))
def test_what_only_takes_away_leaves_entities_with_less_of_their_own_words(
    given_: tuple[str, list[Any]], transform: Transform
) -> None:
    before, after = from_telegram(*given_), transform.apply(from_telegram(*given_), HERE)
    assert follows(after.text, before.text)
    words = {id(mark.entity): before.text[mark.start : mark.end] for mark in before.marks}
    for mark in after.marks:
        assert follows(after.text[mark.start : mark.end], words[id(mark.entity)])


def follows(part: str, whole: str) -> bool:
    """Whether the characters of the part stand in the whole, in their order."""
    left = iter(whole)
    return all(char in left for char in part)


@given(wild(), st.sampled_from(REMOVING))
def test_taking_away_twice_is_taking_away_once(given_: tuple[str, list[Any]], transform: Transform) -> None:
    once = transform.apply(Rich(given_[0]), HERE)
    assert transform.apply(once, HERE) == once


@given(wild())
def test_a_replacement_of_what_is_not_there_and_no_edit_change_nothing(given_: tuple[str, list[Any]]) -> None:
    rich = from_telegram(*given_)
    assert Replace("nowhere", "x").apply(rich, HERE) == rich == edited(rich, [])
    assert stripped(stripped(rich)) == stripped(rich)


@given(wild())
def test_the_way_out_and_in_again_changes_nothing(given_: tuple[str, list[Any]]) -> None:
    rich = from_telegram(*given_)
    again = from_telegram(*to_telegram(rich))
    assert (again.text, [(m.start, m.end) for m in again.marks]) == (rich.text, [(m.start, m.end) for m in rich.marks])


@given(proper(), st.sampled_from(CHANGING))
def test_telethon_reads_the_result_as_it_is_meant(rich: Rich, transform: Transform) -> None:
    changed = stripped(transform.apply(rich, HERE))
    text, entities = to_telegram(changed)
    read, found = html.parse(html.unparse(text, entities))
    assert read == text
    assert covered(from_telegram(read, found)) == covered(changed)


def covered(rich: Rich) -> list[frozenset[str]]:
    """The formatting of each character: Telethon may join or split entities that say the same."""
    over: list[set[str]] = [set() for _ in rich.text]
    for mark in rich.marks:
        for at in range(mark.start, mark.end):
            over[at].add(type(mark.entity).__name__)
    return [frozenset(names) for names in over]


def test_overlapping_entities_of_telegram_are_kept_apart() -> None:
    text = "one two three"
    rich = from_telegram(text, [types.MessageEntityBold(0, 7), types.MessageEntityItalic(4, 9)])
    assert shown(Replace("two", "2").apply(rich, HERE)) == [("Bold", "one 2"), ("Italic", "2 three")]
