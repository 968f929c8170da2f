"""Live posts, the place where history and live meet, downtime, and pushes that do not behave."""

from __future__ import annotations

import asyncio

import pytest

from bybot.mirror import Everything, New, NoticeKind
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.messages import Draft
from tests.mirror.support import ground, until


async def test_only_new_posts_are_copied_when_that_was_asked() -> None:
    async with ground() as g:
        g.post("before")
        async with g.running_mirror(await g.client(), mode=New()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            posts = [g.post(f"post {n}") for n in range(20)]
            await until(lambda: len(g.copies()) >= 20)
            g.check(posts)


async def test_posts_that_arrive_during_the_clone_are_neither_lost_nor_doubled() -> None:
    async with ground() as g:
        await g.corpus(300, seed=5)
        async with g.running_mirror(await g.client(), mode=Everything()) as mirror:
            for n in range(60):
                g.post(f"meanwhile {n}")
                await asyncio.sleep(0.002)
            await g.wait_same()
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
        assert [kind for kind, _ in g.notices if kind is NoticeKind.HISTORY_DONE] == [NoticeKind.HISTORY_DONE]


async def test_live_albums_and_replies_are_copied_whole_and_in_order() -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        first = g.post("first")
        g.album(1, 2, 3, text="three")
        g.post("an answer", reply_to=first.id)
        g.album(4, 5)
        await g.wait_same()


async def test_an_album_that_answers_a_post_keeps_its_parts_captions_and_header() -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        first = g.post("first")
        media = [media_of(g.world, "album", number) for number in (1, 2)]
        parts = [Draft(text=f"caption {at}", media=each, reply_to=first.id) for at, each in enumerate(media)]
        g.world.send_album(g.editor, g.source.peer, parts)
        g.post("after it")
        await g.wait_same()


async def test_after_downtime_the_missed_posts_arrive_in_order() -> None:
    async with ground() as g:
        await g.corpus(50, seed=6)
        async with g.running_mirror(await g.client()):
            await g.wait_same()
        for n in range(250):
            g.post(f"missed {n}")
        g.album(7, 8, 9)
        async with g.running_mirror(await g.client()):
            await g.wait_same()
            g.post("and live again")
            await g.wait_same()


@pytest.mark.parametrize("fault", ["lost_push", "reversed_push"])
async def test_pushes_that_misbehave_lose_nothing_and_keep_the_order(fault: str) -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.faults.add(kind=fault, account=g.ann.id, times=3)
        for n in range(6):
            g.post(f"post {n}")
            await asyncio.sleep(0.01)
        await g.wait_same()


async def test_a_push_that_never_comes_is_found_by_looking() -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.faults.add(kind="lost_push", account=g.ann.id, times=None)
        g.post("silence")
        await g.wait_same()


async def test_a_difference_that_is_too_long_loses_nothing() -> None:
    async with ground() as g:
        client = await g.client()
        async with g.running_mirror(client) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            g.faults.add(kind="difference_too_long", account=g.ann.id, times=3)
            g.faults.add(kind="lost_push", account=g.ann.id, times=5)
            for n in range(12):
                g.post(f"post {n}")
                await asyncio.sleep(0.005)
            await g.wait_same()


async def test_a_connection_that_breaks_is_caught_up() -> None:
    async with ground() as g, g.running_mirror(await g.client()) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.post("one")
        await g.wait_same()
        g.running.server.close_connections(g.ann.id)
        g.post("two")
        g.post("three")
        await g.wait_same()
