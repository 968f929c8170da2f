"""The socket asks for its permit: every transport, every kind of proxy, and nothing after a revocation."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.errors import TelegramUnreachable
from bybot.sandbox.server import Sandbox
from bybot.sandbox.socks import SocksServer
from bybot.sessions.clients import connect_checked, hang_up
from bybot.sessions.permit import Instant, Permit, PermitRevoked, Term
from bybot.sessions.socket import PermitSocket
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import DataCenter, Proxy, TelegramEndpoint
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import running_server
from tests.sessions.support import ANN, endpoint, live_client, plant_session, running, until


def permit() -> Permit:
    clock = SystemClock()
    return Permit(Term("me", clock=clock, seconds=None, sent=Instant.of(clock)), "1", 1)


@pytest.mark.parametrize("transport", ["full", "abridged", "intermediate", "obfuscated"])
async def test_every_transport_speaks_under_a_permit(sandbox: Sandbox, store: MemoryStore, transport: str) -> None:
    await plant_session(sandbox, store, 1)
    telegram = endpoint(sandbox, transport=transport)
    async with running(sandbox, store, telegram=telegram) as manager:
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN


async def test_what_an_earlier_connection_left_unsent_is_not_sent_on_the_next_one(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        connection = client._sender._connection
        await connection.disconnect()
        connection._send_queue.put_nowait(b"a packet of the session before")
        await connection.connect(timeout=10)
        assert connection._send_queue.empty()


async def test_a_socks_proxy_carries_the_connection(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    proxy = SocksServer()
    host, port = await proxy.start("127.0.0.1", 0)
    try:
        telegram = endpoint(sandbox, proxy=Proxy.parse(f"socks5://{host}:{port}"))
        async with running(sandbox, store, telegram=telegram) as manager:
            client = await live_client(manager)
            assert isinstance(client._sender._connection._writer.transport.get_extra_info("socket")._sock, PermitSocket)
            assert (await client.get_me()).id == ANN
    finally:
        await proxy.stop()


async def test_a_proxy_that_is_not_there_is_an_unreachable_telegram(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    telegram = endpoint(sandbox, proxy=Proxy.parse("socks5://127.0.0.1:9"))
    async with running(sandbox, store, telegram=telegram, connect_seconds=0.5) as manager:
        with pytest.raises(TelegramUnreachable):
            await manager.get_user_client(1)


async def test_an_mtproto_proxy_carries_the_connection() -> None:
    secret = bytes(range(16))
    async with running_server(proxy_secret=secret) as telegram:
        host, port = telegram.mtproto_address
        proxy = Proxy.parse(f"tg://proxy?server={host}&port={port}&secret=dd{secret.hex()}")
        there = TelegramEndpoint(1, "x" * 32, dc=DataCenter(2, host, port), proxy=proxy)
        allowed = permit()
        client = there.client(StoredSession(), allowed)
        try:
            async with asyncio.timeout(15):
                await client.connect()
            assert client.session.auth_key
        finally:
            await hang_up(client, allowed)


@pytest.mark.parametrize("url", ["", "ftp://x:1", "socks5://", "tg://proxy?server=x", "socks5://h:port"])
def test_what_is_no_proxy_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"proxy|Port"):
        Proxy.parse(url)


def test_a_proxy_keeps_its_password_out_of_its_repr() -> None:
    proxy = Proxy.parse("socks5://name:s3cret@example.org:1081")
    assert proxy.for_telethon() == ("socks5", "example.org", 1081, True, "name", "s3cret")
    assert "s3cret" not in repr(proxy)


async def test_a_socket_sends_nothing_once_its_permit_is_revoked() -> None:
    clock = ManualClock()
    term = Term("me", clock=clock, seconds=30, sent=Instant.of(clock))
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1000):
                received.extend(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        sock = PermitSocket(Permit(term, "1", 1), socket.AF_INET, unsent_for=5)
        await asyncio.get_running_loop().sock_connect(sock, server.sockets[0].getsockname())
        _, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"before")
        await until(lambda: bytes(received) == b"before")
        clock.advance(31)
        for send in (sock.send, sock.sendall, lambda data: sock.sendmsg([data])):
            with pytest.raises(PermitRevoked):
                send(b"after")
        writer.write(b"after")
        with pytest.raises(ConnectionError):
            await writer.wait_closed()
        assert bytes(received) == b"before"


async def test_what_was_written_but_not_sent_is_dropped_by_a_revocation(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        before = sum(sandbox.counters.calls.values())
        asking = [asyncio.ensure_future(client.get_me()) for _ in range(50)]
        await asyncio.sleep(0)  # the requests are queued now, and not sent
        manager._pool.live["1"].permit.revoke()
        await manager._pool.drop_all()
        await asyncio.gather(*asking, return_exceptions=True)
        assert sum(sandbox.counters.calls.values()) == before


async def test_a_connection_that_is_never_answered_ends_within_its_time() -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        allowed = permit()
        client = TelegramEndpoint(1, "x" * 32, dc=DataCenter(2, host, port)).client(StoredSession(), allowed)
        with pytest.raises(TelegramUnreachable):
            await connect_checked(client, allowed, seconds=0.3)
        assert not client.is_connected()
