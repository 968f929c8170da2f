"""What comes between while a login moves to another data centre; its files and addresses."""

from __future__ import annotations

import asyncio

import pytest
from telethon import errors
from telethon.tl import functions

from bybot.clock import SystemClock
from bybot.errors import StoreUnavailable, TelegramUnreachable
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.server import Sandbox
from bybot.sessions.datacenter import DataCenter
from bybot.sessions.model import SESSIONS, session_key
from bybot.sessions.permit import Instant, Permit, Term
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import TelegramEndpoint
from bybot.stores.memory import MemoryStore
from tests.sessions.datacentres import endpoint, move, sandbox, stored_image
from tests.sessions.support import (
    ANN,
    FaultyStore,
    live_client,
    plant_session,
    running,
    until,
)

__all__ = ["sandbox"]

LIST = functions.account.GetAuthorizationsRequest


async def test_an_end_between_import_and_save_leaves_a_login_that_works(sandbox: Sandbox) -> None:
    store = FaultyStore()
    old = await plant_session(sandbox, store, 1)
    store.matches = lambda writes: any(write.key.collection == "auth_keys" for write in writes)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        move(sandbox)
        store.drop_next = 1000  # nothing that names a new key is applied from now on
        asking = asyncio.create_task(client.get_me())
        await until(lambda: sandbox.counters.calls_of("auth.importAuthorization") == 1)
        await until(lambda: store.drop_next < 999)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await stored_image(store)).auth_key == old
        assert client.session.dc_id == 2
    store.drop_next = 0
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        assert (client.session.dc_id, (await client.get_me()).id) == (4, ANN)
        assert (await stored_image(store)).dc_id == 4


async def test_a_key_whose_save_was_applied_without_an_answer_is_the_one_that_speaks(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        store.matches = lambda writes: any(write.key.collection == "auth_keys" for write in writes)
        store.lose_next = 1
        move(sandbox)
        assert (await client.get_me()).id == ANN
        assert (await stored_image(store)).auth_key == client.session.auth_key.key
        assert len(await store.query("auth_keys")) == 1


async def test_when_nobody_knows_which_key_is_stored_the_session_is_read_anew(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.sessions.rekey._STORE_SECONDS", 0.5)
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        token = manager._core.ownership.claims.held["1"].token  # type: ignore[union-attr]
        store.matches = lambda writes: any(write.key.collection == SESSIONS for write in writes)
        store.lose_next = 1
        move(sandbox)
        store.drop_next = 0
        asking = asyncio.create_task(client.get_me())
        await until(lambda: store.lose_next == 0)
        store.down = True
        with pytest.raises((StoreUnavailable, ConnectionError)):
            await asking
        store.down = False

        async def again() -> bool:
            found = manager._core.pool.peek("1")
            return found is not None and found is not client

        await until(again, seconds=15)
        newer = await live_client(manager)
        assert (await newer.get_me()).id == ANN
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data["token"] > token
        assert (await stored_image(store)).auth_key == newer.session.auth_key.key
        assert newer.session.dc_id == 4


async def test_a_checkpoint_under_way_never_brings_the_earlier_key_back(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        claims = manager._core.require()
        claim = claims.held["1"]
        packed = manager._core.codec.pack("1", client.session.snapshot(), manager._core.clock.now())
        move(sandbox)
        await client.get_me()
        await claims.save(claim, packed)
        assert await claims.save_many([(claim, packed | {"last_used_at": manager._core.clock.now()})]) == []
        stored = await stored_image(store)
        assert (stored.dc_id, stored.auth_key) == (4, client.session.auth_key.key)
        [entry] = await store.query("auth_keys")
        assert entry.key.id == claim.key_name


@pytest.mark.parametrize("sandbox", [Switches(exports_after_a_move=False)], indirect=True)
async def test_a_login_that_may_not_go_along_is_kept_and_not_asked_for_without_end(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    old = await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        move(sandbox)
        with pytest.raises((errors.UserMigrateError, ConnectionError)):
            await client.get_me()
        assert (await stored_image(store)).auth_key == old
        assert (client.session.dc_id, client.session.auth_key.key) == (2, old)
        move(sandbox, 2)
        assert (await client.get_me()).id == ANN
    move(sandbox)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        with pytest.raises(TelegramUnreachable):
            await manager.get_user_client(1)
        assert (await manager.get_session_info(1))["status"] == "error"
        assert sandbox.counters.calls_of("auth.exportAuthorization") < 12


async def test_a_revoked_login_does_not_go_along(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        move(sandbox)
        sandbox.auth.revoke(ANN, message="SESSION_REVOKED")
        with pytest.raises(errors.SessionRevokedError):
            await client(LIST())

        async def over() -> bool:
            return bool((await manager.get_session_info(1))["status"] == "revoked")

        await until(over)


async def test_files_of_other_data_centres_come_through_the_clients_own_permit(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        data = bytes(range(256)) * 2000
        sent = await client.send_file("me", data, force_document=True)
        file = sandbox.world.files.get(sent.document.id)
        assert file is not None
        sandbox.world.files.move(file, 4)
        assert await client.download_media(sent, bytes) == data  # FILE_MIGRATE
        fresh = await client.get_messages("me", ids=sent.id)
        assert await client.download_media(fresh, bytes) == data
        assert sandbox.counters.calls_of("auth.importAuthorization") == 1
        there = sandbox.network.servers[4]
        assert len(there.connections) == 1
        calls = sandbox.counters.calls_of("upload.getFile")
        manager._core.require().held["1"].revoke()
        await until(lambda: not there.connections)
        downloading = asyncio.create_task(client.download_media(fresh, bytes))
        async with manager._core.pool.locks("1"):
            await manager._core.pool.end("1")
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(10):
                await downloading
        assert sandbox.counters.calls_of("upload.getFile") == calls
        assert (await stored_image(store)).dc_id == 2


async def test_a_file_server_that_refuses_leaves_nothing_open(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        sent = await client.send_file("me", b"some bytes", force_document=True)
        file = sandbox.world.files.get(sent.document.id)
        assert file is not None
        sandbox.world.files.move(file, 4)
        fresh = await client.get_messages("me", ids=sent.id)
        sandbox.faults.add(kind="error", method="auth.importAuthorization", code=400, message="AUTH_BYTES_INVALID")
        with pytest.raises(errors.AuthBytesInvalidError):
            await client.download_media(fresh, bytes)
        await until(lambda: not sandbox.network.servers[4].connections)
        assert await client.download_media(fresh, bytes) == b"some bytes"


@pytest.mark.parametrize(
    ("dc_id", "places", "address"),
    [
        (4, "", "149.154.167.91"),
        (9, "", None),
        (4, "2:10.0.0.2:1,4:10.0.0.4:2", "10.0.0.4"),
        (0, "2:10.0.0.2:1,4:10.0.0.4:2", "10.0.0.2"),
        (5, "2:10.0.0.2:1,4:10.0.0.4:2", None),  # never the real Telegram's
    ],
)
async def test_a_login_without_an_address_gets_that_of_its_data_centre(
    dc_id: int, places: str, address: str | None
) -> None:
    session = StoredSession()
    session.set_dc(dc_id, None, None)
    telegram = TelegramEndpoint(1, "0" * 32, dc=DataCenter.parse_all(places) if places else None)
    term = Term("me", clock=SystemClock(), seconds=None, sent=Instant.of(SystemClock()))
    telegram.client(session, Permit(term, "1", 1))
    assert session.server_address == address
    assert session.dc_id == (dc_id or 2)


@pytest.mark.parametrize("text", ["", "2", "2:host", "x:host:1", "2:host:1,2:host:2", "2:host:1,"])
def test_what_is_no_data_centre_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="data centre"):
        DataCenter.parse_all(text)
