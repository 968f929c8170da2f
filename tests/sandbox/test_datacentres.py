"""Several data centres, with stock Telethon: keys of their own, logins and files that live elsewhere."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors, events, functions, types
from telethon.network import MTProtoSender
from telethon.sessions import MemorySession

from bybot.clock import ManualClock
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.world.model import Account, File
from bybot.sandbox.world.world import World
from tests.sandbox.support import (
    Running,
    connected,
    make_client,
    new_client,
    ready_client,
    ready_session,
    running_server,
    until,
)

PHONE = "15550000001"
LIST = functions.account.GetAuthorizationsRequest
NEAREST = functions.help.GetNearestDcRequest
CONFIG = functions.help.GetConfigRequest


@pytest.fixture
async def two() -> AsyncIterator[Running]:
    """Data centres 2 and 4."""
    async with running_server(dcs=(2, 4)) as running:
        yield running


def person(running: Running, dc: int = 2) -> Account:
    return running.world.create_account("Ann", phone=PHONE, dc_id=dc)


def elsewhere(running: Running, dc: int, session: MemorySession) -> MemorySession:
    """The session with the address of another data centre."""
    session.set_dc(dc, *running.network.addresses()[dc])
    return session


def located(file: File) -> types.InputDocumentFileLocation:
    return types.InputDocumentFileLocation(file.id, file.access_hash, file.file_reference, "")


async def test_every_data_centre_names_itself_and_lists_all(two: Running) -> None:
    async with new_client(two) as client:
        config = await client(CONFIG())
        assert config.this_dc == 2
        assert {option.id: (option.ip_address, option.port) for option in config.dc_options} == two.network.addresses()
        assert (await client(NEAREST())).nearest_dc == 2
        await client._switch_dc(4)
        assert (await client(CONFIG())).this_dc == 4
        assert client.session.dc_id == 4


async def test_a_key_is_known_to_its_own_data_centre_only(two: Running) -> None:
    session = elsewhere(two, 4, ready_session(two, person(two)))
    client = TelegramClient(session, 1, "0" * 32, connection_retries=1, retry_delay=0, timeout=5)
    with pytest.raises(errors.AuthKeyNotFound):
        async with connected(client):
            pass


async def test_a_number_of_another_data_centre_is_sent_there_and_logs_in(two: Running) -> None:
    ann = person(two, dc=4)
    async with new_client(two) as client:
        first = client.session.auth_key.key  # Telethon puts the next key into the same object
        await client.send_code_request(PHONE)
        assert client.session.dc_id == 4
        assert client.session.auth_key.key != first
        assert two.counters.calls_of("auth.sendCode") == 2
        await client.sign_in(PHONE, two.auth.next_code(PHONE))
        assert (await client.get_me()).id == ann.id
        [mine] = (await client(LIST())).authorizations
        assert mine.current


async def test_an_account_that_moves_before_the_code_is_typed_signs_in_where_it_is(two: Running) -> None:
    ann = person(two)
    async with new_client(two) as client:
        await client.send_code_request(PHONE)
        assert client.session.dc_id == 2
        ann.dc_id = 4
        client._request_retries = 2
        await client.sign_in(PHONE, two.auth.next_code(PHONE))
        assert client.session.dc_id == 4
        assert (await client.get_me()).id == ann.id


async def test_new_clients_can_be_sent_to_the_nearest_data_centre(two: Running) -> None:
    ann = person(two, dc=4)
    two.auth.nearest_dc = 4
    async with new_client(two) as client:
        assert (await client(NEAREST())).nearest_dc == 4
        await client.send_code_request(PHONE)
        assert client.session.dc_id == 4
        assert (await client.sign_in(PHONE, two.auth.next_code(PHONE))).id == ann.id


async def test_a_scanned_token_of_another_data_centres_account_is_good_there(two: Running) -> None:
    ann = person(two, dc=4)
    phone_session = elsewhere(two, 4, ready_session(two, ann))
    phone = TelegramClient(phone_session, 1, "0" * 32, connection_retries=1, retry_delay=0, timeout=5)
    async with connected(phone), new_client(two) as device:
        login = await device.qr_login()
        await phone(functions.auth.AcceptLoginTokenRequest(login.token))
        answer = await device(login._request)
        assert (answer.dc_id, answer.token) == (4, login.token)
        await device._switch_dc(answer.dc_id)
        success = await device(functions.auth.ImportLoginTokenRequest(answer.token))
        assert success.authorization.user.id == ann.id
        with pytest.raises(errors.AuthTokenInvalidxError):
            await device(functions.auth.ImportLoginTokenRequest(answer.token))


async def test_a_moved_account_is_answered_only_where_it_lives(two: Running) -> None:
    ann = person(two)
    async with ready_client(two, ann) as client:
        ann.dc_id = 4
        request = LIST()
        sender: MTProtoSender = client._sender
        with pytest.raises(errors.UserMigrateError) as caught:
            await sender.send(request)
        assert caught.value.new_dc == 4
        # Stock Telethon goes there with an empty key: whoever wants to stay logged in must carry the login over.
        client._request_retries = 2
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(request)


async def carry_over(running: Running, client: TelegramClient, dc: int) -> TelegramClient:
    """A second client at another data centre, not connected; its login is to be imported."""
    session = elsewhere(running, dc, MemorySession())
    return TelegramClient(session, 1, "0" * 32, connection_retries=1, retry_delay=0, timeout=5)


async def test_a_login_is_carried_over_after_a_move_and_goes_on_under_the_new_key(two: Running) -> None:
    ann = person(two)
    async with ready_client(two, ann, device_model="Desk") as old:
        ann.dc_id = 4
        exported = await old(functions.auth.ExportAuthorizationRequest(4))
        assert exported.id == ann.id
        async with connected(await carry_over(two, old, 4)) as new:
            imported = await new(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
            assert imported.user.id == ann.id
            assert (await new.get_me()).id == ann.id
            [mine] = (await new(LIST())).authorizations
            assert mine.current
            heard: list[str] = []

            async def note(event: Any) -> None:
                heard.append(event.raw_text)

            new.add_event_handler(note, events.NewMessage())
            two.world.send_message(two.world.create_account("Bob"), ann.peer, text="hello")
            await until(lambda: heard == ["hello"])
            assert await new.log_out()
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await old._sender.send(functions.auth.ExportAuthorizationRequest(4))


async def test_the_switch_refuses_to_carry_a_moved_login_over() -> None:
    async with running_server(dcs=(2, 4), switches=Switches(exports_after_a_move=False)) as running:
        ann = person(running)
        async with ready_client(running, ann) as client:
            ann.dc_id = 4
            with pytest.raises(errors.UserMigrateError):
                await client._sender.send(functions.auth.ExportAuthorizationRequest(4))


async def test_exported_authorizations_are_good_once_there_and_for_a_minute() -> None:
    clock = ManualClock()
    async with running_server(dcs=(2, 4, 5), clock=clock) as running:
        ann = person(running)
        export, take = functions.auth.ExportAuthorizationRequest, functions.auth.ImportAuthorizationRequest
        async with ready_client(running, ann) as client, connected(await carry_over(running, client, 4)) as there:
            for wrong in (2, 3):
                with pytest.raises(errors.DcIdInvalidError):
                    await client(export(wrong))
            for_five = await client(export(5))
            with pytest.raises(errors.AuthBytesInvalidError):
                await there(take(for_five.id, for_five.bytes))
            good = await client(export(4))
            with pytest.raises(errors.UserIdInvalidError):
                await there(take(good.id + 1, good.bytes))
            with pytest.raises(errors.AuthBytesInvalidError):
                await there(take(good.id, good.bytes))
            late = await client(export(4))
            clock.advance(61)
            with pytest.raises(errors.AuthBytesInvalidError):
                await there(take(late.id, late.bytes))
            orphan = await client(export(4))
            running.auth.revoke(ann.id, message="SESSION_REVOKED")
            with pytest.raises(errors.SessionRevokedError):
                await there(take(orphan.id, orphan.bytes))


@pytest.mark.parametrize("stale", [False, True])
async def test_a_file_of_another_data_centre_is_downloaded_from_there(two: Running, stale: bool) -> None:
    ann = person(two)
    data = os.urandom(300_000)
    async with ready_client(two, ann) as client:
        sent = await client.send_file("me", data, force_document=True)
        file = two.world.files.get(sent.document.id)
        assert file is not None
        assert (file.dc_id, sent.document.dc_id) == (2, 2)
        two.world.files.move(file, 4)
        with pytest.raises(errors.FileMigrateError) as caught:
            await client(functions.upload.GetFileRequest(located(file), 0, 4096))
        assert caught.value.new_dc == 4
        message = sent if stale else await client.get_messages("me", ids=sent.id)
        assert message.document.dc_id == (2 if stale else 4)
        assert await client.download_media(message, bytes) == data
        [mine] = (await client(LIST())).authorizations
        assert mine.current  # the file server's key is a part of this login, no device of its own
        assert [key.dc for key in two.auth.keys if key.parent is not None] == [4]


async def test_a_carried_login_reads_files_and_nothing_else_and_ends_with_its_login(two: Running) -> None:
    ann = person(two)
    file = two.world.store_file(b"x" * 5000, mime="text/plain", dc_id=4)
    async with ready_client(two, ann) as client, connected(await carry_over(two, client, 4)) as there:
        exported = await client(functions.auth.ExportAuthorizationRequest(4))
        await there(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
        get = functions.upload.GetFileRequest(located(file), 0, 8192)
        assert len((await there._sender.send(get)).bytes) == 5000
        with pytest.raises(errors.UserMigrateError):
            await there._sender.send(LIST())
        two.auth.revoke(two.auth.keys.of_account(ann.id)[0], message="SESSION_REVOKED")
        with pytest.raises(errors.SessionRevokedError):
            await there._sender.send(get)


async def test_logins_keep_their_data_centre_over_a_restart(tmp_path: Path) -> None:
    world = World()
    ann = world.create_account("Ann", phone=PHONE, dc_id=4)
    session = MemorySession()
    async with (
        running_server(world=world, state_dir=tmp_path, dcs=(2, 4)) as running,
        connected(make_client(running, session)) as client,
        new_client(running) as media,
    ):
        await client.send_code_request(PHONE)
        await client.sign_in(PHONE, running.auth.next_code(PHONE))
        exported = await client(functions.auth.ExportAuthorizationRequest(2))
        await media(functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes))
    async with running_server(world=world, state_dir=tmp_path, dcs=(2, 4)) as running:
        elsewhere(running, 4, session)
        client = TelegramClient(session, 1, "0" * 32, connection_retries=1, retry_delay=0, timeout=5)
        async with connected(client):
            assert (await client.get_me()).id == ann.id
        assert len(running.auth.keys.of_account(ann.id)) == 1
        assert sorted((key.dc, key.parent is not None) for key in running.auth.keys if key.account_id) == [
            (2, True),
            (4, False),
        ]
