"""The proxy, used by stock Telethon."""

from __future__ import annotations

import asyncio

import pytest
from python_socks import ProxyError

from bybot.sandbox.socks import SocksServer
from tests.sandbox.support import new_client, ready_client, running_server, until


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_every_connection_goes_through_the_proxy(kind: str) -> None:
    proxy = SocksServer()
    host, port = await proxy.start()
    try:
        async with running_server() as running:
            ann = running.world.create_account("Ann", phone="15550000001")
            async with ready_client(running, ann, proxy=(kind, host, port)) as client:
                assert (await client.get_me()).id == ann.id
            assert proxy.connections == {running.mtproto_address: 1}
    finally:
        await proxy.stop()


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_user_and_password_are_asked_for(kind: str) -> None:
    proxy = SocksServer(user="u", password="p")
    host, port = await proxy.start()
    try:
        async with running_server() as running:
            async with new_client(running, proxy=(kind, host, port, True, "u", "p")) as client:
                assert await client.get_me() is None
            # Telethon turns the first into the second only when nobody imported the library's proxies before.
            with pytest.raises((ProxyError, ConnectionError)):
                async with new_client(running, proxy=(kind, host, port, True, "u", "wrong")):
                    pass
            assert proxy.refused >= 1
            assert sum(proxy.connections.values()) == 1
    finally:
        await proxy.stop()


async def test_an_unreachable_destination_is_reported_and_not_counted() -> None:
    proxy = SocksServer()
    host, port = await proxy.start()
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"\x05\x01\x00" + b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x01")
        assert await reader.readexactly(2) == b"\x05\x00"
        assert (await reader.readexactly(2))[1] == 4
        writer.close()
        await writer.wait_closed()
        await until(lambda: proxy.refused == 1)
        assert not proxy.connections
    finally:
        await proxy.stop()


async def test_a_cut_proxy_lets_the_client_come_back() -> None:
    proxy = SocksServer()
    host, port = await proxy.start()
    try:
        async with running_server() as running:
            ann = running.world.create_account("Ann", phone="15550000001")
            options = {"proxy": ("socks5", host, port), "connection_retries": 5}
            async with ready_client(running, ann, **options) as client:
                proxy.cut()
                await until(lambda: proxy.connections[running.mtproto_address] == 2)
                assert (await client.get_me()).id == ann.id
    finally:
        await proxy.stop()
