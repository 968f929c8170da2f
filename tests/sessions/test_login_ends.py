"""A login and the end of the process, of Telegram, of the store, before and after each step."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bybot.errors import (
    StoreUnavailable,
    TelegramUnreachable,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.login import LoggedIn, PasswordNeeded
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import login_key, session_key
from bybot.stores.memory import MemoryStore
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    FaultyStore,
    code_of,
    log_in,
    running,
    until,
)


async def test_a_login_goes_on_in_the_next_process(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "a horse")
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
    async with running(sandbox, store) as manager:
        pending = await manager.pending_login(1)
        assert pending is not None
        assert pending.step == "code"
        assert await manager.submit_code(1, await code_of(sandbox)) == PasswordNeeded("a horse")
    async with running(sandbox, store) as manager:
        assert (await manager.submit_password(1, "correct horse")).account_id == ANN


async def killed_after_sign_in(sandbox: Sandbox, store: MemoryStore) -> FaultyStore:
    """Telegram has signed the login in, and its session was never written: as if the process ended in between."""
    faulty = without_sessions(store)
    async with running(sandbox, faulty) as manager:
        await sign_in_unwritten(sandbox, manager, faulty)
    return faulty


def without_sessions(store: MemoryStore) -> FaultyStore:
    """A store that drops only what is written of the person's session, when told to."""
    faulty = FaultyStore(inner=store)
    faulty.matches = lambda writes: any(write.key == session_key("1") for write in writes)
    return faulty


async def sign_in_unwritten(sandbox: Sandbox, manager: UserSessionManager, faulty: FaultyStore) -> None:
    await manager.begin_login(1, ANN_PHONE)
    faulty.drop_next = 10_000
    signing_in = asyncio.create_task(manager.submit_code(1, await code_of(sandbox)))
    await until(lambda: any(k.account_id == ANN for k in sandbox.auth.keys.of_account(ANN)))
    await until(lambda: faulty.drop_next < 10_000)
    signing_in.cancel()
    await asyncio.gather(signing_in, return_exceptions=True)


async def test_a_kill_right_after_sign_in_neither_loses_nor_orphans_the_login(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await killed_after_sign_in(sandbox, store)
    assert await store.get(session_key("1")) is None
    async with running(sandbox, store) as manager:
        await until(lambda: manager._pool.peek("1") is not None)
        assert (await manager.get_session_info(1))["status"] == "active"
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert await store.get(login_key("1")) is None


async def test_a_login_that_cannot_be_completed_at_the_start_leaves_no_connection_behind(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = await killed_after_sign_in(sandbox, store)
    monkeypatch.setattr("bybot.sessions.desk._STORE_TRIES_SECONDS", 0.0)
    faulty.drop_next = tried = 10_000
    async with running(sandbox, faulty) as manager:
        await until(lambda: faulty.drop_next < tried)
        # The same key is used again by whoever takes the login up.
        await until(lambda: not any(server.connections for server in sandbox.network.servers.values()))
        faulty.drop_next = 0
        await until(lambda: manager.ready_users() == ["1"])  # it is tried again by itself
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert await store.get(login_key("1")) is None


async def test_a_login_is_completed_although_telegram_does_not_answer_at_the_start(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    await killed_after_sign_in(sandbox, store)
    await sandbox.pause()
    async with running(sandbox, store, connect_seconds=0.3) as manager:
        await until(lambda: "was left as it is" in caplog.text)
        await sandbox.resume()
        manager._desk._request_seconds = 8.0
        manager._pool._connect_seconds = 8.0
        await until(lambda: manager.ready_users() == ["1"])
        assert await store.get(login_key("1")) is None


async def test_who_logged_in_is_asked_for_a_bounded_time(sandbox: Sandbox, store: MemoryStore) -> None:
    faulty = without_sessions(store)
    async with running(sandbox, faulty) as manager:
        await sign_in_unwritten(sandbox, manager, faulty)
        faulty.drop_next = 0
        manager._desk._request_seconds = 0.3
        fault = sandbox.faults.add(kind="latency", seconds=60, method="users.getUsers")
        with pytest.raises(TelegramUnreachable):
            await manager.submit_code(1, "00000")
        sandbox.faults.clear(fault.id)
        manager._desk._request_seconds = 8.0
        assert isinstance(await manager.submit_code(1, "00000"), LoggedIn)


async def test_logged_in_is_said_only_after_the_session_is_stored(sandbox: Sandbox, store: MemoryStore) -> None:
    faulty = FaultyStore(inner=store)
    faulty.matches = lambda writes: any(write.key == session_key("1") for write in writes)
    async with running(sandbox, faulty) as manager:
        await manager.begin_login(1, ANN_PHONE)
        faulty.drop_next, faulty.lose_next = 1, 1
        done = await manager.submit_code(1, await code_of(sandbox))
        assert isinstance(done, LoggedIn)
        document = await store.get(session_key("1"))
        assert document is not None
        # The claim whose answer was lost was not relied on: a newer one with a higher token was made.
        assert document.data["token"] == manager.token(1) == 2


async def test_an_unreachable_telegram_fails_the_login_within_its_time(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, connect_seconds=3) as manager:
        await sandbox.pause()
        with pytest.raises(TelegramUnreachable):
            await manager.begin_login(1, ANN_PHONE)
        await sandbox.resume()
        assert isinstance(await log_in(manager, sandbox, 1), LoggedIn)


async def test_a_login_needs_the_store(sandbox: Sandbox) -> None:
    faulty = FaultyStore()
    async with running(sandbox, faulty) as manager:
        faulty.down = True
        with pytest.raises(StoreUnavailable):
            await manager.begin_login(1, ANN_PHONE)
        faulty.down = False
        assert not manager._desk.attempts


async def test_other_credentials_are_used_and_kept_sealed(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session(1, 777, "abcdabcdabcdabcdabcdabcdabcdabcd") is False
        await log_in(manager, sandbox, 1)
        client: Any = await manager.get_user_client(1)
        assert client.api_id == 777
    document = await store.get(session_key("1"))
    assert document is not None
    assert "abcdabcd" not in repr(document.data)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        assert (client.api_id, client.api_hash) == (777, "abcdabcdabcdabcdabcdabcdabcdabcd")
