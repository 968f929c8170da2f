"""Cursor, message map, random ids and planner: pure, so held by properties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bybot.mirror.cursor import SETTLE_IDS, SETTLE_SECONDS, Cursor
from bybot.mirror.idmap import IdRuns
from bybot.mirror.model import (
    ByDates,
    ByIds,
    ChannelPair,
    ChatRef,
    Everything,
    Last,
    Mode,
    New,
    mode_from_value,
    mode_to_value,
)
from bybot.mirror.planner import MAX_IDS, How, plan, units_of
from bybot.mirror.random_ids import random_ids

ids = st.lists(st.integers(1, 2_000), unique=True, max_size=300)


@given(ids)
def test_a_cursor_forgets_nothing_that_was_done(done: list[int]) -> None:
    cursor = Cursor()
    for at, source_id in enumerate(done):
        cursor.done([source_id], now=at)
        cursor.settle(now=at)
    assert all(source_id in cursor for source_id in done)
    assert cursor.highest == max(done, default=0)


@given(ids, ids)
def test_a_cursor_never_passes_what_is_still_to_be_done(done: list[int], pinned: list[int]) -> None:
    cursor = Cursor()
    cursor.pin(pinned)
    cursor.done([source_id for source_id in done if source_id not in pinned], now=0)
    cursor.settle(now=1e9)
    assert all(source_id not in cursor for source_id in pinned)


@given(ids)
def test_a_cursor_stays_the_same_through_the_store(done: list[int]) -> None:
    cursor = Cursor()
    cursor.done(done, now=0)
    cursor.settle(now=0)
    again = Cursor.from_value(cursor.to_value(), now=0)
    assert (again.mark, list(again.above()), again.highest) == (
        cursor.mark,
        list(cursor.above()),
        cursor.highest,
    )


def test_a_fresh_hole_stays_open_and_closes_after_a_minute() -> None:
    cursor = Cursor()
    cursor.done([1, 2, 4], now=0)
    assert cursor.settle(now=1) == 2
    assert cursor.has_holes()
    assert cursor.settle(now=SETTLE_SECONDS) == 4
    assert not cursor.has_holes()


def test_a_hole_far_below_the_top_is_closed_at_once() -> None:
    cursor = Cursor()
    cursor.done([1, 5_000], now=0)
    assert cursor.settle(now=0) == 5_000 - SETTLE_IDS


@given(st.dictionaries(st.integers(1, 500), st.integers(1, 10_000)))
def test_a_message_map_answers_what_was_put_in_any_order(entries: dict[int, int]) -> None:
    runs = IdRuns()
    for source, target in entries.items():
        runs.put(source, target)
    again = IdRuns.decode(runs.encode())
    for source in range(502):
        assert runs.get(source) == entries.get(source)
        assert again.get(source) == entries.get(source)
    assert len(again) == len(entries)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 100)), max_size=60))
def test_a_message_map_keeps_the_last_target_of_a_source(entries: list[tuple[int, int]]) -> None:
    runs = IdRuns()
    for source, target in entries:
        runs.put(source, target)
    assert dict(runs) == dict(entries)


def test_a_map_of_a_thousand_consecutive_posts_takes_a_few_bytes() -> None:
    runs = IdRuns()
    for at in range(1, 1_001):
        runs.put(at, at + 7_000)
    assert len(runs.encode()) < 10


@given(st.integers(1, 2**31), st.integers(1, 2**31))
def test_random_ids_are_stable_positive_and_differ_by_everything(one: int, other: int) -> None:
    of = random_ids("pair", 1, -100123)
    assert of(one) == random_ids("pair", 1, -100123)(one)
    assert 0 < of(one) < 2**63
    assert (of(one) == of(other)) == (one == other)
    others = {
        random_ids("pair2", 1, -100123)(one),
        random_ids("pair", 2, -100123)(one),
        random_ids("pair", 1, -100124)(one),
        of(one, 1),
    }
    assert len(others) == 4
    assert of(one) not in others


@dataclass
class Header:
    reply_to_msg_id: int
    reply_to_peer_id: object = None


@dataclass
class Post:
    id: int
    grouped_id: int | None = None
    reply_to: Header | None = None
    noforwards: bool = False
    action: object = None
    message: str = ""


@st.composite
def posts(draw: st.DrawFn) -> list[Post]:
    result: list[Post] = []
    source_id = 0
    group = 0
    for _ in range(draw(st.integers(0, 120))):
        source_id += draw(st.integers(1, 3))
        kind = draw(st.sampled_from(["text", "text", "text", "album", "reply", "service", "protected"]))
        if kind == "album":
            group += 1
            for _ in range(draw(st.integers(2, 10))):
                result.append(Post(source_id, grouped_id=group))
                source_id += 1
        elif kind == "reply":
            result.append(Post(source_id, reply_to=Header(draw(st.integers(1, source_id)))))
        elif kind == "service":
            result.append(Post(source_id, action="pinned"))
        else:
            result.append(Post(source_id, noforwards=kind == "protected"))
    return result


@given(posts(), st.integers(0, 200))
def test_a_plan_sends_every_post_once_in_order_and_cuts_no_album(source: list[Post], uncertain: int) -> None:
    made = plan(source, copied=lambda _: False, may_reply=lambda _: True, uncertain_until=uncertain)
    sent = [source_id for step in made.steps for source_id in step.ids]
    assert sent == [p.id for p in source if p.action is None and not p.noforwards]
    assert made.service == [p.id for p in source if p.action]
    assert made.protected == [p.id for p in source if p.noforwards]
    seen: set[int] = set()
    for step in made.steps:
        assert len(step.ids) <= MAX_IDS
        groups = {m.grouped_id for m in step.messages if m.grouped_id}
        assert not groups & seen, "an album in two requests"
        seen |= groups
        if step.how is How.ANEW:
            assert len(step.units) == 1
        if step.units[0].last_id <= uncertain:
            assert len(step.units) == 1
            assert step.alone


def test_a_reply_to_a_post_without_a_copy_stays_in_the_batch_and_is_counted() -> None:
    source = [Post(10), Post(11, reply_to=Header(3)), Post(12)]
    made = plan(source, copied=lambda _: False, may_reply=lambda _: True)
    assert [step.ids for step in made.steps] == [[10, 11, 12]]
    assert made.reply_lost == 1


def test_a_reply_to_a_copied_post_splits_the_batch() -> None:
    source = [Post(10), Post(11, reply_to=Header(3)), Post(12)]
    made = plan(source, copied=lambda source_id: source_id == 3, may_reply=lambda _: True)
    assert [(step.how, step.ids) for step in made.steps] == [
        (How.FORWARD, [10]),
        (How.ANEW, [11]),
        (How.FORWARD, [12]),
    ]


def test_a_reply_into_another_chat_is_no_reply() -> None:
    made = plan([Post(1), Post(2, reply_to=Header(1, "elsewhere"))], copied=bool, may_reply=bool)
    assert [step.ids for step in made.steps] == [[1, 2]]


def test_an_album_with_a_stranger_between_its_parts_stays_one_unit() -> None:
    source = [Post(1), Post(2, grouped_id=7), Post(3), Post(4, grouped_id=7), Post(5)]
    assert [unit.ids for unit in units_of(source)] == [(1,), (2, 3, 4), (5,)]


@given(
    st.one_of(
        st.just(New()),
        st.builds(Last, st.integers(1, 10**6)),
        st.just(Everything()),
        st.builds(ByIds, st.integers(1, 10), st.one_of(st.none(), st.integers(10, 20))),
        st.builds(ByDates, st.datetimes(timezones=st.just(UTC)), st.none()),
    )
)
def test_a_pair_stays_the_same_through_the_store(mode: Mode) -> None:
    assert mode_from_value(mode_to_value(mode)) == mode
    chat = ChatRef(-1001, "News", "news", "channel", True, False, False, 77)
    pair = ChannelPair("p", "7", chat, chat, mode, datetime(2026, 1, 1, tzinfo=UTC))
    assert ChannelPair.from_value(pair.to_value()) == pair
