"""The hard states of accounts, switched at any time through the control surface, as stock Telethon sees them."""

from __future__ import annotations

from typing import Any

import pytest
from telethon import TelegramClient, errors, functions, types

from bybot.sandbox.control_client import ControlClient, ControlError
from bybot.sandbox.server import Sandbox
from tests.sandbox.support import connected, make_client, new_client, ready_client, ready_session

ANN = 5000100
PHONE = "447700900101"
LIST = functions.account.GetAuthorizationsRequest


async def frozen_facts(client: TelegramClient) -> dict[str, Any]:
    config = await client(functions.help.GetAppConfigRequest(0))
    return {value.key: value.value.value for value in config.config.value}


async def test_a_frozen_account_reads_and_writes_nothing_until_it_thaws(
    sandbox: Sandbox, control: ControlClient
) -> None:
    async with ready_client(sandbox, sandbox.world.account(ANN)) as client:
        assert await frozen_facts(client) == {}
        await control.freeze("@ann")
        source = await client.get_input_entity("source")
        assert await client.get_messages(source, limit=1)
        assert (await client.get_me()).id == ANN
        writing: list[Any] = [
            functions.messages.SendMessageRequest("me", "hello"),
            functions.messages.ForwardMessagesRequest("source", [1], "me"),
            functions.channels.JoinChannelRequest(source),
            functions.channels.CreateChannelRequest("Mine", ""),
            functions.messages.ImportChatInviteRequest("abc"),
        ]
        for request in writing:
            with pytest.raises(errors.FrozenMethodInvalidError) as caught:
                await client(request)
            assert caught.value.code == 420
        facts = await frozen_facts(client)
        assert facts["freeze_since_date"] < facts["freeze_until_date"]
        assert facts["freeze_appeal_url"].startswith("https://t.me/")
        await control.freeze("@ann", on=False)
        assert (await client.send_message("me", "again")).message == "again"
        assert await frozen_facts(client) == {}


@pytest.mark.parametrize(
    ("change", "error"), [("ban", errors.UserDeactivatedBanError), ("deactivate", errors.UserDeactivatedError)]
)
async def test_a_deleted_or_banned_account_is_told_so_and_can_come_back(
    sandbox: Sandbox, control: ControlClient, change: str, error: Any
) -> None:
    async with ready_client(sandbox, sandbox.world.account(ANN)) as client:
        await getattr(control, change)(ANN)
        with pytest.raises(error):
            await client(LIST())
        async with new_client(sandbox) as other:
            with pytest.raises(errors.PhoneNumberBannedError):
                await other.send_code_request(PHONE)
        await control.deactivate(ANN, on=False)
        assert len((await client(LIST())).authorizations) == 1


async def test_another_device_ends_one_login_by_its_hash(sandbox: Sandbox, control: ControlClient) -> None:
    ann = sandbox.world.account(ANN)
    async with ready_client(sandbox, ann, device_model="Phone") as phone:
        async with ready_client(sandbox, ann, device_model="Desk") as desk:
            listed = {each["device_model"]: each for each in await control.authorizations("@ann")}
            assert listed.keys() == {"Phone", "Desk"}
            assert listed["Desk"]["dc"] == 2
            assert await control.revoke(ANN, hash_=listed["Desk"]["hash"], error="SESSION_REVOKED") == 1
            with pytest.raises(errors.SessionRevokedError):
                await desk(LIST())
        assert len((await phone(LIST())).authorizations) == 1
        with pytest.raises(ControlError, match="no login 12"):
            await control.revoke(ANN, hash_="12")


async def test_a_destroyed_key_is_unknown(sandbox: Sandbox, control: ControlClient) -> None:
    session = ready_session(sandbox, sandbox.world.account(ANN))
    assert await control.revoke(ANN, destroy=True) == 1
    with pytest.raises(errors.AuthKeyNotFound):
        async with connected(make_client(sandbox, session)):
            pass


async def test_a_duplicated_key_is_dead_for_every_request(sandbox: Sandbox, control: ControlClient) -> None:
    async with ready_client(sandbox, sandbox.world.account(ANN)) as client:
        await control.revoke(ANN, error="AUTH_KEY_DUPLICATED")
        for request in (LIST(), functions.help.GetNearestDcRequest()):
            with pytest.raises(errors.AuthKeyDuplicatedError):
                await client(request)


async def test_the_age_of_a_login_decides_whether_it_may_end_others(sandbox: Sandbox, control: ControlClient) -> None:
    ann = sandbox.world.account(ANN)
    async with ready_client(sandbox, ann) as first, ready_client(sandbox, ann) as second:
        await control.age(ANN, 0.9)
        [_, other] = (await first(LIST())).authorizations
        for request in (
            functions.account.ResetAuthorizationRequest(other.hash),
            functions.auth.ResetAuthorizationsRequest(),
        ):
            with pytest.raises(errors.FreshResetAuthorisationForbiddenError):
                await first(request)
        await control.age(ANN, 1.1)
        assert await first(functions.account.ResetAuthorizationRequest(other.hash))
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await second(LIST())


async def test_people_and_files_move_between_data_centres_through_the_control_surface() -> None:
    seed = {"accounts": [{"name": "Ann", "phone": "+447700900101", "id": ANN, "dc": 4}]}
    async with Sandbox(seed=seed, dcs=(2, 4)) as sandbox, ControlClient(sandbox.control_url) as control:
        TelegramClient._config = None
        assert [part.partition(":")[0] for part in sandbox.dc_spec.split(",")] == ["2", "4"]
        ann = sandbox.world.account(ANN)
        assert ann.dc_id == 4
        await control.move(ANN, 2)
        async with ready_client(sandbox, ann) as client:
            sent = await client.send_file("me", b"some bytes", force_document=True)
            assert await control.place(4, sent.document.id) == 1
            again = await client.get_messages("me", ids=sent.id)
            assert again.document.dc_id == 4
            assert await client.download_media(again, bytes) == b"some bytes"
            assert await control.place(2) == len(sandbox.world.files.all())
        await control.nearest(4)
        async with new_client(sandbox) as client:
            await control.move(ANN, 4)
            assert isinstance(await client.send_code_request(PHONE), types.auth.SentCode)
            assert client.session.dc_id == 4
        for call in (control.move(ANN, 3), control.place(3), control.nearest(3), control.place(2, 12)):
            with pytest.raises(ControlError, match="there is no"):
                await call
