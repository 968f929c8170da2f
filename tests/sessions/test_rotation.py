"""Key rotation: everything under the first key, nothing lost, whatever happens in between."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.errors import KeyMissing, StoreUnavailable, WrongKey
from bybot.sandbox.server import Sandbox
from bybot.sessions.codec import SEALED, Codec
from bybot.sessions.model import REGISTRY, SESSIONS, login_key, session_key
from bybot.sessions.vault import Vault, key_id
from bybot.stores.base import Patch, Store
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, BOT_ID, LI_WEI, LI_WEI_PHONE, FaultyStore, log_in, plant_session, running

OLD, NEW, LOST = bytes(32), bytes(range(32)), bytes(reversed(range(32)))


def keys(*which: bytes) -> Vault:
    return Vault(which, bot_id=BOT_ID)


async def opened(store: Store, vault: Vault) -> int:
    """Open every sealed value of a store. Returns how many there are. Raises VaultError."""
    count = 0
    for collection, fields in SEALED.items():
        for document in await store.query(collection):
            user = "" if collection == REGISTRY.collection else document.key.id
            for name, purpose in fields.items():
                value = document.data.get(name)
                if isinstance(value, bytes):
                    assert vault.is_sealed(value)
                    vault.open(value, user=user, purpose=purpose)
                elif isinstance(value, str):
                    assert vault.is_sealed(vault.open_text(value, user=user, purpose=purpose)) is False
                count += value is not None
    return count


async def plant(sandbox: Sandbox, store: Store, seal: Vault) -> None:
    """A session, a login with number and credentials, and a login under way."""
    await plant_session(sandbox, store, 1, seal=seal)
    async with running(sandbox, store, seal=seal) as manager:
        await manager.create_user_session(2, 777, "f" * 32)
        await log_in(manager, sandbox, 2, LI_WEI_PHONE)
        await manager.begin_login(3, LI_WEI_PHONE)


async def test_after_a_rotation_everything_opens_with_the_new_key_alone_and_sessions_stay_connected(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant(sandbox, store, keys(OLD))
    registry = await store.get(REGISTRY)
    async with running(sandbox, store, seal=keys(NEW, OLD)) as manager:
        client = await manager.get_user_client(1)
        done = await manager.portable.rotate_keys()
        assert (done.complete, done.fingerprint) == (True, key_id(NEW).hex())
        assert done.resealed >= 4
        assert await manager.get_user_client(1) is client
        again = await manager.portable.rotate_keys()
        assert again.resealed == 0
        names = {d.data["key_hmac"] for d in await store.query(SESSIONS)}
    assert await opened(store, keys(NEW)) >= 7
    with pytest.raises(WrongKey):
        await opened(store, keys(OLD))
    after = await store.get(REGISTRY)
    assert registry is not None
    assert after is not None
    assert registry.data["sealed"] != after.data["sealed"]
    async with running(sandbox, store, seal=keys(NEW)) as manager:
        assert sorted(manager.ready_users()) == ["1", "2"]
        assert {d.data["key_hmac"] for d in await store.query(SESSIONS)} == names
        login = await store.get(login_key("3"))
        assert login is not None
        Codec(keys(NEW)).open_login("3", login.data["sealed"])


async def test_encryption_can_be_switched_on_for_what_was_stored_without_a_key(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1, seal=Vault.off(bot_id=BOT_ID))
    async with running(sandbox, store, seal=keys(NEW)) as manager:
        assert (await manager.portable.rotate_keys()).complete
    await opened(store, keys(NEW))
    document = await store.get(session_key("1"))
    assert document is not None
    assert sandbox.auth.keys.of_account(ANN)[0].data not in document.data["session_data"]
    assert document.data["sealed_with"] == key_id(NEW).hex()


async def test_a_rotation_that_is_interrupted_loses_nothing_and_goes_on_when_it_is_repeated(sandbox: Sandbox) -> None:
    store = FaultyStore()
    for user in range(6):
        await plant_session(sandbox, store, user, seal=keys(OLD))
    async with running(sandbox, store, seal=keys(NEW, OLD)) as manager:
        done = 0
        store.matches = lambda writes: any("session_data" in getattr(write, "data", {}) for write in writes)
        for fault in ("drop_next", "lose_next"):
            setattr(store, fault, 1)
            with pytest.raises(StoreUnavailable):
                await manager.portable.rotate_keys()
        done = (await manager.portable.rotate_keys()).resealed
        assert done <= 8
        await opened(store.inner, keys(NEW))
        await asyncio.gather(*(manager.get_user_client(user) for user in range(6)))
    async with running(sandbox, store, seal=keys(NEW)) as manager:
        assert len(manager.ready_users()) == 6


async def test_a_session_that_is_written_meanwhile_is_not_overwritten_by_its_older_self(sandbox: Sandbox) -> None:
    meanwhile: list[Any] = []

    class Busy(FaultyStore):
        async def commit(self, writes: Any) -> Any:
            if meanwhile and any("session_data" in getattr(write, "data", {}) for write in writes):
                await meanwhile.pop()()
            return await super().commit(writes)

    store = Busy()
    await plant_session(sandbox, store, 1, seal=keys(OLD))
    async with running(sandbox, store, seal=keys(NEW, OLD)) as manager:

        async def write() -> None:
            await store.inner.commit([Patch(session_key("1"), {"dc_id": 4})])

        meanwhile.append(write)
        assert (await manager.portable.rotate_keys()).complete
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data["dc_id"] == 4
        live = manager._pool.live["1"]
        live.session.revision += 1
    assert await opened(store.inner, keys(NEW)) > 0


async def test_what_does_not_open_stays_as_it_is_and_is_reported(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1, seal=keys(OLD))
    await plant_session(sandbox, store, 2, LI_WEI, seal=keys(OLD))
    document = await store.get(session_key("2"))
    assert document is not None
    strange = keys(LOST).seal(b"somebody's" * 50, user="2", purpose="session")
    await store.commit([Patch(session_key("2"), {"session_data": strange})])
    async with running(sandbox, store, seal=keys(NEW, OLD)) as manager:
        done = await manager.portable.rotate_keys()
        assert list(done.failed) == ["user_sessions/2"]
        assert done.complete is False
    after = await store.get(session_key("2"))
    assert after is not None
    assert after.data["session_data"] == strange


async def test_without_a_key_there_is_nothing_to_rotate_to(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, seal=Vault.off(bot_id=BOT_ID)) as manager:
        with pytest.raises(KeyMissing):
            await manager.portable.rotate_keys()


async def test_backups_that_need_the_older_key_are_named(sandbox: Sandbox, tmp_path: Path) -> None:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, 1, seal=keys(OLD))
    async with running(sandbox, store, seal=keys(OLD)) as manager:
        old = await manager.portable.backup()
    async with running(sandbox, store, seal=keys(NEW, OLD)) as manager:
        new = await manager.portable.backup()
        done = await manager.portable.rotate_keys()
        assert done.old_backups == (old.where,)
        assert new.where not in done.old_backups
        assert (await manager.portable.restore(old.name)).kept["user_sessions"] == 1
