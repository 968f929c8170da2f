"""A day has room for so many posts of one account, whatever restarts come between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bybot.clock import ManualClock
from bybot.mirror import NoticeKind
from bybot.mirror.allowance import Allowance, allowance_key
from bybot.mirror.pacing import PACES, SAFE, Pace
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.stores.base import Document
from bybot.stores.memory import MemoryStore
from tests.mirror.support import ground, until

MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)


async def noted(store: MemoryStore) -> dict[str, object]:
    document = await store.get(allowance_key(7))
    assert isinstance(document, Document)
    return dict(document.data)


async def test_a_full_day_waits_for_the_next_one_and_says_so_once() -> None:
    clock = ManualClock(MORNING)
    allowance = Allowance(MemoryStore(clock), 7, clock, 1000)
    told: list[datetime] = []
    for _ in range(10):
        await allowance.take(100, told.append)
    waiting = asyncio.create_task(allowance.take(100, told.append))
    await until(lambda: told)
    for _ in range(20):
        clock.advance(3600)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.wait_for(waiting, 5)
    assert told == [datetime(2026, 3, 2, tzinfo=UTC)]
    assert allowance.until is None


async def test_what_was_sent_is_noted_ahead_and_exactly_in_the_end() -> None:
    clock = ManualClock(MORNING)
    store = MemoryStore(clock)
    allowance = Allowance(store, 7, clock, 1000)
    await allowance.take(100)
    assert await noted(store) == {"day": "2026-03-01", "posts": 150}
    died = Allowance(store, 7, clock, 1000)  # whoever comes after a process that died counts what was noted ahead
    await died.take(400)
    await died.close()
    assert await noted(store) == {"day": "2026-03-01", "posts": 550}
    clock.advance(86_400)
    fresh = Allowance(store, 7, clock, 1000)
    await fresh.take(2000)  # more than a day's share goes on a fresh day
    await fresh.close()
    assert await noted(store) == {"day": "2026-03-02", "posts": 2000}


async def test_without_a_cap_nothing_is_noted() -> None:
    clock = ManualClock(MORNING)
    store = MemoryStore(clock)
    await Allowance(store, 7, clock, 0).take(10**9)
    assert await store.get(allowance_key(7)) is None


def test_an_estimate_knows_that_days_have_an_end() -> None:
    assert SAFE.per_day == 50_000
    assert SAFE.seconds(120_000) == 2 * 86_400
    assert SAFE.seconds(600, in_one=60) == pytest.approx(36)


async def test_posts_beyond_a_days_share_go_on_the_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "off", Pace(per_request=0.001, per_post=0.0, per_day=5))
    now = datetime.now(UTC)
    clock = ManualClock(now.replace(hour=12))
    rules = Rules(transforms=(Replace("old", "new"),))  # each post goes by itself
    async with ground() as g:

        def sent(count: int) -> bool:
            clock.advance(0.01)  # the pace lets the next one go
            return len(g.copies()) == count

        for n in range(8):
            g.post(f"old {n}")
        client = await g.client()
        async with g.running_mirror(client, clock=clock, rules=rules):
            await until(lambda: sent(5))
        async with g.running_mirror(client, clock=clock, rules=rules) as mirror:
            await until(lambda: sent(5) and mirror.progress is not None and mirror.progress.due is not None)
            assert len(g.copies()) == 5
            assert NoticeKind.DAY_FULL in [kind for kind, _ in g.notices]
            for _ in range(13):
                clock.advance(3600)
                await asyncio.sleep(0.01)
            await until(lambda: sent(8))
        assert [m.text for m in g.copies()] == [f"new {n}" for n in range(8)]
