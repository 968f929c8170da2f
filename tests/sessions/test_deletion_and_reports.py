"""Deleting, cleaning up, numbers, health, rights: what is done, and what is said about it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from telethon import errors

from bybot.errors import Forbidden, NoSession, TelegramUnreachable
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import LEADER, METADATA, login_key, session_key
from bybot.stores.base import Key, Patch
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    FaultyStore,
    live_client,
    log_in,
    plant_session,
    running,
    until,
)


async def test_deleting_logs_out_at_telegram_and_leaves_a_tombstone_without_secrets(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        client = await manager.get_user_client(1)
        token = manager.token(1)
        report = await manager.delete_user_session(1)
        assert (report.existed, report.logged_out, report.failures) == (True, True, ())
        assert set(report.removed) == {"client", "session"}
        assert client is not None
        assert not client.is_connected()
        assert sandbox.auth.keys.of_account(ANN) == []
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data["state"] == "deleted"
        assert document.data["token"] > token
        assert set(document.data) <= {"state", "reason", "deleted_at", "token", "owner", "account_id"}
        assert await manager.get_user_client(1) is None
        assert await manager.list_sessions() == []
        assert (await manager.get_session_info(1))["status"] == "no_session"
        assert await manager.create_user_session(1) is False


async def test_after_a_deletion_a_new_login_brings_a_session_back_with_a_higher_token(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        token = manager.token(1)
        await manager.delete_user_session(1)
        done = await log_in(manager, sandbox, 1)
        assert done.same_account is True
        assert manager.token(1) > token + 1


async def test_forgetting_leaves_not_even_the_accounts_id(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        await manager.delete_user_session(1, reason="forget")
        document = await store.get(session_key("1"))
        assert document is not None
        assert "account_id" not in document.data


async def test_a_part_that_fails_is_reported(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        sandbox.faults.add(kind="error", method="auth.logOut", code=400, message="LATER", times=100)
        report = await manager.delete_user_session(1)
        assert report.logged_out is False
        assert "Not logged out" in report.failures[0]
        assert "session" in report.removed
        assert await manager.get_user_client(1) is None


async def test_deleting_removes_a_pending_login_too(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        report = await manager.delete_user_session(1)
        assert (report.existed, report.removed) == (False, ("login",))
        assert await store.get(login_key("1")) is None


async def test_deleting_what_is_not_there_says_so(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        report = await manager.delete_user_session(1)
        assert (report.existed, report.removed, report.failures) == (False, (), ())


async def test_a_session_that_is_not_connected_is_logged_out_as_well(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await plant_session(sandbox, store, 1)
        report = await manager.delete_user_session(1)
        assert report.logged_out is True
        assert sandbox.auth.keys.of_account(ANN) == []


async def test_cleanup_removes_only_what_nobody_used_for_long(sandbox: Sandbox, store: MemoryStore) -> None:
    for user in ("old", "busy", "recent", "odd"):
        await plant_session(sandbox, store, user)
    long_ago = datetime.now(UTC) - timedelta(days=40)
    for user in ("old", "busy"):
        await store.commit([Patch(session_key(user), {"last_used_at": long_ago})])
    await store.commit([Patch(session_key("odd"), {"last_used_at": "yesterday", "created_at": 5})])
    async with running(sandbox, store) as manager, manager.use("busy"):
        dry = await manager.cleanup_inactive_sessions(30, dry_run=True)
        assert (dry.removed, dry.dry_run) == (["old"], True)
        assert len(await manager.list_sessions()) == 4
        report = await manager.cleanup_inactive_sessions(30)
        assert report.checked == 4
        assert report.removed == ["old"]
        assert report.skipped == {"busy": "in use", "recent": "recent", "odd": "malformed"}
        assert report.failed == {}
        assert sorted(each["user_id"] for each in await manager.list_sessions()) == ["busy", "odd", "recent"]


async def test_numbers_agree_with_the_list(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store, sessions_dir="sessions") as manager:
        sandbox.auth.revoke(LI_WEI)
        client = await live_client(manager, 2)
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client.get_dialogs()
        await until(lambda: "2" in manager._core.revoked)
        await log_in(manager, sandbox, 3)
        await manager.delete_user_session(3)
        listed = await manager.list_sessions()
        stats = await manager.get_session_stats()
        assert stats["total_sessions"] == len(listed) == 2
        assert stats["active_sessions"] == sum(each["status"] == "active" for each in listed) == 1
        assert stats["revoked_sessions"] == 1
        assert (stats["user_sessions"], stats["bot_sessions"]) == (2, 0)
        assert (stats["sessions_dir"], stats["bot_id"]) == ("sessions", "bybot_test")
        assert {"sessions_dir", "storage", "encrypted", "state", "connected_sessions"} <= set(stats)


async def test_health_tells_store_lease_and_clients_apart(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        health = await manager.health_check()
        assert health["status"] == "healthy"
        assert health["lease"]["status"] == "held"
        assert health["clients"]["connected"] == 1
        assert health["timestamp"].tzinfo is not None
        assert {"message", "bot_id", "store"} <= set(health)
        store.down = True
        health = await manager.health_check()
        assert (health["status"], health["store"]["status"]) == ("error", "error")
        store.down = False
    assert (await manager.health_check())["status"] == "degraded"


async def test_no_secret_reaches_documents_reports_or_logs(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bybot")
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "hint")
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        code = sandbox.auth.next_code(ANN_PHONE)
        assert code is not None
        documents = repr(store._collections)
        await manager.submit_code(1, code)
        documents += repr(store._collections)
        await manager.submit_password(1, "correct horse")
        key = manager._pool.live["1"].session.auth_key.key
        said = repr(
            [await manager.get_session_info(1), await manager.get_session_stats(), await manager.health_check()]
        )
        said += repr(await manager.list_sessions())
    everything = documents + repr(store._collections) + said + caplog.text
    for secret in ("447700900101", "correct horse", key.hex(), repr(key)[2:40]):
        assert secret not in everything
    assert f"'{code}'" not in everything


async def test_a_person_reaches_only_their_own_session(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store, admin_ids=[99]) as manager:
        ann, admin = manager.acting_as(1), manager.acting_as(99)
        assert await ann.get_user_client(1) is not None
        assert [each["user_id"] for each in await ann.list_sessions()] == ["1"]
        assert (await ann.get_session_stats())["total_sessions"] == 1
        for call in (ann.get_user_client, ann.delete_user_session, ann.get_session_info, ann.create_user_session):
            with pytest.raises(Forbidden):
                await call(2)
        with pytest.raises(Forbidden):
            await ann.cleanup_inactive_sessions()
        assert (await admin.get_session_stats())["total_sessions"] == 2
        assert await admin.get_user_client(2) is not None
        refused = [record for record in manager.audit.records if not record.allowed]
        allowed = [record for record in manager.audit.records if record.allowed]
        assert {(r.caller, r.user) for r in refused} == {("1", "2"), ("1", "*")}
        assert ("99", "get_user_client", "2") in {(r.caller, r.action, r.user) for r in allowed}


async def test_devices_are_listed_and_ended(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        async with ready_client(sandbox, sandbox.world.account(ANN)):
            devices = await manager.list_user_devices(1)
            assert len(devices) == 2
            (other,) = [device for device in devices if not device.current]
            assert await manager.kick_user_device(1, other.id) is True
            assert await manager.kick_user_device(1, 12345) is False
        assert len(await manager.list_user_devices(1)) == 1
        with pytest.raises(NoSession):
            await manager.list_user_devices(2)


async def test_devices_that_telegram_does_not_tell_are_waited_for_a_bounded_time(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant_session(sandbox, store, 1)
    monkeypatch.setattr("bybot.sessions.devices._ASK_SECONDS", 0.2)
    for method in ("account.getAuthorizations", "account.resetAuthorization"):
        sandbox.faults.add(kind="latency", seconds=60, method=method)
    async with running(sandbox, store) as manager:
        with pytest.raises(TelegramUnreachable):
            await manager.list_user_devices(1)
        with pytest.raises(TelegramUnreachable):
            await manager.kick_user_device(1, 5)
        assert (await manager.get_session_info(1))["status"] == "active"


async def test_the_metadata_document_counts_and_names_no_one(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        await until(lambda: not manager._core.recount)
    document = await store.get(METADATA)
    assert document is not None
    assert document.data["total_sessions"] == 1


async def test_a_stopped_manager_leaves_no_owner_and_no_instance(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        token = manager.token(1)
    document = await store.get(session_key("1"))
    assert document is not None
    assert (document.data["owner"], document.data["token"]) == (None, token)
    assert await store.query("instances") == []
    leader = await store.get(Key(LEADER.collection, LEADER.id))
    assert leader is not None
    assert leader.data["instance"] is None


async def test_whatever_the_status_there_are_words_for_people(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1, LI_WEI)
    async with running(sandbox, store) as manager:
        await manager.begin_login(2, ANN_PHONE)
        told = {str(user): await manager.get_session_info(user) for user in (1, 2, 3)}
        store.down = True
        told["down"] = await manager.get_session_info(1)
        store.down = False
    assert [info["status"] for info in told.values()] == ["active", "logging_in", "no_session", "error"]
    assert all(info["message"] for info in told.values())
