"""Files of pairs as bybot writes them: whole, and every mistake named with its place."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.located import from_json, shown
from bybot.mirror.exchange.model import Chat, Entry, Preferences, Task, Wrong
from bybot.mirror.exchange.native import written
from bybot.mirror.exchange.reading import read
from bybot.mirror.model import ByDates, ByIds, ChannelPair, ChatRef, Everything, Last, New
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import FILTERS, Extensions, Kinds, Matching, Senders, Size, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Mark, Rich
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.transforms import (
    TRANSFORMS,
    Add,
    RemoveHashtags,
    RemoveLinks,
    RemoveMagnets,
    RemoveMentions,
    Replace,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEWS = ChatRef(-1001000000100, "Harbour <News>", "harbour_news", can_post=True, access_hash=1234567890123456789)
COPY = ChatRef(-1001000000200, "存档", None, can_post=True, access_hash=987654321)
RULES = Rules(
    filters=(
        Words(("spam", "广告")),
        Matching(r"^\d+$", True, False),
        Kinds(frozenset({Media.PHOTO, Media.TEXT})),
        Extensions(frozenset({"zip"}), False),
        Size(10, 1000),
        Senders(frozenset({5000100, -1001000000100})),
    ),
    transforms=(
        RemoveLinks(frozenset({"example.org"})),
        RemoveMagnets(),
        RemoveHashtags(),
        RemoveMentions(),
        Replace(r"(\d+) EUR", r"\1 €", True, False),
        Add(Rich("via 港口 🚢", (Mark(4, 6, types.MessageEntityBold(4, 2)),)), "below", 3, 0.5),
    ),
    edits="new",
    deletions="keep",
    buttons="text",
    pins="follow",
    window=50,
    schedule=Schedule(delay=5, quiet_from=1380, quiet_until=420, offset=60, per_hour=20),
)


def pair(number: int = 1, **changes: Any) -> ChannelPair:
    facts: dict[str, Any] = {"source": NEWS, "target": COPY, "mode": New(), "rules": RULES} | changes
    return ChannelPair(f"id{number}", "5000100", created_at=NOW, **facts)


def file(*pairs: Any, **more: Any) -> bytes:
    return json.dumps({"format": "bybot-pairs", "version": 1, "pairs": pairs} | more, indent=1).encode()


ENDS = {"source": {"id": -1001, "title": "A"}, "target": {"name": "@b"}}
BILLION = b"a: &a [x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b", ".join([b"*%c" % (name - 1)] * 8)) for name in b"bcdefg"
)


@pytest.mark.parametrize(
    "mode",
    [New(), Everything(), Last(5), ByIds(3), ByIds(3, 9), ByDates(NOW), ByDates(NOW, NOW.replace(month=4))],
    ids=str,
)
def test_what_is_written_is_read_as_it_was(mode: Any) -> None:
    main = pair(mode=mode, enabled=False)
    task = pair(2, mode=ByIds(1, 5), parent="id1", role="task")
    talk = pair(3, parent="id1", role="comments")
    over = pair(4, mode=ByIds(1, 5), parent="id1", role="task", ended="finished")
    text = written([main], Preferences("zh", RULES), NOW, {"id1": [task, talk, over]})
    document = read(text.encode())
    assert (document.format, document.remarks, document.preferences) == ("bybot", (), Preferences("zh", RULES))
    (entry,) = document.entries
    assert entry.troubles == ()
    assert entry.source == Chat(NEWS.id, "@harbour_news", "Harbour <News>")
    assert entry.target == Chat(COPY.id, None, "存档")
    assert (entry.mode, entry.enabled, entry.rules, entry.comments) == (mode, False, RULES, True)
    assert entry.tasks == (Task(ByIds(1, 5)),)


def test_nothing_that_only_one_account_can_use_is_written() -> None:
    rules = replace(RULES, filters=RULES.filters[:-1])  # without the senders that they name
    text = written([pair(rules=rules)], Preferences(rules=rules), NOW, {})
    for secret in (NEWS.access_hash, COPY.access_hash, 5000100, "id1"):
        assert str(secret) not in text


@pytest.mark.parametrize(
    ("data", "why", "line"),
    [
        (b"", "empty", None),
        (b" \n\n", "empty", None),
        (b"\xff\xfe\x00a", "not_text", None),
        (b"\x89PNG\r\n\x1a\n\0\0", "not_text", None),
        (b"just some words", "unknown", None),
        (b"a: [1", "broken", 1),
        (b'{"format": "bybot-pairs",\n "version": }', "broken", 2),
        (b"{" * 100_000, "broken", 1),
        (b"[" * 100_000, "broken", None),
        (b'{"a": NaN}', "broken", None),
        (b'{"a": 1,\n"b": 2,\n"a": 3}', "twice", 3),
        (b'{"pairs": []}', "unknown", None),
        (b"[]", "unknown", None),
        (b'{"format": "bybot-pairs",\n"version": 2}', "newer", 2),
        (b'{"format": "bybot-pairs", "version": "1"}', "fields", 1),
        (b'{"format": "bybot-pairs"}', "fields", 1),
        (b'{"format": "bybot-pairs", "version": 1,\n\n"extra": 1}', "fields", 3),
        (b'{"format": "bybot-pairs", "version": 1,\n"settings": {\n"language": "fr"}}', "fields", 3),
        (b'{"format": "bybot-pairs", "version": 1, "pairs": {}}', "fields", 1),
        (file(*[ENDS] * 301), "too_many", 4),
        (b"a" * 1_000_001, "too_large", None),
        (BILLION, "broken", None),
        (b"a: " + b"[" * 90_000, "broken", None),
        (b"a: " + b"{a: " * 40_000, "broken", None),
        (b"- " * 90_000, "broken", None),
        (b"? " * 90_000, "broken", None),
        (b"[" * 100 + b"]" * 100, "broken", None),
        (b"[" + b"1," * 490_000 + b"1]", "broken", None),
        (b"a: &a [*a]", "broken", None),
        (b"a: !!python/object/apply:os.system ['true']", "broken", 1),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_where(data: bytes, why: str, line: int | None) -> None:
    with pytest.raises(UnreadablePairs) as raised:
        read(data)
    assert (raised.value.why, raised.value.line) == (why, line)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"source": None}, Wrong.VALUE, "pairs[1].source"),
        ({"source": {}}, Wrong.VALUE, "pairs[1].source"),
        ({"source": {"id": 5}}, Wrong.VALUE, "pairs[1].source.id"),
        ({"source": {"id": -5, "access_hash": 1}}, Wrong.UNKNOWN, "pairs[1].source.access_hash"),
        ({"target": {"name": 5}}, Wrong.VALUE, "pairs[1].target.name"),
        ({"ruels": {}}, Wrong.UNKNOWN, "pairs[1].ruels"),
        ({"enabled": "yes"}, Wrong.VALUE, "pairs[1].enabled"),
        ({"mode": {"kind": "last"}}, Wrong.MISSING, "pairs[1].mode.count"),
        ({"mode": {"kind": "last", "count": 0}}, Wrong.VALUE, "pairs[1].mode.count"),
        ({"mode": {"kind": "some"}}, Wrong.VALUE, "pairs[1].mode"),
        ({"mode": {"count": 1}}, Wrong.MISSING, "pairs[1].mode"),
        ({"mode": {"kind": "ids", "first": 9, "last": 3}}, Wrong.VALUE, "pairs[1].mode"),
        ({"mode": {"kind": "dates", "since": "2026-01-01"}}, Wrong.VALUE, "pairs[1].mode.since"),
        ({"mode": {"kind": "dates", "since": 5}}, Wrong.VALUE, "pairs[1].mode.since"),
        ({"tasks": [{"mode": {"kind": "new"}, "x": 1}]}, Wrong.UNKNOWN, "pairs[1].tasks[1].x"),
        ({"tasks": [{"mode": {"kind": "new"}}]}, Wrong.VALUE, "pairs[1].tasks[1].mode"),
        ({"rules": {"edits": "sometimes"}}, Wrong.VALUE, "pairs[1].rules.edits"),
        ({"rules": {"window": -1}}, Wrong.VALUE, "pairs[1].rules.window"),
        ({"rules": {"window": "many"}}, Wrong.VALUE, "pairs[1].rules.window"),
        ({"rules": {"colour": 1}}, Wrong.UNKNOWN, "pairs[1].rules.colour"),
        ({"rules": {"schedule": {"delay": -1}}}, Wrong.VALUE, "pairs[1].rules.schedule"),
        ({"rules": {"schedule": {"late": 1}}}, Wrong.UNKNOWN, "pairs[1].rules.schedule.late"),
        ({"rules": {"filters": {}}}, Wrong.VALUE, "pairs[1].rules.filters"),
        ({"rules": {"filters": [5]}}, Wrong.VALUE, "pairs[1].rules.filters[1]"),
        ({"rules": {"filters": [{"kind": "magic"}]}}, Wrong.RULE, "pairs[1].rules.filters[1].kind"),
        ({"rules": {"filters": [{"kind": ["words"]}]}}, Wrong.RULE, "pairs[1].rules.filters[1].kind"),
        ({"rules": {"filters": [{"kind": "words"}]}}, Wrong.MISSING, "pairs[1].rules.filters[1].words"),
        ({"rules": {"filters": [{"kind": "words", "words": "abc"}]}}, Wrong.VALUE, "pairs[1].rules.filters[1].words"),
        ({"rules": {"filters": [{"kind": "words", "words": ["a", 5]}]}}, Wrong.VALUE,
         "pairs[1].rules.filters[1].words[2]"),
        ({"rules": {"filters": [{"kind": "matching", "pattern": "a("}]}}, Wrong.PATTERN, "pairs[1].rules.filters[1]"),
        ({"rules": {"transforms": [{"kind": "add", "text": "x"}]}}, Wrong.VALUE, "pairs[1].rules.transforms[1].text"),
        ({"rules": {"transforms": [{"kind": "add", "text": {"text": "x", "entities": [
            {"_": "MessageEntityTextUrl", "offset": 0, "length": 1, "url": 5}]}}]}}, Wrong.VALUE,
         "pairs[1].rules.transforms[1].text.entities[1]"),
        ({"rules": {"transforms": [{"kind": "add", "text": {"text": "x", "entities": [
            {"_": "InputMediaDice", "emoticon": "x"}]}}]}}, Wrong.VALUE,
         "pairs[1].rules.transforms[1].text.entities[1]"),
    ],
)  # fmt: skip
def test_a_mistake_in_one_pair_is_named_with_its_place_and_spoils_no_other(
    change: dict[str, Any], code: Wrong, field: str
) -> None:
    document = read(file(ENDS | change, ENDS))
    wrong, good = document.entries
    assert (good.troubles, good.source) == ((), Chat(-1001, None, "A"))
    assert [(each.code, each.spot.field) for each in wrong.troubles][:1] == [(code, field)]
    lines = file(ENDS | change, ENDS).decode().splitlines()
    name = field.rpartition(".")[2].partition("[")[0]
    assert code is Wrong.MISSING or name in lines[wrong.troubles[0].spot.line - 1] or "[" in field.rpartition(".")[2]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 0, 1, 4]))
def test_every_value_of_json_has_a_line(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    where = from_json(text)
    assert where.value == json.loads(text)
    lines = text.splitlines()
    for path, line in where.lines.items():
        part = where.value
        for step in path:
            part = part[step]
        assert json.dumps(part)[:1] in lines[line - 1], (shown(path), line)


SETTINGS = st.sampled_from(["source", "target", "mode", "enabled", "rules", "tasks", "comments", "filters", "kind"])


@given(st.dictionaries(SETTINGS, VALUES, max_size=5), st.dictionaries(SETTINGS, VALUES, max_size=3))
def test_no_file_of_pairs_makes_reading_fail(change: dict[str, Any], rules: dict[str, Any]) -> None:
    (entry,) = read(file(ENDS | {"rules": rules} | change)).entries
    assert isinstance(entry, Entry)
    assert all(trouble.spot.line >= 1 for trouble in entry.troubles)


def test_the_documented_file_is_read_and_every_rule_is_documented() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "pairs-file.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", text, re.S)
    (entry,) = read(example.encode()).entries
    assert (entry.troubles, entry.mode, entry.tasks) == ((), Last(100), (Task(ByIds(1, 500)),))
    named = set(re.findall(r"`(\w+)`", text))
    assert set(FILTERS) | set(TRANSFORMS) | {each.name for each in fields(Rules)} - {"schedule"} <= named
    for kind in (*FILTERS.values(), *TRANSFORMS.values(), Schedule):
        assert {each.name for each in fields(kind)} <= named, kind
    assert {media.value for media in Media} <= named
