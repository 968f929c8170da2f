"""The Firestore store when Firestore does not answer, answers late, or loses its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bybot.errors import StaleWrite, StoreUnavailable
from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.base import Condition, Key, Patch, Put
from bybot.stores.firestore import FirestoreStore
from tests.waiting import until

KEY = Key("things", "one")


@pytest.fixture
async def store(server: FirestoreServer) -> AsyncIterator[FirestoreStore]:
    store = FirestoreStore("p", None, "bot", emulator_host=server.address, commit_timeout=0.5, read_timeout=1.5)
    await store.open()
    yield store
    await store.close()


#: Seconds. The libraries' own retries take 50 to 300, and gRPC's back-off comes back after 13 to 19; ours about 2.
PATIENCE = 9.0


async def answers_again(store: FirestoreStore, within: float) -> float:
    """Seconds until a reading and a commit succeed."""
    start = time.monotonic()
    async with asyncio.timeout(within):
        while True:
            try:
                await store.commit([Put(Key("things", "probe"), {})])
                await store.get(KEY)
                return time.monotonic() - start
            except StoreUnavailable:
                await asyncio.sleep(0.02)


async def test_a_stopped_server_is_unavailable_in_time_and_back_soon(
    server: FirestoreServer, store: FirestoreStore
) -> None:
    await store.commit([Put(KEY, {"a": 1})])
    assert server.address is not None
    port = int(server.address.rsplit(":", 1)[1])
    await server.stop()
    for call in (store.commit([Put(KEY, {"a": 2})]), store.get(KEY), store.query("things")):
        start = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await call
        assert time.monotonic() - start < PATIENCE
    await asyncio.sleep(1.5)  # the channel has been in back-off for a while
    await server.start(port=port)
    assert await answers_again(store, within=PATIENCE) < PATIENCE
    read = await store.get(KEY)
    assert read is not None
    assert read.data["a"] == 1


async def test_a_server_that_hangs_is_unavailable_in_time_and_back_at_once(
    server: FirestoreServer, store: FirestoreStore
) -> None:
    await store.commit([Put(KEY, {"a": 1})])
    server.faults.outage("hang")
    calls = [store.commit([Put(KEY, {"a": 2})]), store.get(KEY), store.query("things"), store.now()]
    start = time.monotonic()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert time.monotonic() - start < PATIENCE
    assert [type(result) for result in results] == [StoreUnavailable] * 4
    server.faults.clear()
    assert await answers_again(store, within=PATIENCE) < PATIENCE
    read = await store.get(KEY)
    assert read is not None
    assert read.data["a"] == 1


async def test_a_commit_whose_answer_is_lost_is_unavailable_although_it_was_carried_out_once(
    server: FirestoreServer, store: FirestoreStore
) -> None:
    version = (await store.commit([Put(KEY, {"n": 1})])).versions[KEY]
    for kind in ("lost", "silent"):
        server.faults.add(kind, rpc="Commit", times=1)  # type: ignore[arg-type]
        before = server.counts.requests["Commit"]
        with pytest.raises(StoreUnavailable):
            await store.commit([Patch(KEY, {"kind": kind})])
        assert server.counts.requests["Commit"] == before + 1
        read = await store.get(KEY)
        assert read is not None
        assert read.data["kind"] == kind
        assert read.version != version
        version = read.version


async def test_a_commit_that_is_carried_out_after_the_caller_gave_up_is_seen_by_its_version(
    server: FirestoreServer, store: FirestoreStore
) -> None:
    version = (await store.commit([Put(KEY, {"by": "nobody"})])).versions[KEY]
    server.faults.add("late", rpc="Commit", seconds=1.0, times=1)
    with pytest.raises(StoreUnavailable):
        await store.commit([Patch(KEY, {"by": "late"}, if_=version)])
    read = await store.get(KEY)
    assert read is not None
    assert read.data["by"] == "nobody"  # a reading shows the present, not what may still arrive

    async def has_arrived() -> bool:
        found = await store.get(KEY)
        return found is not None and found.data["by"] == "late"

    await until(has_arrived)
    with pytest.raises(StaleWrite):
        await store.commit([Patch(KEY, {"by": "me"}, if_=version)])


async def test_a_late_commit_is_refused_when_another_came_first(server: FirestoreServer, store: FirestoreStore) -> None:
    version = (await store.commit([Put(KEY, {"by": "nobody"})])).versions[KEY]
    server.faults.add("late", rpc="Commit", seconds=0.8, times=1)
    with pytest.raises(StoreUnavailable):
        await store.commit([Patch(KEY, {"by": "late"}, if_=version)])
    await store.commit([Patch(KEY, {"by": "me"}, if_=version)])
    await asyncio.sleep(0.6)
    read = await store.get(KEY)
    assert read is not None
    assert read.data["by"] == "me"


async def test_a_reading_is_repeated_until_it_succeeds(server: FirestoreServer, store: FirestoreStore) -> None:
    await store.commit([Put(KEY, {"a": 1})])
    for kind in ("refuse", "lost"):
        server.faults.add(kind, times=2)  # type: ignore[arg-type]
        assert await store.get(KEY) is not None
    server.faults.add("silent", rpc="RunQuery", times=1)
    assert len(await store.query("things")) == 1


async def test_a_slow_answer_in_time_is_an_answer(server: FirestoreServer, store: FirestoreStore) -> None:
    server.faults.add("delay", seconds=0.2, times=1)
    assert KEY in (await store.commit([Put(KEY, {})])).versions


async def test_a_used_up_quota_is_said_and_not_hammered(server: FirestoreServer, store: FirestoreStore) -> None:
    server.faults.add("quota")
    with pytest.raises(StoreUnavailable, match="quota"):
        await store.commit([Put(KEY, {})])
    before = server.counts.requests.total()
    with pytest.raises(StoreUnavailable, match="quota"):
        await store.get(KEY)
    assert server.counts.requests.total() == before + 1


async def test_a_refused_create_is_no_success_of_its_own_lost_attempt(
    server: FirestoreServer, store: FirestoreStore
) -> None:
    server.faults.add("lost", rpc="Commit", times=1)
    with pytest.raises(StoreUnavailable):
        await store.commit([Put(KEY, {"by": "me"}, if_=Condition.ABSENT)])
    with pytest.raises(StaleWrite):
        await store.commit([Put(KEY, {"by": "me"}, if_=Condition.ABSENT)])


async def test_an_unreachable_server_at_open_is_unavailable() -> None:
    store = FirestoreStore("p", None, "bot", emulator_host="127.0.0.1:1", read_timeout=0.5)
    with pytest.raises(StoreUnavailable):
        await store.open()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.get(KEY)


async def test_closing_ends_calls_under_way(server: FirestoreServer, store: FirestoreStore) -> None:
    server.faults.outage("hang")
    call = asyncio.create_task(store.commit([Put(KEY, {})]))

    async def was_sent() -> bool:
        return server.counts.requests["Commit"] > 0

    await until(was_sent)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await call


async def test_a_cancelled_call_is_cancelled(server: FirestoreServer, store: FirestoreStore) -> None:
    server.faults.outage("hang")
    call = asyncio.create_task(store.get(KEY))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
