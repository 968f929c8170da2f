"""QR login, signing out, and the list of devices, with stock Telethon clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from telethon import TelegramClient, errors, functions

from bybot.clock import ManualClock
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.world.model import Account
from tests.sandbox.support import Running, new_client, ready_client, running_server

LIST = functions.account.GetAuthorizationsRequest


@asynccontextmanager
async def two_devices(
    switches: Switches | None = None,
) -> AsyncIterator[tuple[Running, Account, TelegramClient, TelegramClient]]:
    """Ann's phone, logged in; and a new device, not logged in."""
    async with running_server(switches=switches) as running:
        ann = running.world.create_account("Ann", phone="15550000001")
        async with ready_client(running, ann, device_model="Phone") as phone, new_client(running) as device:
            yield running, ann, phone, device


async def scanned(phone: TelegramClient, token: bytes) -> None:
    await phone(functions.auth.AcceptLoginTokenRequest(token))


async def test_a_scanned_token_logs_in() -> None:
    async with two_devices() as (_running, ann, phone, device):
        login = await device.qr_login()
        assert login.url.startswith("tg://login?token=")
        waiting = asyncio.create_task(login.wait(5))
        await asyncio.sleep(0)
        accepted = await phone(functions.auth.AcceptLoginTokenRequest(login.token))
        assert not accepted.current
        assert (await waiting).id == ann.id
        assert (await device.get_me()).id == ann.id


async def test_a_scanned_token_with_a_password_asks_for_it() -> None:
    async with two_devices() as (running, ann, phone, device):
        running.auth.set_password(ann, "tulips", "flowers")
        login = await device.qr_login()
        waiting = asyncio.create_task(login.wait(5))
        await asyncio.sleep(0)
        await scanned(phone, login.token)
        with pytest.raises(errors.SessionPasswordNeededError):
            await waiting
        assert await device.get_me() is None
        assert (await device.sign_in(password="tulips")).id == ann.id


async def test_a_token_is_accepted_once_and_only_if_it_exists() -> None:
    async with two_devices() as (_, _ann, phone, device):
        login = await device.qr_login()
        await scanned(phone, login.token)
        with pytest.raises(errors.AuthTokenAlreadyAcceptedError):
            await scanned(phone, login.token)
        with pytest.raises(errors.AuthTokenInvalidxError):
            await scanned(phone, b"nonsense")
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await scanned(device, login.token)


async def test_a_token_expires_after_thirty_seconds_and_can_be_renewed() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as running:
        ann = running.world.create_account("Ann")
        async with ready_client(running, ann) as phone, new_client(running) as device:
            login = await device.qr_login()
            assert (login.expires - clock.now()).total_seconds() == 30
            old = login.token
            clock.advance(31)
            with pytest.raises(errors.AuthTokenExpiredError):
                await scanned(phone, old)
            await login.recreate()
            assert login.token != old
            await scanned(phone, login.token)
            assert (await device(login._request)).authorization.user.id == ann.id


async def test_a_renewed_token_replaces_the_one_before() -> None:
    async with two_devices() as (_, _ann, phone, device):
        login = await device.qr_login()
        old = login.token
        await login.recreate()
        with pytest.raises(errors.AuthTokenInvalidxError):
            await scanned(phone, old)


async def test_an_accepted_token_can_be_imported() -> None:
    async with two_devices() as (_, ann, phone, device):
        login = await device.qr_login()
        assert (await device(functions.auth.ImportLoginTokenRequest(login.token))).token == login.token
        await scanned(phone, login.token)
        success = await device(functions.auth.ImportLoginTokenRequest(login.token))
        assert success.authorization.user.id == ann.id


async def test_signing_out_ends_this_login_and_no_other() -> None:
    async with two_devices() as (running, ann, phone, _device), ready_client(running, ann) as other:
        assert len((await phone(LIST())).authorizations) == 2
        assert await other.log_out()
        [left] = (await phone(LIST())).authorizations
        assert left.current
        assert len(running.auth.keys.of_account(ann.id)) == 1


async def test_a_signed_out_key_is_not_authorized_and_can_log_in_again() -> None:
    async with two_devices() as (running, ann, phone, _device):
        await phone(functions.auth.LogOutRequest())
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await phone(LIST())
        phone._authorized = None
        await phone.send_code_request("15550000001")
        assert (await phone.sign_in("15550000001", running.auth.next_code("15550000001"))).id == ann.id


async def test_the_list_of_devices_shows_each_with_what_it_said_of_itself() -> None:
    async with two_devices() as (running, ann, phone, _device):
        options = {"device_model": "Desk", "system_version": "9", "app_version": "1.2"}
        async with ready_client(running, ann, **options):
            devices = (await phone(LIST())).authorizations
            assert [(d.device_model, d.current, d.hash == 0) for d in devices] == [
                ("Phone", True, True),
                ("Desk", False, False),
            ]
            desk = devices[1]
            assert (desk.system_version, desk.app_version, desk.api_id, desk.ip) == ("9", "1.2", 12345, "127.0.0.1")


async def test_another_device_can_be_ended_by_its_hash() -> None:
    async with two_devices() as (running, ann, phone, _device), ready_client(running, ann) as other:
        [_, theirs] = (await phone(LIST())).authorizations
        assert await phone(functions.account.ResetAuthorizationRequest(theirs.hash))
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await other(LIST())
        with pytest.raises(errors.HashInvalidError):
            await phone(functions.account.ResetAuthorizationRequest(theirs.hash))


async def test_all_other_devices_can_be_ended_at_once() -> None:
    async with two_devices() as (running, ann, phone, _device), ready_client(running, ann) as other:
        assert await phone(functions.auth.ResetAuthorizationsRequest())
        with pytest.raises(errors.SessionRevokedError):
            await other(LIST())
        assert len((await phone(LIST())).authorizations) == 1


@pytest.mark.parametrize(("seconds", "forbidden"), [(24 * 3600.0, True), (0.0, False)])
async def test_a_fresh_login_ends_no_others_unless_the_switch_allows_it(seconds: float, forbidden: bool) -> None:
    async with two_devices(Switches(fresh_session_seconds=seconds)) as (running, _ann, phone, device):
        await device.send_code_request("15550000001")
        await device.sign_in("15550000001", running.auth.next_code("15550000001"))
        [_, theirs] = (await device(LIST())).authorizations
        request = functions.account.ResetAuthorizationRequest(theirs.hash)
        if forbidden:
            with pytest.raises(errors.FreshResetAuthorisationForbiddenError):
                await device(request)
            assert len((await phone(LIST())).authorizations) == 2
        else:
            assert await device(request)


async def test_a_bot_logs_in_with_its_token() -> None:
    async with running_server() as running, new_client(running) as client:
        running.world.create_bot("Helper", "helper_bot", "4242:secret")
        with pytest.raises(errors.AccessTokenInvalidError):
            await client.sign_in(bot_token="4242:wrong")
        me = await client.sign_in(bot_token="4242:secret")
        assert (me.id, me.bot) == (4242, True)
