"""Clients that nobody uses are closed and come back when they are asked for; their number has a limit."""

from __future__ import annotations

import asyncio

import pytest
from telethon import events
from telethon.tl import types

from bybot.errors import TooManyClients
from bybot.sandbox.server import Sandbox
from bybot.sessions.idle import Limits
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import session_key
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, FaultyStore, live_client, plant_session, running, until

STRANGER = types.User(909, access_hash=1, first_name="Somebody", username="somebody")


def idle_for(seconds: float, manager: UserSessionManager) -> None:
    """Make every client look unused for so long. The lease must not notice."""
    for live in manager._pool.live.values():
        live.opened -= seconds
        if live.last_used is not None:
            live.last_used -= seconds


async def test_a_client_that_nobody_uses_is_closed_and_woken_by_the_next_who_asks(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        first = await manager.get_user_client(1)
        token = manager.token(1)
        assert await manager._idle.sweep() == 0
        idle_for(1801, manager)
        assert await manager._idle.sweep() == 1
        assert first is not None
        assert not first.is_connected()
        assert manager.ready_users() == []
        info = await manager.get_session_info(1)
        assert (info["status"], info["connected"]) == ("active", False)
        assert manager.token(1) == token
        client = await manager.get_user_client(1)
        assert client is not first
        assert client is not None
        assert (await client.get_me()).id == ANN
        assert manager.token(1) == token


async def test_closing_writes_what_changed_and_waking_reads_it(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        client.session.process_entities([STRANGER])
        idle_for(1801, manager)
        assert await manager._idle.sweep() == 1
        again = await live_client(manager)
        assert again.session.get_entity_rows_by_id(909) == (909, 1)
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data["owner"] is not None


async def test_closing_writes_nothing_when_nothing_changed(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        await until(lambda: manager._core.recount is False)
        idle_for(1801, manager)
        assert await manager._idle.sweep() == 1  # the first time it learned who the account is
        assert await manager.get_user_client(1) is not None
        store.commits.clear()
        idle_for(1801, manager)
        assert await manager._idle.sweep() == 1
        assert not [c for c in store.commits if any(w.key.collection == "user_sessions" for w in c)]


async def test_what_could_not_be_written_stays_and_is_written_later(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager:
        for user in (1, 2):
            client = await live_client(manager, user)
            client.session.process_entities([STRANGER])
        idle_for(1801, manager)
        store.matches = lambda writes: any(w.key.collection == "user_sessions" for w in writes)
        store.drop_next = 1000
        assert await manager._idle.sweep() == 2
        woken = await live_client(manager, 2)
        assert woken.session.get_entity_rows_by_id(909) == (909, 1)
        assert set(manager._pool.unsaved) == {"1"}
        store.drop_next = 0
        await manager._idle.sweep()
        assert manager._pool.unsaved == {}
    async with running(sandbox, store) as manager:
        for user in (1, 2):
            client = await live_client(manager, user)
            assert client.session.get_entity_rows_by_id(909) == (909, 1)


async def test_what_somebody_holds_listens_to_or_keeps_alive_is_not_idle(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        async with manager.use(1):
            idle_for(10_000, manager)
            assert await manager._idle.sweep() == 0
        manager.keep_alive(1)
        idle_for(10_000, manager)
        assert await manager._idle.sweep() == 0
        manager.keep_alive(1, on=False)
        client = await live_client(manager)

        async def hear(event: object) -> None: ...

        client.add_event_handler(hear, events.NewMessage())
        idle_for(10_000, manager)
        assert await manager._idle.sweep() == 0
        client.remove_event_handler(hear)
        assert await manager._idle.sweep() == 1


async def test_a_request_is_a_use_and_a_check_is_none(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        idle_for(10_000, manager)
        await client.get_me()
        assert await manager._idle.sweep() == 0
        idle_for(10_000, manager)
        sandbox.mtproto.close_connections(ANN)
        ready: list[str] = []
        manager.on_ready(ready.append)
        await until(lambda: ready == ["1"])  # after a check of its own
        assert await manager._idle.sweep() == 1


async def test_zero_means_that_clients_stay(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, limits=Limits(idle_seconds=0)) as manager:
        async with asyncio.timeout(5):
            await manager._idle.run()
        assert manager.ready_users() == ["1"]


async def test_idle_clients_are_closed_without_being_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, limits=Limits(idle_seconds=0.2)) as manager:
        await until(lambda: manager.ready_users() == [])
        assert await manager.get_user_client(1) is not None


async def test_above_the_limit_the_least_recently_used_client_makes_room(sandbox: Sandbox, store: MemoryStore) -> None:
    for user, account in ((1, ANN), (2, LI_WEI), (3, ANN)):
        await plant_session(sandbox, store, user, account)
    limits = Limits(max_clients=2, quiet_seconds=0)
    async with running(sandbox, store, limits=limits) as manager:
        assert len(manager.ready_users()) == 2
        for user in (1, 2, 3, 1):
            client = await live_client(manager, user)
            assert await client.get_me()
        assert manager.ready_users() == ["3", "1"]


async def test_when_all_are_in_use_the_next_one_is_refused_by_name(sandbox: Sandbox, store: MemoryStore) -> None:
    for user, account in ((1, ANN), (2, LI_WEI), (3, ANN)):
        await plant_session(sandbox, store, user, account)
    async with running(sandbox, store, limits=Limits(max_clients=2)) as manager:
        async with manager.use(1), manager.use(2):
            with pytest.raises(TooManyClients) as caught:
                await manager.get_user_client(3)
            assert caught.value.most == 2
        # Both were used a moment ago: whoever got them may be using them still.
        with pytest.raises(TooManyClients):
            await manager.get_user_client(3)
        idle_for(31, manager)
        assert await manager.get_user_client(3) is not None


async def test_one_person_may_have_a_limit_of_their_own(sandbox: Sandbox, store: MemoryStore) -> None:
    for user, account in (("1", ANN), (f"1~{LI_WEI}", LI_WEI), ("2", ANN)):
        await plant_session(sandbox, store, user, account)
    async with running(sandbox, store, limits=Limits(clients_per_person=1), restore=False) as manager:
        async with manager.use("1"):
            with pytest.raises(TooManyClients):
                await manager.get_user_client(f"1~{LI_WEI}")
            assert await manager.get_user_client("2") is not None
        idle_for(31, manager)
        assert await manager.get_user_client(f"1~{LI_WEI}") is not None
        assert manager.ready_users() == ["2", f"1~{LI_WEI}"]


async def test_many_who_are_opened_at_once_never_exceed_the_limit(sandbox: Sandbox, store: MemoryStore) -> None:
    for user in range(12):
        await plant_session(sandbox, store, user)
    most = 0
    async with running(sandbox, store, limits=Limits(max_clients=3, quiet_seconds=0)) as manager:

        async def ask(user: int) -> None:
            nonlocal most
            await manager.get_user_client(user)
            most = max(most, len(manager._pool.live))

        await asyncio.gather(*(ask(user) for user in range(12)))
        assert most <= 3


async def test_the_traffic_is_that_of_the_real_client(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        traffic = manager._pool.live["1"].claim.traffic
        before = traffic.facts()
        for _ in range(5):
            await client.get_me()
        after = traffic.facts()
        assert (after["requests"] or 0) - (before["requests"] or 0) == 5
        assert (after["messages_sent"] or 0) - (before["messages_sent"] or 0) >= 5
        assert (after["messages_received"] or 0) - (before["messages_received"] or 0) >= 5
        assert (after["bytes_sent"] or 0) > (before["bytes_sent"] or 0) + 5 * 40
        assert (after["bytes_received"] or 0) > (before["bytes_received"] or 0) + 5 * 40
        assert 0 < (after["latency_ms"] or 0) < 5000
        sandbox.mtproto.close_connections(ANN)
        await until(lambda: traffic.reconnects == 1)
        assert await client.get_me()


async def test_the_counts_go_on_when_a_closed_client_is_woken(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        await manager.get_user_client(1)
        sent = manager._pool.live["1"].claim.traffic.bytes_sent
        idle_for(1801, manager)
        await manager._idle.sweep()
        await manager.get_user_client(1)
        assert manager._pool.live["1"].claim.traffic.bytes_sent > sent > 0
