"""Configurations of tgcf and telemirror become pairs, and say what has no equivalent."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from telethon.tl import types

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.located import from_variables, from_yaml
from bybot.mirror.exchange.model import Chat, Document, Wrong
from bybot.mirror.exchange.reading import read
from bybot.mirror.model import ByIds, Everything, New
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Kinds, Matching, Senders, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import (
    Add,
    RemoveLinks,
    RemoveMentions,
    Replace,
)

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
