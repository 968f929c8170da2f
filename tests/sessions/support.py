"""What the tests of sessions share: managers on a sandbox Telegram, and stores that misbehave on purpose."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from telethon.crypto import AuthKey

from bybot.clock import Clock, SystemClock
from bybot.errors import StoreUnavailable
from bybot.ids import user_key
from bybot.sandbox.server import Sandbox
from bybot.sessions.codec import Codec
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import LeaseTimes
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import auth_key_key, session_key
from bybot.sessions.registry import open_registry
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import DataCenter, Proxy, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Committed, Document, Key, Put, Store, Where, Write
from bybot.stores.memory import MemoryStore
from bybot.stores.over import StoreOver
from tests.waiting import until as until

BOT_ID = "bybot_test"
KEY = bytes(range(32))
ANN, LI_WEI = 5000100, 5000200
ANN_PHONE, LI_WEI_PHONE = "+44 7700 900101", "+8613800138000"


def vault(key: bytes = KEY) -> Vault:
    return Vault([key], bot_id=BOT_ID)


def endpoint(sandbox: Sandbox, *, proxy: Proxy | None = None, transport: str = "full") -> TelegramEndpoint:
    return TelegramEndpoint(
        12345,
        "0123456789abcdef0123456789abcdef",
        dc=DataCenter.parse(sandbox.dc_spec),
        rsa_pem=sandbox.rsa_public_key_pem,
        proxy=proxy,
        transport=transport,
    )


@asynccontextmanager
async def running(
    sandbox: Sandbox,
    store: Store,
    *,
    active: bool = True,
    lease_seconds: float = 30.0,
    seal: Vault | None = None,
    telegram: TelegramEndpoint | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncIterator[UserSessionManager]:
    """A started manager; waits until it may act unless ``active`` is False."""
    clock = clock or SystemClock()
    lease = DocumentLease(store, clock, LeaseTimes.of(lease_seconds), label="test")
    manager = UserSessionManager(
        store,
        seal or vault(),
        telegram or endpoint(sandbox),
        bot_id=BOT_ID,
        clock=clock,
        lease=lease,
        **{"connect_seconds": 8.0} | options,
    )
    await manager.start()
    try:
        if active:
            async with asyncio.timeout(20):
                await manager.wait_active()
                await manager.wait_restored()
        yield manager
    finally:
        await manager.close_all_sessions(5)


async def plant_session(
    sandbox: Sandbox,
    store: Store,
    user: int | str,
    account_id: int = ANN,
    *,
    seal: Vault | None = None,
    data: bytes | None = None,
    register: bool = True,
) -> bytes:
    """Store a session that is logged in already. Returns its key.

    Args:
        data: the key; None: a new one.
        register: enter it in the registry; versions before it did not.
    """
    if data is None:
        data = os.urandom(256)
        sandbox.auth.add_ready_key(data, account_id)
    session = StoredSession()
    host, port = sandbox.mtproto_address
    session.set_dc(2, host, port)
    session._auth_key = AuthKey(data)
    session.authorise()
    key = user_key(user)
    now = datetime.now(UTC)
    codec = Codec(seal or vault())
    if register:
        await open_registry(store, codec)
    fields = codec.pack(key, session.snapshot(), now)
    facts = {"state": "ready", "owner": None, "token": 3, "account_id": account_id, "created_at": now}
    writes = [Put(session_key(key), {**facts, "last_used_at": now, **fields})]
    if register:
        writes.append(Put(auth_key_key(fields["key_hmac"]), {"user": key, "created_at": now}))
    await store.commit(writes)
    return data


async def log_in(manager: UserSessionManager, sandbox: Sandbox, user: int | str, phone: str = ANN_PHONE) -> Any:
    """The usual login by code, without a password."""
    await manager.begin_login(user, phone)
    code = sandbox.auth.next_code(phone)
    assert code is not None
    return await manager.submit_code(user, code)


class FaultyStore(StoreOver):
    """A store in memory whose commits and reads fail when told to.

    Attributes:
        down: every call raises StoreUnavailable and does nothing.
        lose_next: the next commits that match are applied, but answered with StoreUnavailable.
        drop_next: the next commits that match are not applied, and answered with StoreUnavailable.
        delay_next: the next commits that match are answered with StoreUnavailable and applied at ``deliver()``.
    """

    def __init__(self, clock: Clock | None = None, inner: Store | None = None) -> None:
        super().__init__(inner or MemoryStore(clock or SystemClock()))
        self.down = False
        self.lose_next = self.drop_next = self.delay_next = 0
        self.matches: Callable[[Sequence[Write]], bool] = lambda writes: True
        self.commits: list[Sequence[Write]] = []
        self._late: list[Sequence[Write]] = []

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("an outage on purpose")

    async def get(self, key: Key) -> Document | None:
        self._check()
        return await self.inner.get(key)

    async def query(self, collection: str, where: Where | None = None, **options: Any) -> list[Document]:
        self._check()
        return await self.inner.query(collection, where, **options)

    async def commit(self, writes: Sequence[Write]) -> Committed:
        self._check()
        if self.matches(writes):
            if self.drop_next:
                self.drop_next -= 1
                raise StoreUnavailable("not applied, on purpose")
            if self.delay_next:
                self.delay_next -= 1
                self._late.append(writes)
                raise StoreUnavailable("late, on purpose")
            if self.lose_next:
                self.lose_next -= 1
                await self.inner.commit(writes)
                raise StoreUnavailable("applied without an answer, on purpose")
        committed = await self.inner.commit(writes)
        self.commits.append(writes)
        return committed

    async def deliver(self) -> list[Exception | None]:
        """Apply what was delayed, now. Returns for each what the store said."""
        outcomes: list[Exception | None] = []
        late, self._late = self._late, []
        for writes in late:
            try:
                await self.inner.commit(writes)
                outcomes.append(None)
            except Exception as error:
                outcomes.append(error)
        return outcomes

    async def now(self) -> datetime:
        self._check()
        return await self.inner.now()


async def code_of(sandbox: Sandbox, phone: str = ANN_PHONE) -> str:
    code = sandbox.auth.next_code(phone)
    assert code is not None
    return code


async def live_client(manager: UserSessionManager, user: int | str = 1) -> Any:
    """The client of a person who is logged in."""
    client = await manager.get_user_client(user)
    assert client is not None
    return client
