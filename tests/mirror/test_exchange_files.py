"""Files of pairs: bybot's own, and those of other programs."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.located import from_json, from_variables, from_yaml, shown
from bybot.mirror.exchange.model import Chat, Document, Entry, Preferences, Task, Wrong
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


# Our own ---------------------------------------------------------------------------------------------------------


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


# tgcf ------------------------------------------------------------------------------------------------------------

TGCF: dict[str, Any] = {
    "pid": 0, "theme": "light", "mode": 1, "admins": [77], "show_forwarded_from": False,
    "login": {"API_ID": 1, "API_HASH": "abcdef0123456789", "user_type": 1, "SESSION_STRING": "1BVtsOK8Bu-hidden"},
    "forwards": [
        {"con_name": "", "use_this": True, "source": "harbour_news", "dest": [-1001000000200, "https://t.me/two"],
         "offset": 10, "end": 20},
        {"con_name": "old", "use_this": False, "source": -1001000000300, "dest": ["@three"], "offset": 0, "end": 0},
    ],
    "live": {"sequential_updates": True, "delete_sync": True, "delete_on_edit": ".deleteMe"},
    "past": {"delay": 5},
    "plugins": {
        "filter": {
            "check": True,
            "users": {"blacklist": ["123", "@name"], "whitelist": []},
            "files": {"blacklist": ["sticker", "document"], "whitelist": []},
            "text": {"blacklist": ["spam", "a.b"], "whitelist": [], "case_sensitive": True, "regex": False},
        },
        "fmt": {"check": True, "style": "bold"},
        "mark": {"check": True, "image": "image.png", "position": "centre", "frame_rate": 15},
        "ocr": {"check": False},
        "replace": {"check": True, "text": {r"(\d+) dollars": r"\1 USD", "x(": "y", "z": "bold"}, "regex": True},
        "caption": {"check": True, "header": "**Top**\n", "footer": "end"},
        "sender": {"check": True, "user_type": 0, "BOT_TOKEN": "123:hidden", "SESSION_STRING": ""},
    },
}  # fmt: skip


def names(document: Document) -> dict[str, str]:
    return {trouble.spot.field: trouble.code for trouble in document.remarks}


def test_a_tgcf_configuration_becomes_pairs_and_says_what_has_no_equivalent() -> None:
    document = read(json.dumps(TGCF, indent=2).encode())
    assert (document.format, document.secrets) == ("tgcf", True)
    assert "hidden" not in repr(document)
    assert "abcdef" not in repr(document)
    first, second, third = document.entries
    assert (first.source, first.target) == (Chat(name="harbour_news"), Chat(-1001000000200))
    assert (second.target, second.mode) == (Chat(name="https://t.me/two"), ByIds(11, 20))
    assert (third.enabled, third.mode, third.source) == (False, Everything(), Chat(-1001000000300))
    assert first.rules == second.rules == third.rules
    assert first.rules.filters == (
        Matching(r"(?:spam)|(?:a\.b)", False, False),
        Kinds(frozenset({Media.STICKER, Media.DOCUMENT, Media.VOICE}), False),
        Senders(frozenset({123}), False),
    )
    replaced, top, end = first.rules.transforms
    assert replaced == Replace(r"(\d+) dollars", r"\1 USD", True, False)
    assert isinstance(top, Add)
    assert (top.text.text, [type(m.entity) for m in top.text.marks], top.where) == (
        "Top", [types.MessageEntityBold], "above",
    )  # fmt: skip
    assert isinstance(end, Add)
    assert (end.text.text, end.where) == ("end", "below")
    assert (first.rules.deletions, first.rules.edits) == ("delete", "edit")
    assert names(document) == {
        "admins": Wrong.NO_EQUIVALENT,
        "past.delay": Wrong.NO_EQUIVALENT,
        "plugins.filter.users.blacklist": Wrong.VALUE,
        "plugins.fmt": Wrong.NO_EQUIVALENT,
        "plugins.mark": Wrong.NO_EQUIVALENT,
        "plugins.replace.text.x(": Wrong.PATTERN,
        "plugins.replace.text.z": Wrong.NO_EQUIVALENT,
        "plugins.sender": Wrong.NO_EQUIVALENT,
        "forwards[2].con_name": Wrong.NO_EQUIVALENT,
    }
    assert not first.enabled, "a rule of the file is missing: nothing is copied before somebody looked at it"


def test_an_older_tgcf_configuration_in_yaml_is_read_too() -> None:
    document = read(
        """\
admins: [yourUserName]
forwards:
  - source: channelName
    dest: [anotherChannel, https://t.me/+Invite]
  - source: -1001000000100
    dest: -1001000000200
    offset: 5
plugins:
  filter:
    text: {whitelist: [news, 新闻]}
  replace:
    text: {god: devil, 1: one}
""".encode()
    )
    assert [(e.source.shown, e.target.shown, e.spot.line) for e in document.entries] == [
        ("channelName", "anotherChannel", 4),
        ("channelName", "https://t.me/+Invite", 4),
        ("-1001000000100", "-1001000000200", 6),
    ]
    rules = document.entries[0].rules
    assert rules.filters == (Words(("news", "新闻"), True),)
    assert rules.transforms == (Replace("god", "devil", False, False), Replace("1", "one", False, False))
    assert rules.deletions == "keep"
    assert [e.mode for e in document.entries] == [New(), New(), ByIds(6)]
    assert all(e.enabled for e in document.entries)


# telemirror ------------------------------------------------------------------------------------------------------

MIRROR = r"""
filters:
  - ForwardFormatFilter:
      format: "{message_text}\n\nFrom [{channel_name}]({message_link})"
  - EmptyMessageFilter
  - UrlMessageFilter:
      whitelist: !!set
        ? youtube.com
disable_delete: true
mode: copy
directions:
  - from: [-1001, -1002]
    to: [-1003]
  - from: ["-1001#3"]
    to: ["-1004#4"]
  - from: [-1005]
    to: [-1006, "-1007"]
    mode: forward
    disable_edit: true
    disable_delete: false
    filters:
      - UrlMessageFilter:
          blacklist: !!set
            ? t.me
          filter_mention: true
      - KeywordReplaceFilter:
          keywords:
            "google.com": 'bing\com'
            "r'foo.*'": "bar"
      - SkipWithKeywordsFilter:
          keywords: !!set
            ? "stopword"
            ? "r'bad.*'"
      - SkipUrlFilter: {skip_mention: false}
      - ForwardFormatFilter:
          format: "**News**: {message_text}"
      - RestrictSavingContentBypassFilter
      - WatermarkRemovalFilter: {x: 1}
"""


def test_a_telemirror_configuration_becomes_pairs_and_says_what_has_no_equivalent() -> None:
    document = read(MIRROR.encode())
    assert (document.format, document.secrets) == ("telemirror", False)
    first, second, topic, fourth, fifth = document.entries
    assert [(e.source.id, e.target.id) for e in (first, second, fourth, fifth)] == [
        (-1001, -1003), (-1002, -1003), (-1005, -1006), (-1005, -1007),
    ]  # fmt: skip
    assert [(t.code, t.detail) for t in topic.troubles] == [(Wrong.NO_EQUIVALENT, "topic")] * 2
    assert first.rules == Rules(transforms=(RemoveLinks(frozenset({"youtube.com"})),), deletions="keep")
    assert first.enabled
    assert (fourth.rules.edits, fourth.rules.deletions, fourth.enabled) == ("ignore", "delete", False)
    links, mentions, google, foo, news = fourth.rules.transforms
    assert isinstance(links, Replace)
    assert (isinstance(mentions, RemoveMentions), isinstance(news, Add)) == (True, True)
    assert google == Replace(r"(?<!\w)google\.com(?!\w)", r"bing\\com", True)
    assert foo == Replace("foo.*", "bar", True)
    words, urls = fourth.rules.filters
    assert isinstance(words, Matching)
    assert sorted(words.pattern.split("|")) == [r"(?:(?<!\w)stopword(?!\w))", "(?:bad.*)"]
    assert isinstance(urls, Matching)
    assert not urls.allow
    told = names(document)
    assert told["filters[1].ForwardFormatFilter.format"] == Wrong.NO_EQUIVALENT
    assert told["directions[3].mode"] == Wrong.NO_EQUIVALENT
    assert told["directions[3].filters[6]"] == Wrong.REFUSED
    assert told["directions[3].filters[7].WatermarkRemovalFilter"] == Wrong.NO_EQUIVALENT
    assert told["directions[3].filters[4].SkipUrlFilter"] == Wrong.PARTLY


def test_an_older_telemirror_configuration_with_settings_of_targets_is_read() -> None:
    document = read(b"""\
disable_edit: true
directions:
  - from: [-1]
    to: [-2, -3]
targets:
  - id: -3
    disable_edit: false
    filters:
      - SkipWithKeywordsFilter: {keywords: ["x("], regex: true}
""")
    first, second = document.entries
    assert [(entry.target.id, entry.rules.edits, entry.enabled) for entry in (first, second)] == [
        (-2, "ignore", True),
        (-3, "edit", False),
    ]
    assert [(each.code, each.spot.line) for each in document.remarks] == [(Wrong.PATTERN, 9)]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("see t.me/one now", "see *** now"),
        ("https://www.t.me/a/b?c and https://example.org/t.me", "*** and https://example.org/t.me"),
        ("not.t.me.example stays", "not.t.me.example stays"),
    ],
)
def test_only_the_named_links_of_telemirror_are_replaced(text: str, changed: str) -> None:
    from bybot.mirror.rules.transforms import Place

    document = read(b"directions:\n- {from: [-1], to: [-2], filters: [{UrlMessageFilter: {blacklist: [t.me]}}]}")
    (links,) = document.entries[0].rules.transforms
    assert links.apply(Rich(text), Place("p", 1)).text == changed


def test_the_variables_of_telemirror_are_read_and_its_logins_are_not_kept() -> None:
    document = read(b"""\
# my config
API_ID=1
API_HASH="0123hidden"
SESSION_STRING=1BVhidden
CHAT_MAPPING=[-1001,-1002:-1003];[-1004:-1005,-1006];
REMOVE_URLS=true
REMOVE_URLS_WL=youtube.com,vk.com
DISABLE_DELETE=true
""")
    assert document.secrets
    assert "hidden" not in repr(document)
    assert [(e.source.id, e.target.id, e.spot.line) for e in document.entries] == [
        (-1001, -1003, 5), (-1002, -1003, 5), (-1004, -1005, 5), (-1004, -1006, 5),
    ]  # fmt: skip
    rules = document.entries[0].rules
    assert rules == Rules(transforms=(RemoveLinks(frozenset({"youtube.com", "vk.com"})),), deletions="keep")


@pytest.mark.parametrize(
    "text",
    [
        "CHAT_MAPPING=" + "-1," * 300_000,
        "CHAT_MAPPING=" + "-1," * 300_000 + ":" + "-1," * 30_000,
        "CHAT_MAPPING=" + "[" * 900_000,
        "A=x" + " " * 900_000 + "y\nCHAT_MAPPING=[-1:-2]",
        " " * 900_000 + "=\nCHAT_MAPPING=[-1:-2]",
        "export " * 100_000 + "=1\nCHAT_MAPPING=[-1:-2]",
    ],
    ids=range(6),
)
def test_no_line_takes_long(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(UnreadablePairs):
        assert [entry.target.id for entry in read(text.encode()).entries] in ([], [-2])
    assert time.process_time() - began < 20, "the work grows with the square of the length"


def test_a_yaml_configuration_within_the_variables_is_read() -> None:
    document = read(b"X=1\nYAML_CONFIG_ENV='directions:\n  - from: [-1]\n    to: [-2]'\nDB_PASS=secret\n")
    assert document.secrets
    assert [(e.source.id, e.target.id, e.spot.line) for e in document.entries] == [(-1, -2, 2)]
    escaped = read(rb"YAML_CONFIG_ENV=directions:\n  - from: [-1]\n    to: [-2]")
    assert [e.target.id for e in escaped.entries] == [-2]


def test_values_of_variables_may_be_quoted_and_go_on() -> None:
    where = from_variables("A='x'\nexport B=\"y\nz\"\n# C=1\nD = 'it''s\nE=\n")
    assert where.value["A"] == "x"
    assert where.value["B"] == "y\nz"
    assert "C" not in where.value


def test_a_set_of_yaml_and_a_merge_are_plain_values() -> None:
    assert from_yaml("a: !!set {x, y}\nb: &b {c: 1}\nd: {<<: *b, e: 2}").value == {
        "a": {"x", "y"},
        "b": {"c": 1},
        "d": {"c": 1, "e": 2},
    }


# The document ----------------------------------------------------------------------------------------------------


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
