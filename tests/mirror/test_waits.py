"""Waits that Telegram asked for hold in the next process too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.mirror import Everything, PairState
from bybot.mirror.pacing import Pacing
from bybot.mirror.waits import MOST, Waits, waits_key
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.support import ground
from tests.mirror.test_supervisor import post, process, sandbox, texts
from tests.sessions.support import ANN, FaultyStore, plant_session, until

__all__ = ["sandbox"]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def process_of(store: MemoryStore | FaultyStore, clock: ManualClock) -> tuple[Pacing, Waits]:
    pacing = Pacing(clock)
    return pacing, Waits(store, 5, clock, pacing)


async def next_process(store: MemoryStore | FaultyStore, clock: ManualClock) -> Pacing:
    pacing, waits = process_of(store, clock)
    await waits.restore()
    return pacing


async def test_a_wait_is_stored_by_its_end_and_holds_in_the_next_process() -> None:
    clock = ManualClock(NOON)
    store = MemoryStore(clock)
    pacing, waits = process_of(store, clock)
    pacing.flooded("ForwardMessages", 3600)
    pacing.hold("chat -1001", 900)
    await waits.close()
    later = ManualClock(NOON + timedelta(minutes=10))  # another machine, another clock that runs on
    again = await next_process(store, later)
    assert again.not_before("ForwardMessages") == NOON + timedelta(hours=1)
    assert again.not_before("chat -1001") == NOON + timedelta(minutes=15)
    assert again.not_before("SendMessage") is None
    assert (await next_process(store, ManualClock(NOON + timedelta(hours=2)))).waits() == {}


async def test_a_clock_that_was_set_back_makes_no_wait_longer() -> None:
    clock = ManualClock(NOON)
    store = MemoryStore(clock)
    pacing, waits = process_of(store, clock)
    pacing.flooded("ForwardMessages", 60)
    await waits.close()
    again = await next_process(store, ManualClock(NOON - timedelta(days=300)))
    assert again.waits() == {"ForwardMessages": pytest.approx(60)}


async def test_short_waits_are_not_stored_and_of_many_the_longest() -> None:
    clock = ManualClock(NOON)
    store = FaultyStore(clock)
    pacing, waits = process_of(store, clock)
    pacing.flooded("ForwardMessages", 5)
    await waits.close()
    assert store.commits == []
    for n in range(80):
        pacing.hold(f"chat {n}", 100 + n)
    await waits.close()
    assert len(store.commits) <= 2  # written together
    document = await store.get(waits_key(5))
    assert document is not None
    assert len(document.data["waits"]) == MOST
    assert "chat 79" in document.data["waits"]


async def test_a_wait_is_stored_once_the_store_is_back_and_closing_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bybot.mirror.waits._CLOSE_SECONDS", 0.05)
    clock = ManualClock(NOON)
    store = FaultyStore(clock)
    pacing, waits = process_of(store, clock)
    store.down = True
    pacing.flooded("ForwardMessages", 3600)
    await asyncio.sleep(0)
    await waits.close()
    pacing.flooded("ForwardMessages", 3600)
    for _ in range(5):
        await asyncio.sleep(0)
    store.down = False
    clock.advance(5)
    await waits.close()
    assert (await next_process(store, clock)).not_before("ForwardMessages") is not None


async def test_a_script_that_is_started_again_sends_nothing_before_the_end_of_a_wait() -> None:
    async with ground() as g:
        for n in range(5):
            g.post(f"post {n}")
        g.faults.add(kind="flood", account=g.ann.id, method="forwardMessages", seconds=600, times=1)
        client = await g.client()
        async with g.running_mirror(client) as mirror:
            await until(lambda: mirror.progress and mirror.progress.not_before)
        asked = g.running.counters.calls_of("forwardMessages")
        async with g.running_mirror(client) as mirror:
            await until(lambda: mirror.progress and mirror.progress.not_before)
            await asyncio.sleep(0.1)
        assert g.running.counters.calls_of("forwardMessages") == asked
        assert g.copies() == []


async def test_the_next_process_shows_the_wait_and_keeps_it(sandbox: Sandbox) -> None:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, ANN)
    post(sandbox, "one")
    sandbox.faults.add(kind="flood", account=ANN, method="forwardMessages", seconds=600, times=1)
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: p.mirror._person(ANN).pacing.waits())
    asked = sandbox.counters.calls_of("forwardMessages")
    async with process(sandbox, store) as p:
        await until(lambda: p.mirror._person(ANN).pacing.waits())
        (run,) = p.mirror._person(ANN).runs.values()
        await until(lambda: run.engine is not None and run.engine.phase == "history")
        (status,) = await p.mirror.list_pairs(ANN)
        assert status.state is PairState.WAITING
        assert status.not_before is not None
        assert sandbox.counters.calls_of("forwardMessages") == asked
        await p.mirror.remove_all(ANN)
        assert await store.get(waits_key(ANN)) is None
    assert texts(sandbox) == []
