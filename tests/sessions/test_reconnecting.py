"""Connections that are cut, hang or never last."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from telethon import events

from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.sessions.news import ASKED, fields
from tests.sessions.support import ANN, LI_WEI, live_client, plant_session, running, until


async def test_what_was_missed_while_a_connection_was_cut_reaches_the_handlers(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        heard: list[str] = []

        @client.on(events.NewMessage)
        async def hear(event: Any) -> None:
            heard.append(event.raw_text)

        channel = sandbox.world.channel(1000000100)
        author = sandbox.world.account(LI_WEI)
        sandbox.world.send_message(author, channel.peer, text="before")
        await until(lambda: heard == ["before"])
        await sandbox.pause()
        sandbox.world.send_message(author, channel.peer, text="missed")
        await sandbox.resume()
        await until(lambda: heard == ["before", "missed"], 20)


async def test_whoever_listens_again_after_a_new_connection_hears_what_was_missed(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        heard: list[str] = []

        async def hear(event: Any) -> None:
            heard.append(event.raw_text)

        async def listen(user: str) -> None:
            client = await live_client(manager, user)
            client.add_event_handler(hear, events.NewMessage)

        manager.on_ready(listen)
        client = await live_client(manager)
        await listen("1")
        channel, author = sandbox.world.channel(1000000100), sandbox.world.account(LI_WEI)
        sandbox.world.send_message(author, channel.peer, text="before")
        await until(lambda: heard == ["before"])
        connect = sandbox.faults.add(kind="error", method=ASKED, code=500, message="INTERNAL", times=1)
        await client.disconnect()
        sandbox.world.send_message(author, channel.peer, text="missed")
        await until(lambda: heard == ["before", "missed"], 20)
        assert connect.id


async def test_a_connection_that_does_not_answer_is_replaced(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, connect_seconds=1.5) as manager:
        client = await live_client(manager)
        slow = sandbox.faults.add(kind="latency", method=ASKED, seconds=60, times=2)
        await manager.force_refresh(1)
        sandbox.faults.clear(slow.id)
        await until(lambda: manager.ready_users() == ["1"])
        again = await live_client(manager)
        assert again is not client
        assert (await again.get_me()).id == ANN


async def test_a_session_is_opened_again_by_one_undertaking_whoever_asks_for_it(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        asked = sandbox.counters.calls_of(ASKED)
        await client.disconnect()
        for _ in range(20):
            manager._pool.revive("1")
        await until(lambda: manager.ready_users() == ["1"] and not manager._pool.reviving("1"))
        assert sandbox.counters.calls_of(ASKED) == asked + 1


async def test_a_client_that_never_lasts_is_opened_ever_later(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        ends: list[float] = []

        async def end(user: str) -> None:
            client = manager._pool.peek(user)
            assert client is not None
            ends.append(manager._clock.elapsed())
            await client.disconnect()

        manager.on_ready(end)
        await end("1")
        await until(lambda: len(ends) == 5, 20)
        pauses = [after - before for before, after in pairwise(ends)]
        assert pauses[3] > 1.9
        assert pauses[3] > pauses[0]  # the first one may have been bad luck


async def test_a_client_that_does_not_end_does_not_hold_up_the_others(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        busy, free = asyncio.Event(), asyncio.Event()

        @client.on(events.NewMessage)
        async def stubborn(event: Any) -> None:
            busy.set()
            while not free.is_set():
                try:
                    await free.wait()
                except asyncio.CancelledError:
                    continue

        sandbox.world.send_message(sandbox.world.account(LI_WEI), sandbox.world.channel(1000000100).peer, text="x")
        await busy.wait()
        began = manager._clock.elapsed()
        await manager.close_all_sessions(2)
        assert manager._clock.elapsed() - began < 10
        for user in ("1", "2"):
            assert (await fields(store, user))["owner"] is None
        with pytest.raises(ConnectionError):
            await client.get_me()
        free.set()
        await asyncio.sleep(0)
