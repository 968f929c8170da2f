"""However a client ends, whoever waits for its answers is told, and its tasks end with it."""

from __future__ import annotations

import asyncio

import pytest

from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.sessions.support import live_client, plant_session, running, until


async def test_a_request_that_was_still_to_be_sent_fails_when_its_client_ends(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        await sandbox.pause()
        await until(lambda: client._sender._reconnecting or not client._sender._transport_connected())
        asking = [asyncio.create_task(client.get_me()) for _ in range(3)]
        await asyncio.sleep(0)
        async with manager._pool.locks("1"):
            await manager._pool.end("1")
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(answer) for answer in answers] == [ConnectionError] * 3
        await sandbox.resume()
    assert "left behind" not in caplog.text


async def test_a_client_ends_at_once_although_its_connection_was_lost_before(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        for turns in range(14):
            await live_client(manager)
            manager._core.require().held["1"].revoke()  # aborts the connection: Telethon begins to reconnect
            for _ in range(turns):
                await asyncio.sleep(0)
            async with manager._pool.locks("1"):
                await manager._pool.end("1")
    assert "left behind" not in caplog.text


async def test_a_client_that_lost_its_right_for_good_is_put_away(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        client._sender._retries, client._sender._delay = 1, 0.01
        manager._core.require().held["1"].revoke()
        asking = asyncio.create_task(client.get_me())
        await until(lambda: "1" not in manager._pool.live)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(10):
                await asking
