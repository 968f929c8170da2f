"""Posts that go later, not at night, or only so many in an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bybot.clock import ManualClock
from bybot.mirror import ByIds
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.schedule import Schedule
from tests.mirror.support import Ground, ground, until

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def at(hours: float, base: datetime = NOON) -> datetime:
    return base + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("schedule", "posted", "sent", "free"),
    [
        (Schedule(), 0, [], 0),
        (Schedule(delay=30), -1, [], 0),
        (Schedule(delay=90), -1, [], 0.5),
        (Schedule(per_hour=2), -1, [-0.5], 0),
        (Schedule(per_hour=2), -1, [-0.9, -0.5], 0.1),
        (Schedule(per_hour=2), -1, [-2, -0.5], 0),
        (Schedule(delay=90, per_hour=1), -1, [-0.1], 0.9),
    ],
)
def test_a_post_goes_when_all_that_holds_it_back_is_over(
    schedule: Schedule, posted: float, sent: list[float], free: float
) -> None:
    assert schedule.free_at(at(posted), NOON, [at(hours) for hours in sent]) == at(free)


@pytest.mark.parametrize(
    ("quiet", "now", "free"),
    [
        ((23 * 60, 7 * 60, 0), datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC), None),
        ((23 * 60, 7 * 60, 0), datetime(2026, 3, 1, 23, 0, tzinfo=UTC), datetime(2026, 3, 2, 7, 0, tzinfo=UTC)),
        ((23 * 60, 7 * 60, 0), datetime(2026, 3, 1, 6, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, 7, 0, tzinfo=UTC)),
        ((23 * 60, 7 * 60, 0), datetime(2026, 3, 1, 7, 0, tzinfo=UTC), None),
        ((23 * 60, 7 * 60, 480), datetime(2026, 3, 1, 15, 30, tzinfo=UTC), datetime(2026, 3, 1, 23, 0, tzinfo=UTC)),
        ((9 * 60, 17 * 60, -330), datetime(2026, 3, 1, 15, 0, tzinfo=UTC), datetime(2026, 3, 1, 22, 30, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_the_persons_clock(
    quiet: tuple[int, int, int], now: datetime, free: datetime | None
) -> None:
    first, last, offset = quiet
    schedule = Schedule(quiet_from=first, quiet_until=last, offset=offset)
    assert schedule.free_at(now, now, []) == (free or now)


@pytest.mark.parametrize(
    "facts", [{"delay": -1}, {"delay": 10**6}, {"quiet_from": 1440}, {"offset": 1440}, {"per_hour": 501}]
)
def test_a_schedule_that_makes_no_sense_is_refused(facts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Schedule(**facts)


@given(
    st.builds(
        Schedule,
        delay=st.integers(0, 300),
        quiet_from=st.integers(0, 1439),
        quiet_until=st.integers(0, 1439),
        offset=st.integers(-720, 840),
        per_hour=st.integers(0, 4),
    ),
    st.lists(st.integers(0, 5000), min_size=1, max_size=25),
)
def test_whatever_is_posted_goes_in_order_and_never_against_its_schedule(schedule: Schedule, posted: list[int]) -> None:
    now, sent = NOON, list[datetime]()
    for minute in sorted(posted):
        post = NOON + timedelta(minutes=minute)
        now = schedule.free_at(post, max(now, post), sent)
        sent.append(now)
        assert now >= post + timedelta(minutes=schedule.delay)
        local = now + timedelta(minutes=schedule.offset)
        into = (local.hour * 60 + local.minute - schedule.quiet_from) % 1440
        assert into >= (schedule.quiet_until - schedule.quiet_from) % 1440
        if schedule.per_hour:
            assert sum(1 for at in sent if now - at < timedelta(hours=1)) <= schedule.per_hour


def rules(**facts: int) -> Rules:
    made = Rules(schedule=Schedule(**facts))
    assert Rules.from_value(made.to_value()) == made
    return made


def texts(g: Ground) -> list[str]:
    return [message.text for message in g.copies()]


async def held(mirror: Any) -> None:
    await until(lambda: mirror.progress is not None and mirror.progress.due is not None)


async def test_a_delayed_post_is_copied_as_it_is_then() -> None:
    clock = ManualClock(datetime.now(UTC))
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(4)]
        async with g.running_mirror(await g.client(), clock=clock, rules=rules(delay=10)) as mirror:
            await held(mirror)
            g.post("live")
            g.world.edit_message(g.editor, g.source.peer, posts[1].id, text="edited in time")
            g.world.delete_messages(g.editor, g.source.peer, [posts[2].id])
            assert texts(g) == []
            clock.advance(601 + 30)
            await until(lambda: len(texts(g)) == 4)
        assert texts(g) == ["post 0", "edited in time", "post 3", "live"]


async def test_so_many_an_hour_also_over_a_restart_and_albums_stay_whole() -> None:
    clock = ManualClock(datetime.now(UTC))
    async with ground() as g:
        g.post("one")
        g.album(1, 2, 3, text="album")
        for text in ("two", "three"):
            g.post(text)
        limit = rules(per_hour=2)
        async with g.running_mirror(await g.client(), clock=clock, rules=limit) as mirror:
            await until(lambda: len(texts(g)) == 4)
            await held(mirror)
        clock.advance(1800)
        async with g.running_mirror(await g.client(), clock=clock, rules=limit) as mirror:
            await held(mirror)
            assert texts(g) == ["one", "album", "", ""]
            clock.advance(1900)
            await until(lambda: len(texts(g)) == 6)
            g.post("four")
            await held(mirror)
            clock.advance(3700)
            await until(lambda: texts(g)[-1] == "four")
        g.check()


async def test_a_range_is_not_finished_while_a_post_of_it_waits() -> None:
    clock = ManualClock(datetime.now(UTC))
    async with ground() as g:
        ids = [g.post(f"post {n}").id for n in range(6)]
        mode = ByIds(ids[1], ids[3])
        async with g.running_mirror(await g.client(), clock=clock, mode=mode, rules=rules(per_hour=2)) as mirror:
            await held(mirror)
            assert mirror.progress is not None
            assert mirror.progress.phase == "history"
            clock.advance(3700)
            await until(lambda: mirror.progress is not None and mirror.progress.phase == "finished")
        assert texts(g) == ["post 1", "post 2", "post 3"]


async def test_a_post_that_may_go_before_those_ahead_of_it_are_answered_is_not_left_out() -> None:
    clock = ManualClock(datetime.now(UTC))
    async with ground() as g:
        ids = [g.post(f"post {n}").id for n in range(6)]
        g.faults.add(kind="latency", method="forwardMessages", seconds=0.5, times=1)
        mode = ByIds(ids[1], ids[3])
        async with g.running_mirror(await g.client(), clock=clock, mode=mode, rules=rules(per_hour=2)) as mirror:
            await held(mirror)
            assert texts(g) == []
            clock.advance(3700)
            await until(lambda: mirror.progress is not None and mirror.progress.phase == "finished")
        assert texts(g) == ["post 1", "post 2", "post 3"]
