"""Nothing missing and nothing double, wherever the process dies and whatever Telegram does not answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon import TelegramClient, utils
from telethon.tl import types

from bybot.clock import SystemClock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror import Mirror, New
from bybot.mirror.pacing import PACES, Pace
from bybot.mirror.random_ids import random_ids
from bybot.sandbox.mtproto.switches import Switches
from bybot.stores.base import Committed, Write
from bybot.stores.memory import MemoryStore
from tests.mirror.support import Ground, ground, until

REPEATS = ["replay", "refuse"]


class MortalStore:
    """What one process sees of a store: after its death nothing that it writes arrives."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.dead = False

    async def commit(self, writes: Sequence[Write]) -> Committed:
        if self.dead:
            raise StaleWrite("the process is dead")
        return await self._store.commit(writes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@asynccontextmanager
async def killed(g: Ground, client: TelegramClient, **options: Any) -> AsyncIterator[Mirror]:
    """A mirror that is killed at the end: nothing is written, no answer is read any more."""
    store = MortalStore(g.store)
    mirror = g.mirror(client, store=store, **options)
    task = asyncio.create_task(mirror.run())
    try:
        yield mirror
    finally:
        store.dead = True
        client._sender._connection._writer.transport.abort()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.disconnect()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "quick", Pace(per_request=0.0005, per_post=0.0))


@pytest.mark.parametrize("repeated", REPEATS)
@pytest.mark.parametrize("pace", ["off", "quick"])
@pytest.mark.parametrize("nth", [1, 2, 13])
async def test_a_kill_after_an_unanswered_send_loses_and_doubles_nothing(pace: str, repeated: Any, nth: int) -> None:
    async with ground(switches=Switches(repeated_forward=repeated)) as g:
        await g.corpus(250, seed=11)
        cut = g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=nth, hold=True)
        async with killed(g, await g.client(), pace=pace):
            assert await g.faults.wait_fired(cut.id, 10)
        assert g.copies(), "the send was applied"
        g.faults.clear()
        for n in range(5):
            g.post(f"while it was dead {n}")
        async with g.running_mirror(await g.client(), pace=pace):
            await g.wait_same()


@pytest.mark.parametrize("seed", range(4))
async def test_many_kills_at_any_moment_lose_and_double_nothing(seed: int) -> None:
    chance = random.Random(seed)
    async with ground(switches=Switches(repeated_forward=chance.choice(REPEATS))) as g:
        await g.corpus(300, seed=seed, albums=0.2, replies=0.2, others=0.15)
        pace = chance.choice(["off", "quick"])
        for life in range(6):
            async with killed(g, await g.client(), pace=pace):
                await asyncio.sleep(chance.uniform(0.005, 0.12))
                g.post(f"live in life {life}")
                await asyncio.sleep(chance.uniform(0.0, 0.05))
        async with g.running_mirror(await g.client(), pace=pace):
            await g.wait_same()
        assert len(g.copies()) == len(g.originals())


@pytest.mark.parametrize("pace", ["off", "quick"])
async def test_answers_that_are_cut_off_are_made_up_for_while_running(pace: str) -> None:
    async with ground() as g:
        await g.corpus(200, seed=12)
        for nth in (2, 9, 15):
            g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=nth)
        async with g.running_mirror(await g.client(), pace=pace):
            await g.wait_same(30)


async def test_a_repeat_while_the_first_call_is_still_carried_out_waits() -> None:
    async with ground() as g:
        await g.corpus(60, seed=13)
        g.world.random_ids.slow[g.ann.id] = 0.4
        async with killed(g, await g.client()):
            await asyncio.sleep(0.25)
        g.world.random_ids.slow.clear()
        async with g.running_mirror(await g.client()):
            await g.wait_same(30)


@pytest.mark.parametrize("message", ["INTERNAL", "Timeout"])
async def test_server_errors_are_repeated_with_the_same_ids(message: str) -> None:
    async with ground() as g:
        await g.corpus(120, seed=14)
        g.faults.add(kind="error", method="forwardMessages", code=500, message=message, times=2)
        async with g.running_mirror(await g.client(), pace="off"):
            await g.wait_same(30)


async def test_a_stop_in_order_leaves_nothing_uncertain() -> None:
    async with ground() as g:
        await g.corpus(400, seed=15)
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) > 50)
        before = len(g.copies())
        sent = g.running.counters.calls_of("forwardMessages")
        async with g.running_mirror(await g.client(), pace="quick"):
            await g.wait_same()
        # In batches again, not one by one.
        assert g.running.counters.calls_of("forwardMessages") - sent < (len(g.copies()) - before) / 2


async def test_a_new_holder_stops_the_old_one() -> None:
    async with ground() as g:
        await g.corpus(20, seed=16)
        old = g.mirror(await g.client())
        task = asyncio.create_task(old.run())
        await until(lambda: old.progress and old.progress.phase == "live")
        async with g.running_mirror(await g.client()):
            await g.wait_same()
            for n in range(300):  # more than are kept unwritten
                g.post(f"post {n}")
            with pytest.raises(StaleWrite):
                await asyncio.wait_for(task, 15)
            await g.wait_same()


class FlakyStore(MortalStore):
    """Loses the answer of every other commit: some were applied, some not."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.count = 0

    async def commit(self, writes: Sequence[Write]) -> Committed:
        self.count += 1
        if self.count % 4 == 1:
            raise StoreUnavailable("not applied")
        committed = await self._store.commit(writes)
        if self.count % 4 == 3:
            raise StoreUnavailable("applied, and the answer lost")
        return committed


async def test_a_store_that_loses_answers_loses_no_posts() -> None:
    async with ground() as g:
        await g.corpus(250, seed=17)
        store = FlakyStore(MemoryStore(SystemClock()))
        with pytest.raises(StoreUnavailable):
            await g.mirror(await g.client(), store=store).run()  # the very first write is the caller's
        async with g.running_mirror(await g.client(), store=store):
            await g.wait_same(30)


# Of 130, a second request follows, which must not overtake what the first left out.
@pytest.mark.parametrize(("pace", "count"), [("off", 12), ("quick", 130)])
@pytest.mark.parametrize("repeated", ["replay", "partly", "refuse"])
async def test_what_telegram_holds_back_because_another_post_was_sent_before_is_sent_alone(
    repeated: Any, pace: str, count: int
) -> None:
    async with ground(switches=Switches(repeated_forward=repeated)) as g:
        async with g.running_mirror(await g.client(), mode=New()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
        posts = [g.post(f"post {n}") for n in range(count)]
        (state,) = (each.key.id for each in await g.store.query("pair_states") if ":" not in each.key.id)
        random_id = random_ids(state, 1, utils.get_peer_id(types.PeerChannel(g.source.id)))
        # A request of an earlier connection, which Telegram carried out late: nobody knows of it.
        g.world.forward_messages(
            g.ann, g.source.peer, [posts[0].id], g.target.peer, random_ids=[random_id(posts[0].id)], drop_author=True
        )
        async with g.running_mirror(await g.client(), mode=New(), pace=pace):
            await g.wait_same()
