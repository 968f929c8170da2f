"""Logins that come and go: never two copies in use, nothing lost, nothing taken in twice."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from bybot.errors import (
    AccountMismatch,
    AlreadyLoggedIn,
    KeyInUse,
    NoSession,
    SessionDetached,
    SessionRevoked,
    StoreUnavailable,
    UnreadableSession,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.formats.detect import read
from bybot.sessions.model import AUTH_KEYS, SessionState, session_key
from bybot.sessions.portable import Form
from bybot.stores.base import Patch
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, ANN_PHONE, LI_WEI, FaultyStore, live_client, log_in, plant_session, running
from tests.waiting import until


def a_key(sandbox: Sandbox, account_id: int = ANN) -> bytes:
    """A key that is logged in."""
    data = os.urandom(256)
    sandbox.auth.add_ready_key(data, account_id)
    return data


def telethon_string(sandbox: Sandbox, key: bytes) -> str:
    session = StringSession()
    session.set_dc(2, *sandbox.mtproto_address)
    session.auth_key = AuthKey(key)
    return str(session.save())


def pyrogram_string(key: bytes, account_id: int = ANN) -> str:
    raw = struct.pack(">BI?256sQ?", 2, 777, False, key, account_id, False)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def plain_client(session: Any) -> TelegramClient:
    return TelegramClient(session, 12345, "0123456789abcdef0123456789abcdef")


async def state_of(store: MemoryStore, user: str = "1") -> tuple[Any, Any, Any]:
    document = await store.get(session_key(user))
    assert document is not None
    return tuple(document.data.get(name) for name in ("state", "owner", "reason"))  # type: ignore[return-value]


@pytest.mark.parametrize("form", list(Form))
async def test_an_exported_login_works_in_the_other_program_and_not_here(
    sandbox: Sandbox, store: MemoryStore, tmp_path: Path, form: Form
) -> None:
    key = await plant_session(sandbox, store, 1)
    lost: list[tuple[str, str]] = []
    async with running(sandbox, store) as manager:
        manager.on_lost(lambda *what: lost.append(what))
        client = await live_client(manager)
        exported = await manager.portable.export_session(1, form)
        assert await state_of(store) == ("detached", None, "exported")
        assert client.is_connected() is False
        assert lost == [("1", "exported")]
        login = read(exported.data)
        assert (login.auth_key, login.form, exported.account_id) == (key, form.value, ANN)
        assert key.hex() not in repr(exported)
        if form is Form.TELETHON_STRING:
            session: Any = StringSession(exported.data.decode())
        else:
            (tmp_path / "x.session").write_bytes(exported.data)
            session = str(tmp_path / "x")
        if form in (Form.TELETHON_STRING, Form.TELETHON_FILE):
            async with plain_client(session) as other:
                assert (await other.get_me()).id == ANN
        for call in (manager.get_user_client, manager.list_user_devices):
            with pytest.raises(SessionDetached):
                await call(1)
        assert (await manager.get_session_info(1))["status"] == "detached"
        attached = await manager.portable.attach(1)
        assert (attached.connected, attached.account_id, attached.reason) == (True, ANN, None)
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN


async def test_nobody_speaks_from_here_once_a_login_was_handed_out(sandbox: Sandbox, store: MemoryStore) -> None:
    key = await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        asking = [asyncio.create_task(_ask_on(manager)) for _ in range(5)]
        exported = await manager.portable.export_session(1, Form.TELETHON_STRING)
        async with plain_client(StringSession(exported.data.decode())) as other:
            assert (await other.get_me()).id == ANN
            await asyncio.gather(*asking)
            assert (await other.get_me()).id == ANN
        assert manager.ready_users() == []
    assert [each.data for each in sandbox.auth.keys.of_account(ANN)] == [key]
    # The fixture holds that no key was used from two places.


async def _ask_on(manager: Any) -> None:
    while True:
        try:
            client = await manager.get_user_client(1)
            await client.get_me()
        except SessionDetached:
            return
        except (ConnectionError, StoreUnavailable):
            await asyncio.sleep(0)


async def test_a_login_is_not_handed_out_when_the_store_did_not_acknowledge(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        store.matches = lambda writes: any(write.key == session_key("1") for write in writes)
        store.drop_next = 1
        with pytest.raises(StoreUnavailable):
            await manager.portable.export_session(1)
        await until(lambda: manager.ready_users() == ["1"])  # it goes on here
        store.lose_next = 1
        with pytest.raises(StoreUnavailable):
            await manager.portable.export_session(1)
        with pytest.raises(SessionDetached):
            await manager.get_user_client(1)
        assert (await manager.portable.export_session(1)).account_id == ANN  # a second copy of a detached login


async def test_what_is_not_there_or_over_is_not_exported(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 2)
    await store.commit([Patch(session_key("2"), {"state": "revoked", "reason": "revoked"})])
    async with running(sandbox, store) as manager:
        with pytest.raises(NoSession):
            await manager.portable.export_session(1)
        with pytest.raises(SessionRevoked):
            await manager.portable.export_session(2)


async def test_an_imported_login_does_not_connect_until_it_is_stated_that_the_other_copy_is_stopped(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    key = a_key(sandbox)
    async with running(sandbox, store) as manager:
        async with plain_client(StringSession(telethon_string(sandbox, key))) as other:
            await other.get_me()
            done = await manager.portable.import_session(1, telethon_string(sandbox, key))
            assert (done.state, done.form, done.account_id) == (SessionState.DETACHED, "telethon-string", None)
            with pytest.raises(SessionDetached):
                await manager.get_user_client(1)
            await other.get_me()
        attached = await manager.portable.attach(1)
        assert (attached.connected, attached.account_id) == (True, ANN)
        assert (await manager.get_session_info(1))["account_id"] == ANN
    document = await store.get(session_key("1"))
    assert document is not None
    assert key not in document.data["session_data"]
    assert "447700900101" not in repr(document.data)


async def test_a_pyrogram_login_is_taken_in_and_attached_in_one_go(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        done = await manager.portable.import_session(1, pyrogram_string(a_key(sandbox)), other_copy_stopped=True)
        assert (done.state, done.connected, done.account_id) == (SessionState.READY, True, ANN)
        assert manager.ready_users() == ["1"]
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == ["1"]


async def test_rubbish_is_refused_and_nothing_changes(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        before = dict(store._collections.get(AUTH_KEYS, {}))
        for data in (b"", "1" + "A" * 352, b"SQLite format 3\x00", "nothing"):
            with pytest.raises(UnreadableSession):
                await manager.portable.import_session(1, data)
        assert await store.get(session_key("1")) is None
        assert store._collections.get(AUTH_KEYS, {}) == before


async def test_the_same_login_is_refused_a_second_time(sandbox: Sandbox, store: MemoryStore) -> None:
    key = await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        with pytest.raises(KeyInUse) as caught:
            await manager.portable.import_session(2, telethon_string(sandbox, key))
        assert caught.value.user_id == "1"
        assert await store.get(session_key("2")) is None
        with pytest.raises(AlreadyLoggedIn):
            await manager.portable.import_session(1, telethon_string(sandbox, key), replace=True)
        await manager.portable.export_session(1)
        with pytest.raises(AlreadyLoggedIn):
            await manager.portable.import_session(1, telethon_string(sandbox, key))
        again = await manager.portable.import_session(1, telethon_string(sandbox, key), replace=True)
        assert (again.state, again.account_id) == (SessionState.DETACHED, ANN)
        await manager.delete_user_session(1)
        await manager.portable.import_session(2, telethon_string(sandbox, key), other_copy_stopped=True)
        assert manager.ready_users() == ["2"]


async def test_a_session_stays_with_its_account(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1, ANN_PHONE)
        await manager.portable.export_session(1)
        theirs = a_key(sandbox, LI_WEI)
        with pytest.raises(AccountMismatch):
            await manager.portable.import_session(1, pyrogram_string(theirs, LI_WEI), replace=True)
        await manager.portable.import_session(
            1, telethon_string(sandbox, theirs), replace=True
        )  # it does not tell whose
        with pytest.raises(SessionRevoked) as caught:
            await manager.portable.attach(1)
        assert caught.value.reason == "mismatch"
        assert manager.ready_users() == []


async def test_a_login_that_telegram_has_ended_is_found_out_when_it_is_attached(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        key = a_key(sandbox)
        await manager.portable.import_session(1, telethon_string(sandbox, key))
        sandbox.auth.revoke(ANN)
        with pytest.raises(SessionRevoked):
            await manager.portable.attach(1)
        assert (await manager.get_session_info(1))["status"] == "revoked"
        with pytest.raises(SessionRevoked):
            await manager.portable.attach(1)
        done = await manager.portable.import_session(
            1, telethon_string(sandbox, a_key(sandbox)), other_copy_stopped=True
        )
        assert done.connected


async def test_without_telegram_an_attached_login_connects_later(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, connect_seconds=1.5) as manager:
        await manager.portable.import_session(1, telethon_string(sandbox, a_key(sandbox)))
        sandbox.faults.add(kind="latency", seconds=60, times=100)
        attached = await manager.portable.attach(1)
        assert (attached.connected, attached.reason) == (False, "telegram_unreachable")
        sandbox.faults.clear()
        await until(lambda: manager.ready_users() == ["1"])
