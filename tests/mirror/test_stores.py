"""The cursor and the message map last in the stores that people use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.mirror import ByIds
from bybot.stores.base import Store
from bybot.stores.local import LocalFileStore
from tests.mirror.support import ground, until


@asynccontextmanager
async def local(directory: Path) -> AsyncIterator[Store]:
    store = LocalFileStore(directory, "bybot_test", SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def test_a_clone_goes_on_from_files(tmp_path: Path) -> None:
    async with ground() as g:
        await g.corpus(120, seed=31)
        async with local(tmp_path) as store, g.running_mirror(await g.client(), store=store):
            await until(lambda: len(g.copies()) > 30)
        first = g.copies()[0].id
        g.post("an answer", reply_to=g.originals()[0].id)
        async with local(tmp_path) as store, g.running_mirror(await g.client(), store=store):
            await g.wait_same()
        assert g.copies()[-1].reply_to == first


@pytest.mark.parametrize("last", [6, 7, 8])
async def test_a_range_whose_last_id_is_a_hole_ends_all_the_same(last: int) -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(12)]
        g.world.delete_messages(g.editor, g.source.peer, [6, 7, 8])
        mirror = g.mirror(await g.client(), ByIds(3, last))
        await mirror.run()
        g.check([m for m in posts if m.id in range(3, 6)])


async def test_a_range_that_ends_in_the_future_follows_until_then() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(3)]
        mirror = g.mirror(await g.client(), ByIds(2, 6))
        task = asyncio.create_task(mirror.run())
        await until(lambda: len(g.copies()) == 3)
        posts += [g.post(f"later {n}") for n in range(4)]
        await asyncio.wait_for(task, 10)
        g.check([m for m in posts if m.id <= 6])
