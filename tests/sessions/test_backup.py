"""Backups: whole or refused, sealed, few; and restoring, which overwrites nothing newer and connects nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.errors import KeyMissing, PortableError, SessionDetached, StoreUnavailable, UnreadableBackup, WrongKey
from bybot.sandbox.server import Sandbox
from bybot.sessions.backup import COLLECTIONS, KEPT
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import BACKUPS, session_key
from bybot.sessions.vault import Vault
from bybot.stores.base import Key, Patch, Put, Store
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, BOT_ID, LI_WEI, FaultyStore, live_client, log_in, plant_session, running, vault

USERS, PAIR = Key("users", "1"), Key("pair_states", "01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture(params=["memory", "local"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Any = MemoryStore(SystemClock())
    if request.param == "local":
        made = LocalFileStore(tmp_path / "sessions", BOT_ID, SystemClock())
    await made.open()
    yield made
    await made.close()


async def plant(sandbox: Sandbox, store: Store) -> None:
    """Two people with sessions, pairs and state."""
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    await store.commit(
        [
            Put(USERS, {"config": {"language": "zh"}, "channel_pairs": [{"id": PAIR.id, "n": 1.5}]}),
            Put(Key("users", "2"), {"config": {}}),
            Put(PAIR, {"user": "1", "mark": 7, "above": [9, 11]}),
            Put(Key(PAIR.collection, f"{PAIR.id}:0"), {"data": b"\x00\xff" * 10}),
            Put(Key("bot_states", "1"), {"state": {"$odd": None}}),
        ]
    )


def options(store: Store, tmp_path: Path) -> dict[str, Any]:
    return {"sessions_dir": str(tmp_path / "sessions")} if store.kind == "local" else {}


async def contents(store: Store) -> dict[Key, dict[str, Any]]:
    """Everything that a backup holds, as it is."""
    found = {d.key: dict(d.data) for collection in COLLECTIONS for d in await store.query(collection)}
    for key, data in found.items():
        if key.collection == "user_sessions":
            for name in ("owner", "token", "session_data", "saved_at", "key_hmac", "since"):
                data.pop(name, None)
    return found


async def a_backup(sandbox: Sandbox, tmp_path: Path, name: str = "b", seal: Vault | None = None) -> tuple[Path, Store]:
    """A backup in a file, and the store that it was made of."""
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, 1, seal=seal)
    await store.commit([Put(USERS, {"config": {"language": "en"}}), Put(PAIR, {"user": "1", "mark": 7})])
    async with running(sandbox, store, seal=seal) as manager:
        await manager.portable.backup(tmp_path / name)
    return tmp_path / name, store


async def test_a_backup_brings_everything_back_into_an_empty_store_and_no_login_connects(
    sandbox: Sandbox, store: Store, tmp_path: Path
) -> None:
    await plant(sandbox, store)
    async with running(sandbox, store, **options(store, tmp_path)) as manager:
        backup = await manager.portable.backup()
        assert (backup.sessions, backup.documents, backup.sealed) == (2, 7, True)
        before = await contents(store)
        copy = tmp_path / "copy"
        await manager.portable.backup(copy)
        assert [entry.name for entry in await manager.portable.list_backups()] == [backup.name]
    fresh = MemoryStore(SystemClock())
    async with running(sandbox, fresh) as manager:
        done = await manager.portable.restore(copy)
        assert (done.detached, done.ready, done.refused) == (("1", "2"), (), {})
        assert sum(done.restored.values()) == 7
        with pytest.raises(SessionDetached):
            await manager.get_user_client(1)
        after = await contents(fresh)
        assert {data["state"] for key, data in after.items() if key.collection == "user_sessions"} == {"detached"}
        for data in [*before.values(), *after.values()]:
            data.pop("state", None)
            data.pop("reason", None)
        assert after == before
        again = await manager.portable.restore(copy)
        assert (sum(again.restored.values()), sum(again.kept.values())) == (0, 7)


async def test_a_kept_backup_is_found_by_its_name_and_the_newest_seven_stay(
    sandbox: Sandbox, store: Store, tmp_path: Path
) -> None:
    await plant(sandbox, store)
    async with running(sandbox, store, **options(store, tmp_path)) as manager:
        made = [await manager.portable.backup() for _ in range(KEPT + 2)]
        kept = await manager.portable.list_backups()
        assert len(kept) == KEPT
        assert {backup.name for backup in made} >= {entry.name for entry in kept}
        assert sum(len(backup.removed) for backup in made) == 2
        done = await manager.portable.restore(kept[-1].name)
        assert sum(done.kept.values()) == 7
        with pytest.raises(UnreadableBackup):
            await manager.portable.restore("20260101T000000Z-00000000")
    parts = [d.key.id.partition(":")[0] for d in await store.query(BACKUPS)]
    assert len(set(parts)) == (KEPT if store.kind == "memory" else 0)


async def test_the_file_is_sealed_and_only_its_owner_reads_it(sandbox: Sandbox, tmp_path: Path) -> None:
    path, _ = await a_backup(sandbox, tmp_path)
    content = path.read_bytes()
    assert b"language" not in content
    assert sandbox.auth.keys.of_account(ANN)[0].data not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["b"]


@pytest.mark.parametrize("place", [0, 20, 60, 400, -1, -40])
async def test_a_changed_byte_anywhere_is_noticed_and_nothing_is_restored(
    sandbox: Sandbox, tmp_path: Path, place: int
) -> None:
    path, _ = await a_backup(sandbox, tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    await refused(sandbox, tmp_path, bytes(content))


@pytest.mark.parametrize("cut", [0, 5, 100, -1, -100])
async def test_a_cut_file_is_noticed(sandbox: Sandbox, tmp_path: Path, cut: int) -> None:
    path, _ = await a_backup(sandbox, tmp_path)
    await refused(sandbox, tmp_path, path.read_bytes()[:cut])


async def refused(sandbox: Sandbox, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    fresh = MemoryStore(SystemClock())
    async with running(sandbox, fresh) as manager:
        with pytest.raises((UnreadableBackup, WrongKey)):
            await manager.portable.restore(tmp_path / "bad")
    assert await contents(fresh) == {}
    assert (tmp_path / "bad").read_bytes() == content


async def test_parts_of_two_backups_do_not_make_a_third(sandbox: Sandbox, tmp_path: Path) -> None:
    one, _ = await a_backup(sandbox, tmp_path, "one")
    two, _ = await a_backup(sandbox, tmp_path, "two")
    frames = [list(frames_of(path.read_bytes())) for path in (one, two)]
    mixed = one.read_bytes()[:8] + frames[0][0] + frames[1][1] + frames[0][2]
    await refused(sandbox, tmp_path, mixed)


def frames_of(content: bytes) -> list[bytes]:
    file, frames = BytesIO(content), []
    file.seek(8)
    while kind := file.read(1):
        length = file.read(4)
        frames.append(kind + length + file.read(int.from_bytes(length, "big")))
    return frames


async def test_a_wrong_key_and_another_bot_are_named_and_nothing_is_restored(sandbox: Sandbox, tmp_path: Path) -> None:
    path, _ = await a_backup(sandbox, tmp_path)
    fresh = MemoryStore(SystemClock())
    async with running(sandbox, fresh, seal=vault(bytes(32))) as manager:
        with pytest.raises(WrongKey):
            await manager.portable.restore(path)
    plain = MemoryStore(SystemClock())
    async with running(sandbox, plain, seal=Vault.off(bot_id=BOT_ID)) as manager:
        with pytest.raises(KeyMissing):
            await manager.portable.restore(path)
        manager.portable._bot_id = "another"
        with pytest.raises(UnreadableBackup, match="is of bybot_test"):
            await manager.portable.restore(path)
    assert await contents(fresh) == await contents(plain) == {}


async def test_without_keys_a_backup_says_that_it_is_not_sealed_and_still_proves_itself(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    off = Vault.off(bot_id=BOT_ID)
    path, _ = await a_backup(sandbox, tmp_path, seal=off)
    content = bytearray(path.read_bytes())
    content[-300] ^= 1
    (tmp_path / "bad").write_bytes(content)
    async with running(sandbox, MemoryStore(SystemClock()), seal=off) as manager:
        with pytest.raises(UnreadableBackup):
            await manager.portable.restore(tmp_path / "bad")
        assert (await manager.portable.restore(path)).detached == ("1",)
        assert (await manager.portable.backup()).sealed is False


async def test_an_old_backup_beside_a_live_store_changes_nothing_that_is_there(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path, store = await a_backup(sandbox, tmp_path)
    await store.commit([Patch(USERS, {"config": {"language": "zh"}}), Patch(PAIR, {"mark": 9})])
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        token = manager.token(1)
        done = await manager.portable.restore(path, other_copy_stopped=True)
        assert (sum(done.restored.values()), done.kept) == (0, {"user_sessions": 1, "users": 1, "pair_states": 1})
        assert manager.token(1) == token
        assert await manager.get_user_client(1) is client
    found = await store.get(PAIR)
    assert found is not None
    assert found.data["mark"] == 9


async def test_a_store_that_went_back_in_time_gets_the_newer_documents_of_the_backup(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path, _ = await a_backup(sandbox, tmp_path)

    class Earlier(SystemClock):
        def now(self) -> Any:
            return super().now() - timedelta(days=1)

    old = MemoryStore(Earlier())
    await old.commit([Put(PAIR, {"user": "1", "mark": 3})])
    async with running(sandbox, old) as manager:
        await manager.portable.restore(path)
    found = await old.get(PAIR)
    assert found is not None
    assert found.data["mark"] == 7


async def test_a_login_that_is_stated_to_be_stopped_elsewhere_connects_in_an_empty_store(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path, old = await a_backup(sandbox, tmp_path)
    token = (await old.get(session_key("1"))).data["token"]  # type: ignore[union-attr]
    async with running(sandbox, MemoryStore(SystemClock())) as manager:
        done = await manager.portable.restore(path, other_copy_stopped=True)
        assert (done.ready, done.detached) == (("1",), ())
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN
        assert manager.token(1) > token


async def test_a_key_that_lives_on_under_another_name_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path, store = await a_backup(sandbox, tmp_path)
    document = await store.get(session_key("1"))
    assert document is not None
    other = MemoryStore(SystemClock())
    key = sandbox.auth.keys.of_account(ANN)[0].data
    await plant_session(sandbox, other, 9, data=key)
    async with running(sandbox, other) as manager:
        done = await manager.portable.restore(path)
        assert list(done.refused) == ["1"]
        assert manager.ready_users() == ["9"]
    assert await other.get(session_key("1")) is None


async def test_people_who_were_forgotten_or_deleted_stay_so(sandbox: Sandbox, tmp_path: Path) -> None:
    path, store = await a_backup(sandbox, tmp_path)
    await store.commit([Patch(session_key("1"), {"owner": None})])
    async with running(sandbox, store) as manager:
        await manager.delete_user_session(1, reason="forget")
        await store.commit([Put(Key("users", "1"), {}), Put(PAIR, {})])
        for key in (USERS, PAIR):
            store._collections[key.collection].pop(key.id)  # type: ignore[attr-defined]
        done = await manager.portable.restore(path)
        assert done.forgotten == {"user_sessions": 1, "users": 1, "pair_states": 1}
        assert await store.get(USERS) is await store.get(PAIR) is None
        assert await manager.get_user_client(1) is None


async def test_a_backup_that_fails_leaves_the_older_ones_and_no_half_file(sandbox: Sandbox, tmp_path: Path) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        good = await manager.portable.backup()
        store.down = True
        with pytest.raises(StoreUnavailable):
            await manager.portable.backup(tmp_path / "half")
        store.down = False
        store.matches = lambda writes: any(write.key.collection == BACKUPS for write in writes)
        store.drop_next = 1
        with pytest.raises(StoreUnavailable):
            await manager.portable.backup()
        assert os.listdir(tmp_path) == []
        assert [entry.name for entry in await manager.portable.list_backups()] == [good.name]
        (tmp_path / "file").write_text("")
        with pytest.raises(PortableError):
            await manager.portable.backup(tmp_path / "file" / "b")


async def test_a_large_backup_is_made_of_many_chunks_and_comes_back(sandbox: Sandbox, tmp_path: Path) -> None:
    store = MemoryStore(SystemClock())
    for number in range(8):
        await store.commit([Put(Key("pair_states", f"p:{number}"), {"data": bytes([number]) * 600_000})])
    async with running(sandbox, store) as manager:
        await manager.portable.backup(tmp_path / "b")
        assert len(frames_of((tmp_path / "b").read_bytes())) > 5
    fresh = MemoryStore(SystemClock())
    async with running(sandbox, fresh) as manager:
        await manager.portable.restore(tmp_path / "b")
    assert await contents(fresh) == await contents(store)


async def test_every_collection_is_either_saved_or_left_out_on_purpose(sandbox: Sandbox, store: Store) -> None:
    left_out = {"system", "instances", "logins", "auth_keys", "backups", "records", "audit"}
    assert left_out.isdisjoint(COLLECTIONS)
    manager: UserSessionManager
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        await manager.portable.backup()
        if isinstance(store, MemoryStore):
            assert set(store._collections) <= left_out | set(COLLECTIONS)
