"""Logins and files that live at other data centres, through the manager: nothing is lost, whatever comes between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.tl import functions

from bybot.clock import SystemClock
from bybot.errors import StoreUnavailable, TelegramUnreachable
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.server import Sandbox
from bybot.sessions import image as images
from bybot.sessions.datacenter import DataCenter
from bybot.sessions.login import LoggedIn, PasswordNeeded
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import SESSIONS, login_key, session_key
from bybot.sessions.permit import Instant, Permit, Term
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import TelegramEndpoint
from bybot.stores.base import Store
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.conftest import PEOPLE
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    FaultyStore,
    log_in,
    plant_session,
    running,
    until,
    vault,
)

LIST = functions.account.GetAuthorizationsRequest


def endpoint(sandbox: Sandbox, transport: str = "full") -> TelegramEndpoint:
    return TelegramEndpoint(
        12345,
        "0123456789abcdef0123456789abcdef",
        dc=DataCenter.parse_all(sandbox.dc_spec),
        rsa_pem=sandbox.rsa_public_key_pem,
        transport=transport,
    )


@pytest.fixture
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Data centres 2 and 4; afterwards no key was used from two places."""
    switches = getattr(request, "param", Switches())
    async with Sandbox(seed=PEOPLE, dcs=(2, 4), switches=switches) as running:
        TelegramClient._config = None
        yield running
        assert dict(running.counters.unknown) == {}
        assert running.counters.duplicate_violations == 0


async def stored_image(store: Store, user: str = "1") -> images.Image:
    """What is stored, opened."""
    document = await store.get(session_key(user))
    assert document is not None
    return images.read(vault().open(document.data["session_data"], user=user, purpose="session"))


async def live_client(manager: UserSessionManager, user: int = 1) -> Any:
    client = await manager.get_user_client(user)
    assert client is not None
    return client


def move(sandbox: Sandbox, dc: int = 4, account: int = ANN) -> None:
    sandbox.world.account(account).dc_id = dc


async def test_a_login_goes_to_its_own_data_centre_and_stays_there(sandbox: Sandbox, store: MemoryStore) -> None:
    move(sandbox)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        done = await log_in(manager, sandbox, 1)
        assert isinstance(done, LoggedIn)
        assert (await live_client(manager)).session.dc_id == 4
        document = await store.get(session_key("1"))
        assert document is not None
        assert document.data["dc_id"] == 4
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        assert (client.session.dc_id, (await client.get_me()).id) == (4, ANN)


async def test_an_account_that_moves_while_its_code_is_typed_logs_in_with_a_key_that_is_stored_first(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        await manager.begin_login(1, ANN_PHONE)
        before = await store.get(login_key("1"))
        move(sandbox)
        held = sandbox.faults.add(kind="cut", method="auth.signIn", nth=1, hold=True)
        code = sandbox.auth.next_code(ANN_PHONE)
        assert code is not None
        submitting = asyncio.create_task(manager.submit_code(1, code))
        await sandbox.faults.wait_fired(held.id)
        # Signed in over there, the answer lost: what is stored already holds that key.
        after = await store.get(login_key("1"))
        assert before is not None
        assert after is not None
        assert after.version != before.version
        sandbox.faults.clear()
        done = await submitting
        assert isinstance(done, LoggedIn)
        assert (await stored_image(store)).dc_id == 4


async def test_a_number_of_another_data_centre_with_a_password_logs_in(sandbox: Sandbox, store: MemoryStore) -> None:
    move(sandbox)
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse")
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        assert isinstance(await log_in(manager, sandbox, 1), PasswordNeeded)
        assert (await manager.submit_password(1, "correct horse")).account_id == ANN
        assert (await stored_image(store)).dc_id == 4


async def test_a_qr_code_scanned_by_an_account_of_another_data_centre_logs_in_there(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with (
        running(sandbox, store, telegram=endpoint(sandbox)) as manager,
        ControlClient(sandbox.control_url) as control,
    ):
        shown = await manager.begin_qr(1)
        move(sandbox)
        await control.accept_qr(ANN, shown.url)
        done = await manager.wait_qr(1, 10)
        assert isinstance(done, LoggedIn)
        assert (done.account_id, (await stored_image(store)).dc_id) == (ANN, 4)


async def test_a_login_is_sent_to_the_nearest_data_centre(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.nearest_dc = 4
    move(sandbox)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        assert isinstance(await log_in(manager, sandbox, 1), LoggedIn)
        assert (await stored_image(store)).dc_id == 4


@pytest.mark.parametrize("moment", ["auth.signIn", "auth.checkPassword"])
async def test_an_answer_lost_at_the_end_of_a_login_does_not_lose_the_login(
    sandbox: Sandbox, store: MemoryStore, moment: str
) -> None:
    if moment == "auth.checkPassword":
        sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse")
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        await manager.begin_login(1, ANN_PHONE)
        cut = sandbox.faults.add(kind="cut", method=moment)
        code = sandbox.auth.next_code(ANN_PHONE)
        assert code is not None
        done: Any = await manager.submit_code(1, code)
        if moment == "auth.checkPassword":
            done = await manager.submit_password(1, "correct horse")
        assert (done.account_id, cut.fired) == (ANN, 1)
        assert (await (await live_client(manager)).get_me()).id == ANN


async def test_a_moved_account_takes_its_login_along_while_the_client_works(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    old = await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        sent = await client.send_message("me", "before")
        move(sandbox)
        answers = await asyncio.gather(*(client.get_messages("me", ids=sent.id) for _ in range(20)))
        assert {answer.message for answer in answers} == {"before"}
        assert sandbox.counters.calls_of("auth.exportAuthorization") == 1
        assert await manager.get_user_client(1) is client
        assert client.session.dc_id == 4
        stored = await stored_image(store)
        assert (stored.dc_id, stored.port) == (4, sandbox.network.addresses()[4][1])
        assert stored.auth_key not in (None, old)
        assert stored.auth_key == client.session.auth_key.key
        document = await store.get(session_key("1"))
        assert document is not None
        [entry] = await store.query("auth_keys")
        assert (entry.key.id, document.data["dc_id"]) == (document.data["key_hmac"], 4)
        assert (await client.send_message("me", "after")).message == "after"
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        assert (await (await live_client(manager)).get_me()).id == ANN
    assert len(sandbox.auth.keys.of_account(ANN)) == 1


@pytest.mark.parametrize("transport", ["abridged", "intermediate", "obfuscated"])
async def test_every_transport_goes_along(sandbox: Sandbox, store: MemoryStore, transport: str) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox, transport)) as manager:
        client = await live_client(manager)
        move(sandbox)
        assert (await client.send_message("me", "hello")).message == "hello"
        assert client.session.dc_id == 4


async def test_updates_go_on_after_a_move(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with (
        running(sandbox, store, telegram=endpoint(sandbox)) as manager,
        ready_client(sandbox, sandbox.world.account(LI_WEI)) as other,
    ):
        client = await live_client(manager)
        heard: list[str] = []

        async def note(event: Any) -> None:
            heard.append(event.raw_text)

        client.add_event_handler(note, events.NewMessage(incoming=True))
        source = await other.get_input_entity("source")
        await other.send_message(source, "one")
        await until(lambda: heard == ["one"])
        move(sandbox)
        await client.get_me()
        await other.send_message(source, "two")
        await until(lambda: heard == ["one", "two"])


async def test_an_account_that_moved_while_nobody_was_connected_is_followed_at_the_next_start(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    move(sandbox)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        assert (client.session.dc_id, (await client.get_me()).id) == (4, ANN)
        assert (await stored_image(store)).dc_id == 4


async def test_addresses_are_asked_for_where_none_are_configured(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    first = DataCenter.parse_all(sandbox.dc_spec)[0]
    telegram = TelegramEndpoint(1, "0" * 32, dc=first, rsa_pem=sandbox.rsa_public_key_pem)
    async with running(sandbox, store, telegram=telegram) as manager:
        client = await live_client(manager)
        move(sandbox)
        assert (await client.get_me()).id == ANN
        assert client.session.dc_id == 4


async def test_an_account_may_move_back_and_forth(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, telegram=endpoint(sandbox)) as manager:
        client = await live_client(manager)
        for dc in (4, 2, 4):
            move(sandbox, dc)
            assert (await client.get_me()).id == ANN
            assert (client.session.dc_id, (await stored_image(store)).dc_id) == (dc, dc)
        assert len(sandbox.auth.keys.of_account(ANN)) == 1


# What comes between ---------------------------------------------------------------------------------------------------


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


# Files ----------------------------------------------------------------------------------------------------------------


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


# Addresses ------------------------------------------------------------------------------------------------------------


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
