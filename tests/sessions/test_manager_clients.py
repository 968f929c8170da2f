"""Clients of stored sessions: opened once, shared, repaired, and never at the price of what is stored."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from telethon import TelegramClient, errors

from bybot.errors import (
    CorruptDocument,
    Fenced,
    InvalidTransition,
    SessionRevoked,
    StoreUnavailable,
    TelegramUnreachable,
    WrongKey,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.stores.base import Patch, Store
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, FaultyStore, live_client, log_in, plant_session, running, until, vault


async def stored_data(store: Store, user: str = "1") -> Any:
    document = await store.get(session_key(user))
    assert document is not None
    return document.data["session_data"]


async def test_a_stored_session_gives_a_real_telethon_client(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, "user_123")
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session("user_123") is True
        client = await manager.get_user_client("user_123")
        assert type(client) is TelegramClient
        assert (await client.get_me()).id == ANN


async def test_without_a_session_there_is_no_client_and_the_status_says_so(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session("nobody") is False
        assert await manager.get_user_client("nobody") is None
        assert (await manager.get_session_info("nobody"))["status"] == "no_session"


async def test_creating_on_top_of_a_valid_session_does_nothing(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        connected = sandbox.counters.calls_of("help.getConfig")
        for _ in range(5):
            assert await manager.create_user_session(1) is True
        assert await manager.get_user_client(1) is client
        assert sandbox.counters.calls_of("help.getConfig") == connected > 0


async def test_many_who_ask_at_once_get_one_client(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await plant_session(sandbox, store, 1)
        built: list[object] = []
        build = manager._pool.build
        manager._pool.build = lambda *args: built.append(args) or build(*args)  # type: ignore[method-assign,func-returns-value]
        clients = await asyncio.gather(*(manager.get_user_client(1 if n % 2 else "1") for n in range(50)))
        assert len(built) == 1
        assert len({id(client) for client in clients}) == 1


async def test_different_people_do_not_wait_for_each_other(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await plant_session(sandbox, store, 1)
        await plant_session(sandbox, store, 2, LI_WEI)
        async with manager._pool.locks("1"):
            waiting = asyncio.create_task(manager.get_user_client(1))
            async with asyncio.timeout(5):
                assert await manager.get_user_client(2) is not None
            assert not waiting.done()
        assert await waiting is not None


async def test_one_who_stops_waiting_does_not_stop_the_others(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await plant_session(sandbox, store, 1)
        first = asyncio.create_task(manager.get_user_client(1))
        await asyncio.sleep(0)
        second = asyncio.create_task(manager.get_user_client(1))
        await asyncio.sleep(0)
        first.cancel()
        assert await second is not None


async def test_a_new_process_on_the_same_store_needs_no_login(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN
    assert len(sandbox.auth.keys.of_account(ANN)) == 1


async def test_all_sessions_come_up_at_the_start_with_few_writes(sandbox: Sandbox) -> None:
    store = FaultyStore()
    for user in range(60):
        await plant_session(sandbox, store, user)
    store.commits.clear()
    async with running(sandbox, store) as manager:
        await until(lambda: len(manager.ready_users()) == 60)
        claims = [c for c in store.commits if any(w.key.collection == "user_sessions" for w in c)]
        assert len(claims) == 1
    async with running(sandbox, store) as manager:
        assert len(manager.ready_users()) == 60


async def test_the_garbage_collector_is_at_work_again_after_the_start(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store):
        assert gc.isenabled()
    monkeypatch.setattr("bybot.sessions.restore._REST_SECONDS", 0.05)
    rested: list[None] = []
    disable = gc.disable
    monkeypatch.setattr(gc, "disable", lambda: rested.append(disable()))  # type: ignore[func-returns-value]
    await sandbox.pause()
    async with running(sandbox, store, active=False, connect_seconds=2.0) as manager:
        await manager.wait_active()
        await until(lambda: rested)
        await until(gc.isenabled)  # also when Telegram keeps the start waiting
        assert not manager._restored.is_set()
        await sandbox.resume()


async def test_an_idle_process_writes_only_its_lease(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, lease_seconds=0.6) as manager:
        await until(lambda: manager._core.recount is False)
        store.commits.clear()
        await until(lambda: len(store.commits) >= 4)
        assert {write.key.collection for writes in store.commits for write in writes} == {"instances"}


async def test_asking_a_hundred_times_costs_no_write(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        await until(lambda: manager._core.recount is False)
        store.commits.clear()
        for _ in range(100):
            await manager.get_user_client(1)
        assert not [c for c in store.commits if any(w.key.collection != "instances" for w in c)]
    document = await store.get(session_key("1"))
    assert document is not None
    assert document.data["last_used_at"] is not None


@pytest.mark.parametrize(
    ("message", "reason", "status"),
    [
        ("AUTH_KEY_UNREGISTERED", "unregistered", "revoked"),
        ("SESSION_REVOKED", "revoked", "revoked"),
        ("SESSION_EXPIRED", "expired", "expired"),
        ("USER_DEACTIVATED", "deactivated", "revoked"),
        ("USER_DEACTIVATED_BAN", "banned", "revoked"),
    ],
)
async def test_a_definitive_answer_at_start_marks_the_session_and_keeps_the_reason(
    sandbox: Sandbox, store: MemoryStore, message: str, reason: str, status: str
) -> None:
    await plant_session(sandbox, store, 1)
    data = await stored_data(store)
    sandbox.auth.revoke(ANN, code=401, message=message)
    async with running(sandbox, store) as manager:
        with pytest.raises(SessionRevoked) as caught:
            await manager.get_user_client(1)
        assert caught.value.reason == reason
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == (status, reason)
        assert await manager.create_user_session(1) is False
    assert await stored_data(store) == data
    async with running(sandbox, store) as manager:
        with pytest.raises(SessionRevoked) as caught:
            await manager.get_user_client(1)
        assert caught.value.reason == reason
        assert caught.value.since is not None


async def test_a_revocation_seen_by_any_call_ends_the_client_and_is_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        lost: list[tuple[str, str]] = []
        manager.on_lost(lambda user, reason: lost.append((user, reason)))
        client = await live_client(manager)
        sandbox.auth.revoke(ANN)
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client.get_dialogs()
        await until(lambda: lost == [("1", "unregistered")])
        assert not client.is_connected()
        with pytest.raises(SessionRevoked):
            await manager.get_user_client(1)


async def test_a_log_out_by_the_client_itself_is_noticed(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        await client.log_out()
        await until(lambda: "1" in manager._core.revoked)
        with pytest.raises(SessionRevoked) as caught:
            await manager.get_user_client(1)
        assert caught.value.reason == "logged_out"


async def test_an_unreachable_telegram_changes_nothing_and_is_waited_for(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    data = await stored_data(store)
    await sandbox.pause()
    async with running(sandbox, store, connect_seconds=0.3) as manager:
        with pytest.raises(TelegramUnreachable):
            await manager.get_user_client(1)
        assert await manager.create_user_session(1) is False
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == ("error", "telegram_unreachable")
        assert await stored_data(store) == data
        await sandbox.resume()
        await until(lambda: manager.ready_users() == ["1"])
        assert (await manager.get_session_info(1))["status"] == "active"


async def test_a_session_that_was_claimed_on_use_and_could_not_connect_is_not_left_alone(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store, connect_seconds=0.3) as manager:
        await plant_session(sandbox, store, 1)  # after everything was restored
        await sandbox.pause()
        with pytest.raises(TelegramUnreachable):
            await manager.get_user_client(1)
        await sandbox.resume()
        await until(lambda: manager.ready_users() == ["1"])


async def test_a_client_that_ended_by_itself_is_opened_again(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        await client.disconnect()
        await until(lambda: manager.ready_users() == ["1"])
        again = await manager.get_user_client(1)
        assert again is not client
        assert again is not None
        assert (await again.get_me()).id == ANN


async def test_a_cut_connection_is_repaired_and_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        ready: list[str] = []
        manager.on_ready(ready.append)
        sandbox.mtproto.close_connections(ANN)
        await until(lambda: ready == ["1"])
        assert (await client.get_me()).id == ANN


async def test_a_store_outage_is_an_error_and_not_a_missing_session(sandbox: Sandbox) -> None:
    store = FaultyStore()
    async with running(sandbox, store) as manager:
        await plant_session(sandbox, store, 1)
        store.down = True
        with pytest.raises(StoreUnavailable):
            await manager.get_user_client(1)
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == ("error", "store_unavailable")
        assert await manager.create_user_session(1) is False
        store.down = False
        assert await manager.get_user_client(1) is not None


async def test_a_wrong_key_at_the_start_is_refused_and_destroys_nothing(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store):
        pass
    before = {id_: dict(d.data) for id_, d in store._collections["user_sessions"].items()}
    with pytest.raises(WrongKey):
        async with running(sandbox, store, seal=vault(bytes(32))):
            pass
    assert {id_: dict(d.data) for id_, d in store._collections["user_sessions"].items()} == before
    async with running(sandbox, store) as manager:
        assert await manager.get_user_client(1) is not None


async def test_one_corrupt_session_does_not_stop_the_others(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    good = vault().seal(b"no session at all", user="1", purpose="session")
    await store.commit([Patch(session_key("1"), {"session_data": good})])
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == ["2"]
        with pytest.raises(CorruptDocument):
            await manager.get_user_client(1)
        assert (await manager.get_session_info(1))["status"] == "error"
    assert await stored_data(store) == good


async def test_a_session_sealed_for_another_person_does_not_open(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    await store.commit([Patch(session_key("1"), {"session_data": await stored_data(store, "2")})])
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == ["2"]
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == ("error", "tampered")


@pytest.mark.parametrize("user", ["../x", "ünïcødé/名", -5, 123, "a b?c=d", ".."])
async def test_any_user_id_is_safe(sandbox: Sandbox, store: MemoryStore, user: int | str) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, user)
        assert await manager.get_user_client(str(user)) is await manager.get_user_client(user)
        assert [each["user_id"] for each in await manager.list_sessions()] == [str(user)]
        assert manager.ready_users() == [str(user)]


async def test_a_client_of_a_closed_manager_cannot_speak(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
    with pytest.raises(ConnectionError):
        await client.get_me()
    with pytest.raises(InvalidTransition):
        await manager.get_user_client(1)
    with pytest.raises(Fenced):
        manager.token(1)


async def test_what_a_client_learned_is_stored_at_the_end(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        entity = await client.get_input_entity("source")
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        calls = dict(sandbox.counters.calls)
        assert await client.get_input_entity("source") == entity
        assert dict(sandbox.counters.calls) == calls


async def test_a_failed_write_at_the_end_is_tried_again_until_the_deadline(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager:
        for user in (1, 2):
            client = await live_client(manager, user)
            await client.get_input_entity("source")
        store.matches = lambda writes: any(w.key.collection == "user_sessions" for w in writes)
        store.drop_next, store.lose_next = 2, 1
    for user in ("1", "2"):
        document = await store.get(session_key(user))
        assert document is not None
        assert document.data["owner"] is None
    async with running(sandbox, store) as manager:
        calls = dict(sandbox.counters.calls)
        client = await live_client(manager)
        await client.get_input_entity("source")
        assert dict(sandbox.counters.calls) == calls


async def test_using_a_session_marks_it(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        async with manager.use(1) as client:
            assert (await client.get_me()).id == ANN
            assert (await manager.get_session_stats())["sessions_in_use"] == 1
        assert (await manager.get_session_stats())["sessions_in_use"] == 0
