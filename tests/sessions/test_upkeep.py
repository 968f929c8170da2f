"""What is written while sessions live and when they end, and that none of it holds the event loop up."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from telethon.tl import types

from bybot.clock import ManualClock, SystemClock
from bybot.errors import InvalidTransition, KeyMissing, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.sessions.upkeep import Upkeep
from bybot.sessions.vault import Vault
from bybot.stores.base import SERVER_TIME, Put, Store
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, BOT_ID, FaultyStore, live_client, plant_session, running, until

STRANGER = types.User(909, access_hash=1, first_name="Somebody", username="somebody")


async def data_of(store: Store, user: str = "1") -> bytes:
    document = await store.get(session_key(user))
    assert document is not None
    data: bytes = document.data["session_data"]
    return data


async def test_a_checkpoint_writes_what_changed_and_nothing_else(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2)
    async with running(sandbox, store) as manager:
        claims = manager._ownership.require()
        await manager._upkeep.checkpoint(claims)  # what connecting itself taught
        before = [await data_of(store, user) for user in ("1", "2")]
        assert await manager._upkeep.checkpoint(claims) == 0
        client = await live_client(manager)
        client.session.process_entities([STRANGER])
        assert await manager._upkeep.checkpoint(claims) == 1
        assert await data_of(store, "1") != before[0]
        assert await data_of(store, "2") == before[1]


async def test_a_checkpoint_that_fails_is_made_up_for(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, checkpoint_seconds=0.2) as manager:
        client = await live_client(manager)
        store.matches = lambda writes: any(write.key == session_key("1") for write in writes)
        store.drop_next = 2
        before = await data_of(store)
        client.session.process_entities([STRANGER])

        async def written() -> bool:
            return await data_of(store) != before

        await until(written)
        assert store.drop_next == 0


async def test_closing_without_a_store_ends_in_time_and_leaves_what_was_stored(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        before = await data_of(store.inner)
        client = await live_client(manager)
        await client.get_input_entity("source")
        store.down = True
        started = time.monotonic()
        await manager.close_all_sessions(1)
        assert time.monotonic() - started < 15  # 20 is what it takes when nobody says otherwise
        assert manager.state == "stopped"
        assert not client.is_connected()
    store.down = False
    assert await data_of(store) == before


async def test_closing_twice_and_starting_twice_are_told_apart(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        with pytest.raises(InvalidTransition):
            await manager.start()
        await manager.close_all_sessions()
        await manager.close_all_sessions()
        assert manager.state == "stopped"


async def test_a_store_that_does_not_answer_at_the_start_is_a_clear_error(sandbox: Sandbox) -> None:
    store = FaultyStore()
    store.down = True
    with pytest.raises(StoreUnavailable):
        async with running(sandbox, store):
            pass


async def test_sealed_sessions_without_a_key_are_a_clear_error(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    with pytest.raises(KeyMissing):
        async with running(sandbox, store, seal=Vault.off(bot_id=BOT_ID)):
            pass


async def test_without_a_key_a_session_is_readable_and_yet_no_file_that_another_program_opens_by_accident(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    from telethon.sessions import SQLiteSession

    off = Vault.off(bot_id=BOT_ID)
    store = LocalFileStore(tmp_path, BOT_ID, SystemClock())
    await store.open()
    try:
        key = await plant_session(sandbox, store, 1, seal=off)
        async with running(sandbox, store, seal=off) as manager:
            assert manager.ready_users() == ["1"]
            assert key in (tmp_path / BOT_ID / "user_1.session").read_bytes()
            path = tmp_path / BOT_ID / "user_1.session"
            with closing(sqlite3.connect(path)) as file, pytest.raises(sqlite3.DatabaseError):
                file.execute("select name from sqlite_master")
            exported = await manager.portable.export_session(1)
            (tmp_path / "x.session").write_bytes(exported.data)
        plain = SQLiteSession(str(tmp_path / "x"))
        assert plain.auth_key.key == key
        plain.close()
    finally:
        await store.close()


async def test_bringing_many_sessions_up_does_not_hold_the_loop_up(sandbox: Sandbox, tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path, BOT_ID, SystemClock())
    await store.open()
    # Processor time of the loop's own thread between two ticks: what other processes use does not count.
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - before)

    try:
        for user in range(100):
            await plant_session(sandbox, store, user, ANN)
        ticking = asyncio.create_task(tick())
        async with running(sandbox, store) as manager:
            assert len(manager.ready_users()) == 100
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
    finally:
        await store.close()
    assert longest < 0.5


async def test_a_tombstone_goes_after_thirty_days_and_not_before(sandbox: Sandbox) -> None:
    clock = ManualClock()
    store = FaultyStore(clock)
    await store.commit(
        [Put(session_key(user), {"state": "deleted", "token": 3, "deleted_at": SERVER_TIME}) for user in ("1", "2")]
    )
    async with running(sandbox, MemoryStore(SystemClock())) as manager:
        upkeep = Upkeep(manager._core, every=1800)
        manager._core.store = store
        clock.advance(29 * 86_400)
        assert await upkeep.purge_tombstones() == 0
        await store.commit([Put(session_key("2"), {"state": "ready", "token": 4})])  # logged in again
        clock.advance(86_400)
        assert await upkeep.purge_tombstones() == 1
        assert [document.key.id for document in await store.query("user_sessions")] == ["2"]
