"""Cloning a history: everything, the last posts, a range; over a socket against the sandbox."""

from __future__ import annotations

import pytest

from bybot.mirror import ByIds, Last
from bybot.mirror.pacing import PACES, Pace
from tests.mirror.support import ground, until


@pytest.mark.parametrize("pace", ["off", "quick"])
async def test_a_mixed_history_is_cloned_as_it_is(pace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "quick", Pace(per_request=0.001, per_post=0.0))
    async with ground() as g:
        await g.corpus(400, seed=3, replies=0.2, others=0.25)
        async with g.running_mirror(await g.client(), pace=pace):
            await g.wait_same()


async def test_the_last_posts_are_cloned_and_an_album_at_the_border_is_taken_whole() -> None:
    async with ground() as g:
        g.post("too old")
        album = g.album(1, 2, 3, text="an album")
        tail = [g.post(f"post {n}") for n in range(5)]
        async with g.running_mirror(await g.client(), mode=Last(6)):
            await until(lambda: len(g.copies()) >= 8)
            g.check([*album, *tail])


async def test_a_range_of_ids_ends_by_itself() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(10)]
        mirror = g.mirror(await g.client(), ByIds(posts[2].id, posts[6].id))
        await mirror.run()
        g.check(posts[2:7])
        assert mirror.progress is not None
        assert mirror.progress.phase == "finished"
