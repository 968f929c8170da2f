"""Telegram as the model needs it: connections in order, and the rule that makes a key a dead one.

A request on an older connection of a key after the first request on a newer one is a violation, as the sandbox
counts it. What a process has sent is in its kernel's buffer for a while: it arrives unless the connection is aborted,
also while the process is frozen, but never after UNSENT_FOR seconds. A killed process's connections are aborted by its
kernel.
"""

from __future__ import annotations

import asyncio
import itertools
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from telethon import errors
from telethon.tl import functions, types

from bybot.sessions.connection import UNSENT_FOR
from bybot.sessions.permit import Permit
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import Credentials
from tests.model.clocks import EPOCH
from tests.model.loop import ProcessLoop, World

#: On the wire: what was sent that recently arrives although the connection is aborted.
FLIGHT = 0.02


class Telegram:
    """Knows keys by their bytes."""

    def __init__(self, world: World, violation: Callable[[str], None]) -> None:
        self.world = world
        self.requests = 0
        self.ended: dict[bytes, type[errors.RPCError]] = {}
        self._violation = violation
        self._numbers = itertools.count(1)
        self._newest: dict[bytes, int] = {}
        self.accounts: dict[bytes, int] = {}

    def connect(self) -> int:
        """A new connection's number."""
        return next(self._numbers)

    def over(self, key: bytes) -> bool:
        """Did the account's owner end this login?"""
        return key in self.ended

    def request(self, key: bytes, connection: int, who: str) -> None:
        """One request arrives."""
        self.requests += 1
        newest = self._newest.get(key, 0)
        if connection < newest:
            self._violation(f"{who} spoke on connection {connection} of a key after connection {newest}")
        self._newest[key] = max(newest, connection)


class _Connection:
    """One TCP connection: the permit is asked before anything goes into the kernel's buffer."""

    def __init__(self, endpoint: Endpoint, permit: Permit, key: bytes, lost: asyncio.Future[None]) -> None:
        self.lost = lost
        self.number = endpoint.telegram.connect()
        self.closed = False
        self.congested = endpoint.congested
        self.aborted = False
        self._endpoint = endpoint
        self._telegram = endpoint.telegram
        self._loop = endpoint.loop
        self._permit = permit
        self._key = key
        self._last = 0.0  # TCP keeps the order
        self._aborted_at = float("inf")
        self._waiting: set[asyncio.Future[None]] = set()
        permit.attach(self)
        permit.check()

    async def ask(self) -> None:
        """Send one request and wait for its answer."""
        if self.aborted or self.closed:
            raise ConnectionError("the connection was ended")
        self._permit.check()
        world = self._telegram.world
        delay = min(max(FLIGHT, self.congested * world.dice.random()), UNSENT_FOR)
        self._last = max(self._last, world.now + delay)
        if self._endpoint.cut_until > world.now:  # the kernel gives up before the way is open again
            world.after(UNSENT_FOR, self._give_up)
            self._last = float("inf")
        answer: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(answer)
        if self._last < float("inf"):
            world.after(self._last - world.now, partial(self._arrive, answer, self._last))
        try:
            await answer
        finally:
            self._waiting.discard(answer)

    def _arrive(self, answer: asyncio.Future[None], arrives: float) -> None:
        if self._aborted_at < arrives - FLIGHT:
            return  # it was still in the buffer, which the abort emptied
        self._telegram.request(self._key, self.number, self._endpoint.who)
        self._telegram.world.after(FLIGHT, lambda: self._loop.call_soon(_settle, answer, self._error()))

    def _error(self) -> Exception | None:
        kind = self._telegram.ended.get(self._key)
        return None if kind is None else kind(None)

    def _give_up(self) -> None:
        """The kernel ends the connection; the process learns it when it runs."""
        self.abort()
        self._loop.call_soon(_settle, self.lost, None)

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            self._aborted_at = self._telegram.world.now
            for answer in list(self._waiting):
                _settle(answer, ConnectionError("the connection was aborted"))


def _settle(answer: asyncio.Future[None], error: Exception | None) -> None:
    if not answer.done():
        answer.set_result(None) if error is None else answer.set_exception(error)


class _Cache:
    """Who Telethon believes to be."""

    self_id: int | None = None

    def set_self_user(self, id_: int, bot: bool | None, access_hash: int | None) -> None:
        self.self_id = id_


class Client:
    """What the pool sees of Telethon's client."""

    def __init__(self, endpoint: Endpoint, session: StoredSession, permit: Permit) -> None:
        self.session: StoredSession | None = session
        self.connection: _Connection | None = None
        self._endpoint = endpoint
        self._permit = permit
        self._mb_entity_cache = _Cache()
        self._message_box = SimpleNamespace(is_empty=lambda: True)
        self._catch_up = False
        self._updates_error = None
        self._authorized: bool | None = None
        self._event_builders: list[Any] = []
        self._borrowed_senders: dict[int, Any] = {}
        self._sender = SimpleNamespace(
            _disconnected=endpoint.loop.create_future(),
            _auto_reconnect_callback=None,
            _connection=None,
            _user_connected=False,
            _pending_state={},
            _send_queue=SimpleNamespace(_deque=deque()),
        )
        endpoint.clients.add(self)

    async def connect(self) -> None:
        self._permit.check()
        world = self._endpoint.telegram.world
        await asyncio.sleep(max(world.dice.uniform(0.02, 0.3), self._endpoint.cut_until - world.now))
        self.connection = self._sender._connection = _Connection(
            self._endpoint, self._permit, self._key, self._sender._disconnected
        )
        await self.connection.ask()

    @property
    def _key(self) -> bytes:
        assert self.session is not None
        assert self.session.auth_key is not None
        return bytes(self.session.auth_key.key)

    def is_connected(self) -> bool:
        return self.connection is not None and not (self.connection.aborted or self.connection.closed)

    async def __call__(self, request: Any) -> Any:
        return await self._call(self._sender, request)

    async def _call(self, sender: Any, request: Any) -> Any:
        if self.connection is None or not self.is_connected():
            raise ConnectionError("not connected")
        await self.connection.ask()
        if isinstance(request, functions.auth.LogOutRequest) and self.session is not None:
            self._endpoint.telegram.ended[self._key] = errors.AuthKeyUnregisteredError
        return [SimpleNamespace(id=self._endpoint.telegram.accounts[self._key], bot=False, access_hash=1)]

    async def catch_up(self) -> None:
        await self(functions.updates.GetStateRequest())

    def progress(self) -> int:
        """Something happened that is worth storing: the account's pts grows."""
        assert self.session is not None
        before = self.session.get_update_state(0)
        pts = 1 if before is None else before.pts + 1
        self.session.set_update_state(0, types.updates.State(pts, self._permit.token, EPOCH, 0, 0))
        return pts

    async def _disconnect_coro(self) -> None:
        """Telethon's own end is a polite one: what was written is still sent."""
        if self.connection is not None:
            self.connection.closed = True
        _settle(self._sender._disconnected, None)


class Endpoint:
    """Builds clients for one process, in the place of :class:`bybot.sessions.telegram.TelegramEndpoint`."""

    dc = None
    proxy = None
    unsent_for = UNSENT_FOR
    credentials = Credentials(1, "0" * 32)

    def __init__(self, telegram: Telegram, loop: ProcessLoop, who: str) -> None:
        self.telegram = telegram
        self.loop = loop
        self.who = who
        self.congested = 0.0
        self.cut_until = 0.0
        self.clients: weakref.WeakSet[Client] = weakref.WeakSet()

    def client(self, session: StoredSession, permit: Permit, **options: Any) -> Client:
        return Client(self, session, permit)
