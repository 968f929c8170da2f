"""What mirroring writes into Firestore: documents are counted by the server, as Google bills them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.mirror import New
from bybot.mirror.journal import Journal
from bybot.mirror.pacing import PACES, Pace
from bybot.mirror.pairstate import first_state, state_key
from bybot.sandbox.firestore import FirestoreServer
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Condition, Put, Store, stretch_of
from bybot.stores.budget import Budget, BudgetedStore
from bybot.stores.firestore import FirestoreStore
from bybot.stores.memory import MemoryStore
from tests.mirror.support import Ground, ground, until
from tests.mirror.test_supervisor import PLACES, process

HISTORY, LIVE = 1_500, 900


@pytest.fixture
async def server() -> AsyncIterator[FirestoreServer]:
    server = FirestoreServer()
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def firestore(server: FirestoreServer, per_day: int = 0) -> AsyncIterator[BudgetedStore]:
    inner = FirestoreStore("p", None, "bot", emulator_host=server.address)
    store = BudgetedStore(inner, Budget(SystemClock(), per_day))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is to be written soon is written at once: as many writes as there can be, however fast posts go."""
    monkeypatch.setattr("bybot.mirror.behind._MIN_SECONDS", 0.0)
    monkeypatch.setitem(PACES, "off", Pace(per_request=1e-9, per_post=0.0, per_day=50_000))


def allowed(posts: int) -> int:
    return posts * 2 // 100


@pytest.mark.usefixtures("eager")
async def test_history_costs_at_most_two_writes_for_a_hundred_posts(server: FirestoreServer) -> None:
    async with ground() as g, firestore(server) as store:
        await g.corpus(HISTORY, seed=31)
        async with g.running_mirror(await g.client(), store=store):
            await g.wait_same(30)
        assert server.counts.writes <= allowed(len(g.copies()))


@pytest.mark.usefixtures("eager")
async def test_busy_live_pairs_of_one_person_cost_no_more_and_idle_ones_nothing(server: FirestoreServer) -> None:
    async with ground() as g, firestore(server) as store:
        more = [g.world.create_channel(g.ann, f"Target {n}", username=f"target_{n}") for n in range(2)]
        client = await g.client()
        names = ["@target", "@target_0", "@target_1"]
        mirrors = [g.mirror(client, New(), target=name, store=store) for name in names]
        tasks = [asyncio.create_task(mirror.run()) for mirror in mirrors]
        await until(lambda: all(m.progress is not None and m.progress.phase == "live" for m in mirrors))
        begun = server.counts.writes
        await asyncio.sleep(0.2)
        assert server.counts.writes == begun  # nothing is posted, nothing is written
        for n in range(LIVE):
            g.post(f"post {n}")
            if n % 10 == 9:
                await until(lambda n=n: len(g.copies()) > n)  # type: ignore[misc]
        await until(lambda: all(len(posts_of(channel)) == LIVE for channel in (g.target, *more)), 20)
        for mirror in mirrors:
            await mirror.stop()
        await asyncio.gather(*tasks)
        assert server.counts.writes - begun <= allowed(3 * LIVE)
        assert [m.text for m in g.copies()] == [f"post {n}" for n in range(LIVE)]


def posts_of(channel: Any) -> list[Any]:
    return [message for message in channel.messages if message.action is None]


async def written(store: Store, holes: int, posts: int = 4_000) -> int:
    """Documents written for posts that are copied one by one; ``holes``: ids without a post after each."""
    commits: list[int] = []
    inner = store.commit

    async def commit(writes: Any) -> Any:
        commits.append(len(writes))
        return await inner(writes)

    store.commit = commit  # type: ignore[method-assign]
    await store.commit([Put(state_key("p"), first_state("7", 0, end_id=None, top_id=0, total=0), Condition.ABSENT)])
    journal = Journal(store, "p", "test", SystemClock())
    await journal.open()
    async with journal.written_behind(lambda error: pytest.fail(repr(error))):
        for n in range(1, posts + 1):
            source_id = n * (1 + holes)
            await journal.load([source_id])
            await journal.reserve(source_id)
            journal.copied({source_id: n})
            await asyncio.sleep(0)
    await journal.close()
    return sum(commits)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("holes", [0, 1])
async def test_posts_one_by_one_and_sources_full_of_holes_cost_no_more(holes: int) -> None:
    assert await written(MemoryStore(SystemClock()), holes) <= allowed(4_000)


@pytest.mark.usefixtures("eager")
async def test_near_the_end_of_a_days_budget_far_fewer_writes_are_made() -> None:
    clock = SystemClock()
    store = BudgetedStore(MemoryStore(clock), Budget(clock, 10))
    await store.open()
    store.budget.spent(10)
    assert await written(store, 0) * 3 <= await written(MemoryStore(clock), 0)


@pytest.mark.usefixtures("eager")
async def test_a_used_up_quota_slows_live_pairs_down_and_loses_nothing(
    server: FirestoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.mirror.journal.FLUSH_POSTS", 5)
    monkeypatch.setattr("bybot.mirror.journal._AHEAD_MIN", 40)
    monkeypatch.setattr("bybot.mirror.journal._AHEAD_MAX", 40)
    async with ground() as g, firestore(server) as store:
        client = await g.client()
        async with g.running_mirror(client, store=store) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            await say(g, 0, 10)
            await until(lambda: len(g.copies()) == 10)
            fault = server.faults.add("quota", rpc="Commit")
            await say(g, 10, 25)
            await until(lambda: len(g.copies()) == 25)  # what is covered goes on at once
            await until(lambda: store.budget.state == "used_up")
            await say(g, 25, 120)
            await until(lambda: len(g.copies()) > 30)
            await asyncio.sleep(0.3)
            assert len(g.copies()) < 120  # nothing above what was durable before
            server.faults.remove(fault)
            await until(lambda: len(g.copies()) == 120, 30)
        async with g.running_mirror(client, store=store):
            await say(g, 120, 125)
            await until(lambda: len(g.copies()) == 125, 20)
        assert [m.text for m in g.copies()] == [f"post {n}" for n in range(125)]


async def say(g: Ground, first: int, end: int) -> None:
    for n in range(first, end):
        g.post(f"post {n}")
        await asyncio.sleep(0)


async def test_the_journals_of_all_pairs_of_a_process_are_stretched() -> None:
    clock = SystemClock()
    store = BudgetedStore(MemoryStore(clock), Budget(clock, 10))
    await store.open()
    async with Sandbox(seed=PLACES) as sandbox, process(sandbox, store) as p:
        journals_store = p.mirror._settings.store
        assert stretch_of(journals_store) == 1
        store.budget.spent(10)
        assert stretch_of(journals_store) == 8
