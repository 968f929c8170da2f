"""Sessions of older layouts come into the present one: all of them, once, and their originals go last."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.errors import Forbidden, PortableError, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions import image as images
from bybot.sessions.image import Image, UpdateState
from bybot.sessions.model import AUTH_KEYS, METADATA, SESSIONS, session_key
from bybot.sessions.oldermeta import Times, noted_in, noted_of
from bybot.stores.base import Key, Put, Store
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, BOT_ID, LI_WEI, FaultyStore, log_in, plant_session, running
from tests.waiting import until

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def an_old_file(
    sandbox: Sandbox, account_id: int = ANN, *, key: bytes | None = None, read: int = 1_760_000_000
) -> bytes:
    """A plain SQLite file of Telethon with a key that is logged in."""
    if key is None:
        key = os.urandom(256)
        sandbox.auth.add_ready_key(key, account_id)
    host, port = sandbox.mtproto_address
    return images.write(Image(2, host, port, key, states={0: UpdateState(1, 0, read, 1)}), now=NOW)


def key_in(data: bytes) -> bytes:
    key = images.read(data).auth_key
    assert key is not None
    return key


async def plant(store: Store, name: str, data: bytes, **facts: Any) -> None:
    """A document of the older layout."""
    await store.commit([Put(Key(SESSIONS, name), {"session_data": data, **facts})])


async def states(store: Store) -> dict[str, tuple[Any, Any]]:
    return {d.key.id: (d.data.get("state"), d.data.get("reason")) for d in await store.query(SESSIONS)}


async def plain_keys(store: Store, *files: bytes) -> list[bytes]:
    """Which of these files' keys stand readable in the store."""
    everything = b"".join(
        bytes(value) if isinstance(value, bytes) else repr(value).encode()
        for document in await store.query(SESSIONS)
        for value in document.data.values()
    )
    return [key for key in map(key_in, files) if key in everything]


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[LocalFileStore]:
    store = LocalFileStore(tmp_path / "sessions", BOT_ID, SystemClock())
    await store.open()
    yield store
    await store.close()


async def test_documents_of_the_older_layout_become_sessions_that_wait_to_be_attached(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    ann, wei = an_old_file(sandbox), an_old_file(sandbox, LI_WEI)
    await plant(store, "1", ann, created_at="2026-01-02T03:04:05")
    await plant(store, "2_srv-abc.local", wei, last_used=1_750_000_000)
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == []
        plan = await manager.portable.migrate(dry_run=True)
        assert await plain_keys(store, ann, wei) == [key_in(ann), key_in(wei)]
        done = await manager.portable.migrate()
        assert plan.migrated == done.migrated == {"user_sessions/1": "1", "user_sessions/2_srv-abc.local": "2"}
        assert done.removed == ("user_sessions/2_srv-abc.local",)
        assert await states(store) == {"1": ("detached", "imported"), "2": ("detached", "imported")}
        assert await plain_keys(store, ann, wei) == []
        info = await manager.get_session_info(1)
        assert info["created_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert (await manager.get_session_info(2))["last_used_at"] == datetime.fromtimestamp(1_750_000_000, UTC)
        assert (await manager.portable.attach(1)).account_id == ANN
        assert (await manager.portable.attach(2)).account_id == LI_WEI
        again = await manager.portable.migrate()
        assert (again.migrated, again.refused) == ({}, {})


async def test_of_several_logins_of_one_person_the_last_used_wins_and_none_is_lost(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    old, new, third = (an_old_file(sandbox, read=1_760_000_000 + days * 86_400) for days in (0, 20, 10))
    await plant(store, "1", old)
    await plant(store, "1_render", new)
    await plant(store, "1_laptop", third)
    await plant(store, "1_copy", an_old_file(sandbox, key=key_in(new), read=1_760_000_000))
    async with running(sandbox, store) as manager:
        done = await manager.portable.migrate(other_copy_stopped=True)
        assert done.migrated == {"user_sessions/1_render": "1"}
        assert done.duplicates == ("user_sessions/1_copy",)
        assert set(done.aside) == {"user_sessions/1", "user_sessions/1_laptop"}
        assert set(done.removed) == {"user_sessions/1_copy", "user_sessions/1_render"}
        await until(lambda: manager.ready_users() == ["1"])
        live = manager._pool.live["1"]
        assert live.session.stored_key == key_in(new)
    found = await states(store)
    assert sorted(found.values()) == [("detached", "older_copy"), ("detached", "older_copy"), ("ready", "imported")]
    assert len(await store.query(AUTH_KEYS)) == 3
    assert await plain_keys(store, old, new, third) == []


async def test_a_login_that_is_stored_for_somebody_else_is_refused_and_stays(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    same = an_old_file(sandbox)
    await plant(store, "1", same)
    await plant(store, "2", same)
    async with running(sandbox, store) as manager:
        done = await manager.portable.migrate()
        assert list(done.migrated.values()) == ["1"]
        assert list(done.refused) == ["user_sessions/2"]
    document = await store.get(session_key("2"))
    assert document is not None
    assert document.data["session_data"] == same


async def test_a_session_of_today_is_not_replaced_by_an_older_one(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        client = await manager.get_user_client(1)
        await plant(store, "1_host", an_old_file(sandbox))
        done = await manager.portable.migrate(other_copy_stopped=True)
        assert list(done.refused) == ["user_sessions/1_host"]
        assert await manager.get_user_client(1) is client
    assert "1_host" in await states(store)


async def test_a_copy_that_reads_back_wrong_brings_the_original_back(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = an_old_file(sandbox)
    await plant(store, "1", ann)
    async with running(sandbox, store) as manager:
        other = an_old_file(sandbox, LI_WEI)
        pack = manager._core.codec.pack
        monkeypatch.setattr(
            manager._core.codec, "pack", lambda user, image, now: pack(user, images.read(other), now), raising=True
        )
        done = await manager.portable.migrate()
        assert list(done.refused) == ["user_sessions/1"]
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data == {"session_data": ann}


async def test_an_outage_in_the_middle_loses_nothing_and_a_second_run_ends_it(sandbox: Sandbox) -> None:
    store = FaultyStore()
    files = [an_old_file(sandbox) for _ in range(3)]
    for number, data in enumerate(files):
        await plant(store, f"{number}_host", data)
    async with running(sandbox, store) as manager:
        store.matches = lambda writes: any(write.key.collection == SESSIONS for write in writes)
        for fault in ("drop_next", "lose_next", "lose_next"):
            setattr(store, fault, 1)
            with pytest.raises(StoreUnavailable):
                await manager.portable.migrate()
        done = await manager.portable.migrate()
        assert (done.refused, done.aside) == ({}, {})
        assert len(await states(store)) == 3
        for user in range(3):
            assert (await manager.portable.attach(user)).connected
    assert await plain_keys(store, *files) == []


async def test_files_of_a_directory_are_taken_in_and_go_only_when_nobody_else_uses_them(
    sandbox: Sandbox, store: MemoryStore, tmp_path: Path
) -> None:
    inner = tmp_path / "bybot_local"
    inner.mkdir()
    files = {
        tmp_path / "user_1.session": an_old_file(sandbox),
        tmp_path / "user_2_render-1.session": an_old_file(sandbox, LI_WEI),
        inner / "user_3.session": an_old_file(sandbox),
    }
    for path, data in files.items():
        path.write_bytes(data)
    (tmp_path / "user_4.session").write_bytes(b"rubbish")
    noted = {"1": {"created_at": "2025-05-05T00:00:00Z"}, "2": {"render-1": {"last_used": "2025-06-06T00:00:00+00:00"}}}
    (tmp_path / "metadata.json").write_text(json.dumps(noted))
    async with running(sandbox, store) as manager:
        done = await manager.portable.migrate(tmp_path)
        assert sorted(done.migrated.values()) == ["1", "2", "3"]
        assert list(done.refused) == [str(tmp_path / "user_4.session")]
        assert done.removed == ()
        assert {path: path.read_bytes() for path in files} == files
        info = await manager.get_session_info(2)
        assert (info["status"], info["last_used_at"]) == ("detached", datetime(2025, 6, 6, tzinfo=UTC))
        done = await manager.portable.migrate(tmp_path, other_copy_stopped=True)
        assert sorted(done.migrated.values()) == ["1", "2", "3"]
        assert [path.exists() for path in files] == [False] * 3
        assert (tmp_path / "user_4.session").exists()
        await until(lambda: sorted(manager.ready_users()) == ["1", "2", "3"])


async def test_files_in_the_stores_own_directory_are_found_although_the_store_put_their_metadata_aside(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    base = tmp_path / "sessions" / BOT_ID
    base.mkdir(parents=True)
    ann, wei = an_old_file(sandbox), an_old_file(sandbox, LI_WEI)
    (base / "user_1.session").write_bytes(ann)
    (base / "user_2_host.session").write_bytes(wei)
    (base / "metadata.json").write_text(json.dumps({"1": {"created_at": "2025-05-05T00:00:00Z"}, "2": {"host": {}}}))
    store = LocalFileStore(tmp_path / "sessions", BOT_ID, SystemClock())
    await store.open()
    try:
        async with running(sandbox, store, sessions_dir=str(tmp_path / "sessions")) as manager:
            done = await manager.portable.migrate(other_copy_stopped=True)
            assert sorted(done.migrated.values()) == ["1", "2"]
            assert (await manager.get_session_info(1))["created_at"] == datetime(2025, 5, 5, tzinfo=UTC)
            await until(lambda: sorted(manager.ready_users()) == ["1", "2"])
    finally:
        await store.close()
    for key in (key_in(ann), key_in(wei)):
        assert not [path for path in base.rglob("*") if path.is_file() and key in path.read_bytes()]


async def test_sessions_whose_metadata_were_lost_on_the_disk_are_found_again(sandbox: Sandbox, tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path, BOT_ID, SystemClock())
    await store.open()
    try:
        await plant_session(sandbox, store, "ann.1")
        async with running(sandbox, store) as manager:
            assert manager.ready_users() == ["ann.1"]
    finally:
        await store.close()
    for name in ("metadata.json", "metadata.json.bak"):
        (tmp_path / BOT_ID / name).write_bytes(b"{")
    await store.open()
    try:
        async with running(sandbox, store) as manager:
            assert (await manager.get_session_info("ann.1"))["status"] == "error"
            done = await manager.portable.migrate(other_copy_stopped=True)
            assert done.migrated == {"user_sessions/ann%2E1": "ann.1"}
            await until(lambda: manager.ready_users() == ["ann.1"])
    finally:
        await store.close()


async def test_a_file_that_the_store_does_not_know_is_not_mistaken_for_its_own_copy(
    sandbox: Sandbox, local: LocalFileStore, tmp_path: Path
) -> None:
    base = tmp_path / "sessions" / BOT_ID
    ann = an_old_file(sandbox)
    (base / "user_1.session").write_bytes(ann)
    async with running(sandbox, local, sessions_dir=str(tmp_path / "sessions")) as manager:
        done = await manager.portable.migrate(base, other_copy_stopped=True)
        assert done.removed == (str(base / "user_1.session"),)
        assert (await manager.get_session_info(1))["status"] == "active"
        await until(lambda: manager.ready_users() == ["1"])
    assert (base / "user_1.session").exists()  # the sealed copy
    assert not [path for path in base.rglob("*") if path.is_file() and key_in(ann) in path.read_bytes()]


async def test_a_file_that_is_in_use_is_refused(sandbox: Sandbox, store: MemoryStore, tmp_path: Path) -> None:
    path = tmp_path / "user_1.session"
    path.write_bytes(an_old_file(sandbox))
    async with running(sandbox, store) as manager:
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma journal_mode = wal")
            db.execute("update sessions set takeout_id = 5")
            db.commit()
            done = await manager.portable.migrate(path)
            assert "in use" in done.refused[str(path)]
        assert (await manager.portable.migrate(path)).migrated == {str(path): "1"}
        with pytest.raises(PortableError) as caught:
            await manager.portable.migrate(tmp_path / "nowhere.session")
        assert "--user" in caught.value.next_step


async def test_metadata_in_the_store_is_kept_until_it_was_used(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant(store, "1", an_old_file(sandbox))
    long_ago = NOW - timedelta(days=300)
    await store.commit(
        [Put(METADATA, {"sessions": {"1": {"laptop": {"created_at": long_ago}, "created_at": long_ago}}})]
    )
    async with running(sandbox, store) as manager:
        await until(lambda: manager._core.recount is False)
        await manager.portable.migrate()
        assert (await manager.get_session_info(1))["created_at"] == long_ago


async def test_only_administrators_move_logins_and_all_of_it_is_audited(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, admin_ids=[99]) as manager:
        await log_in(manager, sandbox, 1)
        own = manager.acting_as(1).portable
        calls: list[Coroutine[Any, Any, Any]] = [
            own.export_session(1),
            own.import_session(1, "x"),
            own.attach(1),
            own.migrate(),
            own.backup(),
            own.list_backups(),
            own.restore("x"),
            own.rotate_keys(),
        ]
        for call in calls:
            with pytest.raises(Forbidden):
                await call
        exported = await manager.acting_as(99).portable.export_session(1)
        assert exported.account_id == ANN
        noted = {(r.caller, r.action, r.user, r.allowed) for r in manager.audit.records}
        assert {("1", "export_session", "1", False), ("99", "export_session", "1", True)} <= noted
        assert ("1", "rotate_keys", "*", False) in noted


@pytest.mark.parametrize(
    ("form", "user", "device", "used"),
    [
        ({"1": {"last_used": "2026-01-01T00:00:00Z"}}, "1", None, 2026),
        ({"1": {"last_used": "2026-01-01T00:00:00Z"}}, "1", "host", 2026),
        ({"1": {"host": {"updated_at": "2025-01-01T00:00:00"}, "last_used": 1_767_225_600}}, "1", "host", 2025),
        ({"1_host": {"timestamp": 1_735_689_600.5}}, "1", "host", 2025),
        ({"sessions": {"1": {"last_active": "2026-01-01"}}}, "1", None, 2026),
        ({"1": {"last_used": "soon", "updated_at": True}}, "1", None, None),
        ({"1": "text", "2": None}, "1", None, None),
        ([1, 2], "1", None, None),
    ],
)
def test_older_metadata_of_every_shape_is_read(form: Any, user: str, device: str | None, used: int | None) -> None:
    times = noted_of(noted_in(form), user, device)
    assert (times.used.year if times.used else None) == used
    assert times.used is None or times.used.tzinfo is not None
    assert noted_of({}, user, device) == Times()
