"""The product as the bench wires it: stores and managers, as a deployment makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.spec import BOT_ID, Spec
from bybot.clock import SystemClock
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import Lease, LeaseTimes
from bybot.sessions.life import LockedLife
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import INSTANCES, LEADER
from bybot.sessions.telegram import DataCenter, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Committed, Store, Write
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from bybot.stores.locallock import InstanceLocks
from bybot.stores.over import StoreOver


def store_of(spec: Spec) -> Store:
    """Of a local deployment, or in the sandbox's Firestore; not open yet."""
    if spec.firestore:
        return FirestoreStore("bybot-bench", None, BOT_ID, emulator_host=spec.firestore)
    return LocalFileStore(Path(spec.directory), BOT_ID, SystemClock())


@asynccontextmanager
async def opened(spec: Spec) -> AsyncIterator[Store]:
    """The store, open."""
    store = store_of(spec)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def manager_of(spec: Spec, store: Store, *, lease_seconds: float = 30.0, **options: Any) -> UserSessionManager:
    """The manager over it, not started."""
    clock = SystemClock()
    endpoint = TelegramEndpoint(1, "0" * 32, dc=DataCenter.parse_all(spec.dc), rsa_pem=spec.rsa_pem)
    times = LeaseTimes.of(lease_seconds)
    life = None if spec.firestore else LockedLife(InstanceLocks(Path(spec.directory), BOT_ID), times)
    lease: Lease = DocumentLease(store, clock, times, label="bench", life=life)
    vault = Vault.from_text([spec.secret], bot_id=BOT_ID)
    return UserSessionManager(store, vault, endpoint, bot_id=BOT_ID, clock=clock, lease=lease, **options)


class Counting(StoreOver):
    """A store that counts what it has written, apart from the lease."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.clear()

    def clear(self) -> None:
        """Count from here on."""
        self.lease = self.others = 0

    async def commit(self, writes: Sequence[Write]) -> Committed:
        committed = await super().commit(writes)
        of_lease = sum(write.key == LEADER or write.key.collection == INSTANCES for write in writes)
        self.lease += of_lease
        self.others += len(writes) - of_lease
        return committed
