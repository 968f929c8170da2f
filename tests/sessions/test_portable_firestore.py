"""What leaves and enters the store, on Firestore: older documents, backups as documents, rotation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.firestore import FirestoreServer
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import BACKUPS, SESSIONS
from bybot.sessions.vault import Vault
from bybot.stores.base import MAX_DOCUMENT_BYTES, Key, Put
from bybot.stores.firestore import FirestoreStore
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, BOT_ID, KEY, LI_WEI, plant_session, running
from tests.sessions.test_migration import an_old_file, key_in, plain_keys, plant
from tests.stores.conftest import server as server
from tests.waiting import until


@pytest.fixture
async def store(server: FirestoreServer) -> AsyncIterator[FirestoreStore]:
    store = FirestoreStore("p", None, BOT_ID, emulator_host=server.address)
    await store.open()
    yield store
    await store.close()


async def test_documents_of_an_older_version_become_sessions_and_nothing_readable_stays(
    sandbox: Sandbox, store: FirestoreStore
) -> None:
    ann, wei = an_old_file(sandbox), an_old_file(sandbox, LI_WEI)
    await plant(store, f"{ANN}", ann, hostname="laptop")
    await plant(store, f"{LI_WEI}_Wei-MacBook.local", wei)
    async with running(sandbox, store) as manager:
        done = await manager.portable.migrate(other_copy_stopped=True)
        assert sorted(done.migrated.values()) == [str(ANN), str(LI_WEI)]
        assert done.removed == (f"{SESSIONS}/{LI_WEI}_Wei-MacBook.local",)
        await until(lambda: sorted(manager.ready_users()) == [str(ANN), str(LI_WEI)])
    assert await plain_keys(store, ann, wei) == []
    assert len({key_in(ann), key_in(wei)}) == 2


async def test_a_backup_of_several_parts_is_kept_in_the_store_and_restored_elsewhere(
    sandbox: Sandbox, store: FirestoreStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await plant_session(sandbox, store, 1)
    for number in range(3):
        await store.commit([Put(Key("pair_states", f"p:{number}"), {"data": os.urandom(700_000)})])
    copy = tmp_path_factory.mktemp("backups") / "copy"
    async with running(sandbox, store) as manager:
        backup = await manager.portable.backup()
        assert backup.where == f"{BACKUPS}/{backup.name}"
        parts = await store.query(BACKUPS)
        assert len(parts) >= 4
        assert all(len(part.data.get("data", b"")) < MAX_DOCUMENT_BYTES for part in parts)
        assert [entry.bytes for entry in await manager.portable.list_backups()] == [backup.bytes]
        assert sum((await manager.portable.restore(backup.name)).kept.values()) == 4
        await manager.portable.backup(copy)
    fresh = MemoryStore(SystemClock())
    async with running(sandbox, fresh) as manager:
        assert (await manager.portable.restore(copy, other_copy_stopped=True)).ready == ("1",)
        await until(lambda: manager.ready_users() == ["1"])


async def test_keys_rotate(sandbox: Sandbox, store: FirestoreStore) -> None:
    new = bytes(reversed(range(32)))
    for user, account in ((1, ANN), (2, LI_WEI)):
        await plant_session(sandbox, store, user, account)
    async with running(sandbox, store, seal=Vault([new, KEY], bot_id=BOT_ID)) as manager:
        assert (await manager.portable.rotate_keys()).complete
    async with running(sandbox, store, seal=Vault([new], bot_id=BOT_ID)) as manager:
        assert sorted(manager.ready_users()) == ["1", "2"]
