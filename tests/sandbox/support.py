"""What the conformance tests share: a running server, and stock Telethon clients that speak to it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.crypto import AuthKey as ClientKey
from telethon.crypto import rsa as client_rsa
from telethon.sessions import MemorySession

from bybot.clock import Clock
from bybot.sandbox.faults import Counters, Faults
from bybot.sandbox.mtproto.auth_service import AuthService
from bybot.sandbox.mtproto.network import Network
from bybot.sandbox.mtproto.server import MtprotoServer
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.world.model import Account
from bybot.sandbox.world.world import World
from tests.waiting import until as until

API_ID, API_HASH = 12345, "0123456789abcdef0123456789abcdef"
DC_ID = 2


@dataclass
class Running:
    """A server with everything around it."""

    world: World
    faults: Faults
    counters: Counters
    auth: AuthService
    server: MtprotoServer

    @property
    def network(self) -> Network:
        return self.server.network

    @property
    def mtproto_address(self) -> tuple[str, int]:
        return self.server.address


@asynccontextmanager
async def running_server(
    *,
    world: World | None = None,
    clock: Clock | None = None,
    switches: Switches | None = None,
    state_dir: Path | None = None,
    port: int = 0,
    dcs: Sequence[int] = (DC_ID,),
    proxy_secret: bytes | None = None,
) -> AsyncIterator[Running]:
    """A world and its data centres, the first of which is the server; it must end without unknown requests."""
    world = world or World(clock)
    faults, counters = Faults(), Counters()
    auth = AuthService(world, switches=switches, state_dir=state_dir)
    network = Network()
    for dc_id in dcs:
        MtprotoServer(
            world, auth, faults, counters, switches, dc_id=dc_id, network=network, proxy_secret=proxy_secret
        )  # fmt: skip
    server = network.servers[dcs[0]]
    await network.start("127.0.0.1", [port])
    client_rsa.add_key(server.rsa_key.public_pem, old=False)
    # Telethon remembers the addresses of data centres for the whole process.
    TelegramClient._config = None
    try:
        yield Running(world, faults, counters, auth, server)
    finally:
        await network.stop()
        auth.close()
    assert dict(counters.unknown) == {}, f"requests without a handler: {dict(counters.unknown)}"


def make_client(running: Any, session: Any = None, **options: Any) -> TelegramClient:
    """A stock client of a server (anything with ``mtproto_address``), not connected yet.

    Args:
        running: a :class:`Running` or a Sandbox.
        session: a new session in memory by default.
        **options: of TelegramClient.
    """
    session = session or MemorySession()
    session.set_dc(DC_ID, *running.mtproto_address)
    options = {"connection_retries": 1, "retry_delay": 0, "timeout": 5, "request_retries": 1} | options
    return TelegramClient(session, API_ID, API_HASH, **options)


def ready_session(running: Any, account: Account, session: Any = None) -> Any:
    """A session that is logged in already: its key is known to the server."""
    data = os.urandom(256)
    running.auth.add_ready_key(data, account.id)
    session = session or MemorySession()
    session.set_dc(DC_ID, *running.mtproto_address)
    session.auth_key = ClientKey(data)
    return session


@asynccontextmanager
async def connected(client: TelegramClient) -> AsyncIterator[TelegramClient]:
    """The client between connect and disconnect; a connect that fails is cleaned up as well."""
    try:
        async with asyncio.timeout(20):
            await client.connect()
        yield client
    finally:
        if client.session is not None:
            await client.disconnect()
        # Telethon reports an error both to the caller and to this future, which nobody else looks at.
        ended = client._sender._disconnected
        if ended.done() and not ended.cancelled():
            ended.exception()


@asynccontextmanager
async def ready_client(running: Any, account: Account, **options: Any) -> AsyncIterator[TelegramClient]:
    """A connected client that is logged in to an account."""
    async with connected(make_client(running, ready_session(running, account), **options)) as client:
        yield client


@asynccontextmanager
async def new_client(running: Any, **options: Any) -> AsyncIterator[TelegramClient]:
    """A connected client with a new key, not logged in."""
    async with connected(make_client(running, **options)) as client:
        yield client
