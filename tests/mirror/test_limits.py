"""Floods, limits, protected content, and posts that Telegram refuses."""

from __future__ import annotations

import asyncio
import time

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.errors import AccountLimited, ChatNotWritable, SameChat
from bybot.mirror import Mirror, NoticeKind
from bybot.mirror.pacing import OFF, PACES, Pace, Pacing
from tests.mirror.support import ground, until


@pytest.mark.parametrize("pace", ["off", "quick"])
async def test_a_flood_wait_is_waited_out_and_nothing_is_skipped(pace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "quick", Pace(per_request=0.001, per_post=0.0))
    async with ground() as g:
        await g.corpus(150, seed=21)
        g.faults.add(kind="flood", account=g.ann.id, method="forwardMessages", seconds=2, until_over=True)
        began = time.monotonic()
        async with g.running_mirror(await g.client(), pace=pace) as mirror:
            await until(lambda: mirror.progress and mirror.progress.not_before)
            await g.wait_same()
        assert time.monotonic() - began >= 1.5
        # Asked once, or a few times when several were under way; never in a loop.
        assert sum(f["fired"] for f in g.faults.active()) < 20


@pytest.mark.parametrize("pace", ["off", "quick"])
async def test_a_flood_in_the_middle_keeps_the_order(pace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "quick", Pace(per_request=0.001, per_post=0.0))
    async with ground() as g:
        await g.corpus(150, seed=22, replies=0.3)
        async with g.running_mirror(await g.client(), pace=pace):
            await until(lambda: len(g.copies()) > 20)
            g.faults.add(kind="flood", account=g.ann.id, method="sendMessage", seconds=1, times=1)
            g.faults.add(kind="flood", account=g.ann.id, method="forwardMessages", seconds=1, times=1)
            g.faults.add(kind="flood", account=g.ann.id, method="getHistory", seconds=1, times=1)
            await g.wait_same()


async def test_a_slow_chat_is_waited_for() -> None:
    async with ground() as g:
        await g.corpus(20, seed=23)
        g.faults.add(kind="flood", method="forwardMessages", seconds=1, error="SLOWMODE_WAIT", times=1)
        async with g.running_mirror(await g.client()):
            await g.wait_same()


async def test_protected_posts_are_skipped_counted_and_told_once() -> None:
    async with ground() as g:
        await g.corpus(100, seed=24, protected=7)
        async with g.running_mirror(await g.client()) as mirror:
            await g.wait_same()
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            g.post("secret", noforwards=True)
            g.post("open")
            await g.wait_same()
            assert mirror._engine is not None
            assert mirror._engine.journal.counts.protected == 8
            assert mirror.progress is not None
            assert mirror.progress.left_out == 8
        told = [facts for kind, facts in g.notices if kind is NoticeKind.PROTECTED]
        assert told == [{"whole": False}]


async def test_a_protected_channel_is_not_copied_at_all() -> None:
    async with ground() as g:
        for n in range(5):
            g.post(f"post {n}")
        g.source.noforwards = True
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            assert g.copies() == []
            assert mirror.progress is not None
            assert mirror.progress.skipped >= 5
        assert g.running.counters.calls_of("forwardMessages") == 0
        assert [kind for kind, _ in g.notices].count(NoticeKind.PROTECTED) == 1


async def test_a_channel_that_becomes_protected_on_the_way_is_left_alone() -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.post("before")
        await g.wait_same()
        g.source.noforwards = True
        g.post("after")
        await until(lambda: any(kind is NoticeKind.PROTECTED for kind, _ in g.notices))
        assert [m.text for m in g.copies()] == ["before"]


async def test_posts_deleted_between_reading_and_sending_do_not_stop_the_others() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(30)]
        g.faults.add(kind="latency", method="forwardMessages", seconds=0.3, times=1)
        async with g.running_mirror(await g.client()):
            await until(lambda: g.running.counters.calls_of("forwardMessages"))
            g.world.delete_messages(g.editor, g.source.peer, [posts[3].id, posts[4].id])
            await g.wait_same()


async def test_a_refused_batch_is_taken_apart_until_one_post_is_left() -> None:
    async with ground() as g:
        for n in range(40):
            g.post(f"post {n}")
        # Refused as a whole and in halves: three times, each time something smaller.
        g.faults.add(kind="error", method="forwardMessages", code=400, message="MESSAGE_ID_INVALID", times=3)
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            await g.wait_same()


@pytest.mark.parametrize(("code", "message"), [(400, "PEER_FLOOD"), (420, "FROZEN_METHOD_INVALID")])
async def test_a_limited_account_stops_and_is_not_retried(code: int, message: str) -> None:
    async with ground() as g:
        await g.corpus(30, seed=25)
        g.faults.add(kind="error", method="forwardMessages", code=code, message=message, times=None)
        with pytest.raises(AccountLimited):
            await g.mirror(await g.client(), pace="safe").run()
        assert g.running.counters.calls_of("forwardMessages") == 1


async def test_a_lost_right_ends_the_mirror_and_giving_it_back_lets_it_go_on() -> None:
    async with ground() as g:
        await g.corpus(30, seed=26)
        client = await g.client()
        g.faults.add(kind="error", method="forwardMessages", code=400, message="CHAT_ADMIN_REQUIRED", times=1)
        with pytest.raises(ChatNotWritable):
            await g.mirror(client, pace="safe").run()
        async with g.running_mirror(client):
            await g.wait_same()


async def test_the_same_chat_is_refused() -> None:
    async with ground() as g:
        with pytest.raises(SameChat):
            await Mirror(await g.client(), "@target", "t.me/target", store=g.store).run()


async def test_a_safe_pace_spends_seconds_and_allows_a_burst() -> None:
    clock = ManualClock()
    pacing = Pacing(clock, Pace(per_request=1.0, per_post=0.1, burst=3.0))
    sent: list[float] = []

    async def send() -> None:
        for _ in range(8):
            async with pacing.turn("ForwardMessages", posts=1):
                sent.append(clock.elapsed())

    clock.advance(100)
    task = asyncio.create_task(send())
    for _ in range(400):
        await asyncio.sleep(0)
        clock.advance(0.05)
    await task
    assert [round(at - 100, 1) < 0.3 for at in sent] == [True] * 4 + [False] * 4
    assert sent[-1] - sent[-2] >= 0.9


async def test_a_flood_makes_the_account_slower_and_good_posts_make_it_faster_again() -> None:
    pacing = Pacing(ManualClock(), Pace(recover_after=10))
    pacing.flooded("ForwardMessages", 30)
    assert pacing.factor > 1
    for _ in range(5):
        pacing.sent(10)
    assert pacing.factor == 1


async def test_turns_are_fair() -> None:
    pacing = Pacing(SystemClock(), Pace(per_request=0.001, per_post=0, burst=0))
    order: list[str] = []

    async def pair(name: str, count: int) -> None:
        for _ in range(count):
            async with pacing.turn("ForwardMessages", posts=1):
                order.append(name)

    await asyncio.gather(pair("big", 30), pair("small", 5))
    assert order.index("small") <= 3
    assert max(at for at, name in enumerate(order) if name == "small") <= 13


def test_off_costs_nothing() -> None:
    assert Pacing(ManualClock(), OFF).unpaced
