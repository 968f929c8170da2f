"""The MTProto server: connections, sessions, the dispatch of requests, and pushes of updates."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from bybot.sandbox import tl
from bybot.sandbox.faults import Counters, Faults, Outcome
from bybot.sandbox.mtproto.auth_service import AuthService
from bybot.sandbox.mtproto.connection import Connection
from bybot.sandbox.mtproto.handshake import DhSecret, Handshake
from bybot.sandbox.mtproto.keys import AuthKey, Device, new_salt
from bybot.sandbox.mtproto.network import Network
from bybot.sandbox.mtproto.session import Session
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.rpc import registry
from bybot.sandbox.rpc.frozen import REFUSED_TO_FROZEN
from bybot.sandbox.rpc.registry import Context, Method, RpcError
from bybot.sandbox.rsa import ServerKey, process_key
from bybot.sandbox.world.errors import TelegramError
from bybot.sandbox.world.model import HOME_DC

if TYPE_CHECKING:
    from bybot.sandbox.world.model import Account, SessionRef
    from bybot.sandbox.world.world import World

_log = logging.getLogger(__name__)

_KEPT_SESSIONS = 1000
_GONE = (401, "AUTH_KEY_UNREGISTERED")


class MtprotoServer:
    """One data centre on one port.

    Args:
        dc_id: its number.
        network: the other data centres of this Telegram; None: there are none.
        rsa_key: None takes one that this process makes once.
        proxy_secret: 16 bytes with which MTProto-proxy connections are accepted too.
    """

    def __init__(
        self,
        world: World,
        auth: AuthService,
        faults: Faults,
        counters: Counters,
        switches: Switches | None = None,
        rsa_key: ServerKey | None = None,
        *,
        dc_id: int = HOME_DC,
        network: Network | None = None,
        proxy_secret: bytes | None = None,
    ) -> None:
        self.dc_id = dc_id
        self.network = network or Network()
        self.network.servers[dc_id] = self
        self.world, self.auth, self.faults, self.counters = world, auth, faults, counters
        self.switches = switches or Switches()
        self.rsa_key = rsa_key or process_key()
        self.proxy_secret = proxy_secret
        self.connections: set[Connection] = set()
        self.address: tuple[str, int] = ("", 0)
        self._secret = DhSecret()
        self._numbers = itertools.count(1)
        self._sessions: dict[tuple[int, int], Session] = {}
        self._parked: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._subscribed: dict[int, dict[Session, None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._last_push: tuple[Any, bytes] = (None, b"")
        self._stop_pushes: Callable[[], None] | None = None
        registry.load()

    @property
    def skew(self) -> float:
        """Seconds by which this server's clock is ahead of the machine's."""
        return self.faults.clock_skew

    # Life ------------------------------------------------------------------------------------------------------

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; port 0 takes a free one.

        Returns:
            where it listens.

        Raises:
            OSError: the port is in use.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self, next(self._numbers)), host, port, backlog=2048)
        self._stop_pushes = self.world.events.subscribe_pushes(self.push, connected=self.is_connected)
        bound = self._server.sockets[0].getsockname()
        self.address = (str(bound[0]), int(bound[1]))
        return self.address

    async def stop(self) -> None:
        """Close every connection and end every request in progress."""
        if self._stop_pushes is not None:
            self._stop_pushes()
            self._stop_pushes = None
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close(at_once=True)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        async with asyncio.timeout(10):
            await self._empty.wait()

    def close_connections(self, account_id: int | None = None) -> int:
        """Cut the connections of an account, or all of them.

        Returns:
            how many there were.
        """
        if account_id is None:
            doomed = set(self.connections)
        else:
            sessions = [s for s in self._sessions.values() if s.key.account_id == account_id]
            doomed = {session.connection for session in sessions if session.connection is not None}
        for connection in doomed:
            connection.close(at_once=True)
        return len(doomed)

    def rotate_salts(self) -> None:
        """Give every key a new salt: the next message of each client is refused once with bad_server_salt."""
        for key in self.auth.keys:
            key.salt = new_salt()

    def joined(self, connection: Connection) -> None:
        """A connection was accepted."""
        self.connections.add(connection)
        self._empty.clear()

    def left(self, connection: Connection) -> None:
        """A connection ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    # What connections ask --------------------------------------------------------------------------------------

    def new_handshake(self) -> Handshake:
        """A key exchange whose key is known here at its end."""

        def keep(data: bytes) -> None:
            self.auth.keys.add(data, self.world.clock.now(), dc=self.dc_id)

        return Handshake(self.rsa_key, self._secret, keep, self.skew)

    def key(self, key_id: int) -> AuthKey | None:
        """The key with this id, None when this data centre does not know it."""
        key = self.auth.keys.get(key_id)
        return key if key is not None and key.dc == self.dc_id else None

    def session(self, key: AuthKey, session_id: int) -> tuple[Session, bool]:
        """The session with this id, and whether it is new."""
        known = self._sessions.get((key.id, session_id))
        if known is not None:
            self._parked.pop(known.ref, None)
            return known, False
        session = self._sessions[key.id, session_id] = Session(key, session_id)
        return session, True

    def park(self, session: Session) -> None:
        """A session lost its connection: keep it for a while, should the client come back with it."""
        session.connection = None
        self.unsubscribe(session)
        if session.ref in self._sessions:
            self._parked[session.ref] = None
        while len(self._parked) > _KEPT_SESSIONS:
            del self._sessions[self._parked.popitem(last=False)[0]]

    def forget_session(self, key: AuthKey, session_id: int) -> bool:
        """Destroy a session; whether there was one."""
        gone = self._sessions.pop((key.id, session_id), None)
        if gone is not None:
            self._parked.pop(gone.ref, None)
            self.unsubscribe(gone)
        return gone is not None

    def carry_out(self, connection: Connection, session: Session, message: tl.Incoming) -> None:
        """Start a request; its answer goes to the connection that asked."""
        refusal = self._judge_key(connection, session.key)
        task = asyncio.get_running_loop().create_task(self._request(connection, session, message, refusal))
        session.running[message.msg_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Requests --------------------------------------------------------------------------------------------------

    def _judge_key(self, connection: Connection, key: AuthKey) -> tuple[int, str] | None:
        """Notice a key that is used over two connections at once: the older one speaks after the newer."""
        if connection.number >= key.newest_connection:
            key.newest_connection, key.newest_address = connection.number, connection.address
        else:
            self.counters.duplicate_violations += 1
            rule = self.switches.duplicate_key
            if rule == "any" or (rule == "different" and connection.address != key.newest_address):
                _log.warning("an auth key of account %s was used twice at once", key.account_id)
                self.auth.keys.end(key, 406, "AUTH_KEY_DUPLICATED")
        if key.ended is not None and key.ended[0] == 406:
            return key.ended
        return None

    async def _request(
        self,
        connection: Connection,
        session: Session,
        message: tl.Incoming,
        refusal: tuple[int, str] | None,
    ) -> None:
        try:
            if refusal is not None:
                answer: bytes | None = _error(*refusal)
            else:
                answer = await self._answer(connection, session, message)
        finally:
            session.running.pop(message.msg_id, None)
        if answer is None:
            connection.close(at_once=True)
            return
        body = tl.rpc_result(message.msg_id, answer)
        session.keep_answer(message.msg_id, body)
        connection.send(session, body)

    async def _answer(self, connection: Connection, session: Session, message: tl.Incoming) -> bytes | None:
        """The packed answer; None when the connection is to be cut instead."""
        try:
            unwrapped = tl.unwrap(tl.read(message.body))
        except tl.NotTl as error:
            number = error.constructor or tl.constructor(message.body)
            self.counters.unknown[f"{number:08x}"] += 1
            return _error(400, f"INPUT_METHOD_INVALID_{number}")
        for earlier in unwrapped.after:
            if (task := session.running.get(earlier)) is not None:
                await asyncio.wait([task])
            if tl.is_error(session.answer_to(earlier)):
                return _error(400, "MSG_WAIT_FAILED")
        session.layer = unwrapped.layer or session.layer
        if unwrapped.client is not None:
            self._meet(session.key, unwrapped.client, connection.address)
        account, gone = self._account(session.key)
        ctx = Context(
            self.world, self.auth, self.faults, self.counters, self.switches, self,
            session.key, session, account, session.layer, message.msg_id,
        )  # fmt: skip
        request = unwrapped.request
        method = registry.find(request)
        name = registry.method_name(request.__class__) if method is None else method.name
        self.counters.calls[name, None if account is None else account.id] += 1
        try:
            if method is None:
                self.counters.unknown[name] += 1
                raise RpcError(400, f"METHOD_NOT_IMPLEMENTED_{name}")
            if account is None and method.needs_login:
                raise RpcError(*gone)
            if account is not None and method.needs_login:
                self._admit(account, method)
                if not unwrapped.without_updates and account.dc_id == self.dc_id:
                    self._subscribe(session, account.id)
            return await self._handle(ctx, method, request)
        except TelegramError as error:
            return _error(error.code, error.message)
        except Exception:
            _log.exception("the handler of %s failed", name)
            return _error(500, "INTERNAL")

    async def _handle(self, ctx: Context, method: Method, request: Any) -> bytes | None:
        await self.faults.before_rpc(ctx, method.name)
        result = await method.handler(ctx, request)
        if self.faults.after_rpc(ctx, method.name) is Outcome.CUT:
            return None
        body = tl.write(result)
        # Files are compressed already.
        if len(body) > self.switches.gzip_above and not isinstance(result, types.upload.File):
            return tl.zipped(body)
        return body

    def _admit(self, account: Account, method: Method) -> None:
        if account.dc_id != self.dc_id and not method.anywhere:
            raise RpcError(303, f"USER_MIGRATE_{account.dc_id}")
        if account.frozen and method.name in REFUSED_TO_FROZEN:
            raise RpcError(420, "FROZEN_METHOD_INVALID")

    def _account(self, key: AuthKey) -> tuple[Account | None, tuple[int, str]]:
        """Who speaks with this key, and what a request that needs a login is told when nobody does."""
        if key.account_id is None:
            return None, key.ended or _GONE
        account = self.world.accounts.get(key.account_id)
        if account is None:
            return None, _GONE
        if account.deactivated:
            banned = account.phone is not None and account.phone in self.auth.banned
            return None, (401, "USER_DEACTIVATED_BAN" if banned else "USER_DEACTIVATED")
        return account, _GONE

    def _meet(self, key: AuthKey, client: Any, address: str) -> None:
        device = Device(
            api_id=client.api_id,
            device_model=client.device_model,
            system_version=client.system_version,
            app_version=client.app_version,
            lang_code=client.lang_code,
        )
        key.active = self.world.clock.now()
        if device != key.device or address != key.address:
            key.device, key.address = device, address
            self.auth.keys.changed(key)

    # Pushes ----------------------------------------------------------------------------------------------------

    def _subscribe(self, session: Session, account_id: int) -> None:
        if session.subscribed == account_id or session.connection is None:
            return
        self.unsubscribe(session)
        session.subscribed = account_id
        self._subscribed.setdefault(account_id, {})[session] = None

    def unsubscribe(self, session: Session) -> None:
        """No more updates for this session until it asks for something again."""
        if session.subscribed is None:
            return
        sessions = self._subscribed[session.subscribed]
        del sessions[session]
        if not sessions:
            del self._subscribed[session.subscribed]
        session.subscribed = None

    def is_connected(self, account_id: int) -> bool:
        """Whether any session of the account gets updates now."""
        return account_id in self._subscribed

    def push(self, account_id: int, updates: Any, exclude: SessionRef | None = None) -> None:
        """Deliver updates to the subscribed sessions of an account, except one."""
        if account_id not in self._subscribed:
            return
        for each in self.faults.push(account_id, updates):
            body = self._packed(each)
            for session in list(self._subscribed.get(account_id, ())):
                if session.key.account_id != account_id:
                    self.unsubscribe(session)
                elif session.ref != exclude and session.connection is not None:
                    session.connection.send(session, body, answer=False)

    def push_to(self, session: Session, updates: Any) -> None:
        """Deliver updates to one session, logged in or not."""
        if session.connection is not None:
            session.connection.send(session, self._packed(updates), answer=False)

    def _packed(self, updates: Any) -> bytes:
        # The members of a channel get the same object one after another.
        if self._last_push[0] is not updates:
            body = tl.write(updates)
            if len(body) > self.switches.gzip_above:
                body = tl.zipped(body)
            self._last_push = (updates, body)
        return self._last_push[1]


def _error(code: int, message: str) -> bytes:
    return bytes(types.RpcError(code, message))
