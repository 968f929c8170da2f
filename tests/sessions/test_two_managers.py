"""Two managers on one store and one Telegram: never two voices with one key, never long without any."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bybot.errors import OwnedElsewhere, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import LEADER
from bybot.stores.base import Document, Key
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, FaultyStore, live_client, log_in, plant_session, running, until


async def test_the_second_manager_waits_answers_and_names_the_holder(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store), running(sandbox, store, active=False) as second:
        await until(lambda: second._ownership.holder is not None)
        assert second.state == "waiting"
        with pytest.raises(OwnedElsewhere) as caught:
            await second.get_user_client(1)
        assert caught.value.holder == "test"
        assert caught.value.since is not None
        info = await second.get_session_info(1)
        assert (info["status"], info["owner"]) == ("leased", "test")
        assert (await second.health_check())["status"] == "healthy"
        assert await second.create_user_session(1) is False


async def test_the_second_manager_takes_over_when_the_first_stops(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, lease_seconds=1.5) as first:
        token = first.token(1)
        async with running(sandbox, store, lease_seconds=1.5, active=False) as second:
            taken: list[str] = []
            second.on_ready(taken.append)
            await first.close_all_sessions(5)
            await until(lambda: taken == ["1"])
            assert second.token(1) > token
            client = await live_client(second)
            assert (await client.get_me()).id == ANN


async def test_a_manager_that_lost_the_store_pauses_and_another_goes_on(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    mine, other = FaultyStore(inner=store), FaultyStore(inner=store)
    async with running(sandbox, mine, lease_seconds=1.5) as first:
        client = await live_client(first)
        lost: list[tuple[str, str]] = []
        first.on_lost(lambda user, reason: lost.append((user, reason)))
        async with running(sandbox, other, lease_seconds=1.5, active=False) as second:
            await until(lambda: second._ownership.holder is not None)
            mine.down = True
            await until(lambda: second.ready_users() == ["1"])
            assert first.state == "waiting"
            assert lost == [("1", "lease")]
            with pytest.raises(ConnectionError):
                await client.get_me()
            with pytest.raises(StoreUnavailable):
                await first.get_user_client(1)
            again = await live_client(second)
            assert (await again.get_me()).id == ANN
            mine.down = False
            await until(lambda: first._ownership.holder is not None)
            with pytest.raises(OwnedElsewhere):
                await first.get_user_client(1)


async def test_clients_go_on_through_an_outage_shorter_than_the_lease(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, lease_seconds=6) as manager:
        client = await live_client(manager)
        store.down = True
        await asyncio.sleep(2.5)
        assert (await client.get_me()).id == ANN
        assert (await manager.health_check())["status"] == "error"
        store.down = False
        await asyncio.sleep(0.6)
        assert await manager.get_user_client(1) is client


async def test_clients_pause_in_a_longer_outage_and_come_back_by_themselves(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, lease_seconds=0.9) as manager:
        client = await manager.get_user_client(1)
        token = manager.token(1)
        store.down = True
        await until(lambda: manager.state == "waiting")
        assert client is not None
        with pytest.raises(ConnectionError):
            await client.get_me()
        store.down = False
        await until(lambda: manager.ready_users() == ["1"])
        again = await live_client(manager)
        assert again is not client
        assert (await again.get_me()).id == ANN
        assert manager.token(1) > token


async def test_a_login_during_a_lapse_can_be_finished_afterwards(sandbox: Sandbox) -> None:
    store = FaultyStore()
    async with running(sandbox, store, lease_seconds=0.9) as manager:
        await manager.begin_login(1, "+447700900101")
        store.down = True
        await until(lambda: manager.state == "waiting")
        store.down = False
        await until(lambda: manager.state == "active")
        code = sandbox.auth.next_code("+447700900101")
        assert code is not None
        done = await manager.submit_code(1, code)
        assert done.account_id == ANN  # type: ignore[union-attr]


async def test_a_session_deleted_while_another_waits_stays_deleted(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, lease_seconds=1.5) as first:
        await log_in(first, sandbox, 1)
        async with running(sandbox, store, lease_seconds=1.5, active=False) as second:
            await first.delete_user_session(1)
            await first.close_all_sessions(5)
            await until(lambda: second.state == "active")
            assert await second.get_user_client(1) is None


async def test_a_mistake_while_waiting_or_acting_does_not_end_the_wish_to_act(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    right, mistakes = store.get, [RuntimeError("while waiting")]

    async def get(key: Key) -> Document | None:
        if key == LEADER and mistakes:
            raise mistakes.pop()
        return await right(key)

    monkeypatch.setattr(store, "get", get)
    async with running(sandbox, store, lease_seconds=1.0) as manager:
        assert manager.ready_users() == ["1"]
        first = manager.instance
        mistakes_of_the_end = [RuntimeError("while losing it")]
        drop_all = manager._pool.drop_all

        async def drop(**options: Any) -> Any:
            lives = await drop_all(**options)
            if mistakes_of_the_end:
                raise mistakes_of_the_end.pop()
            return lives

        monkeypatch.setattr(manager._pool, "drop_all", drop)
        store.down = True
        await until(lambda: manager.state == "waiting")
        await until(lambda: not mistakes_of_the_end)
        store.down = False
        await until(lambda: manager.ready_users() == ["1"])
        assert manager.instance not in (None, first)
    assert "begins anew" in caplog.text
