"""Logins that live at other data centres, through the manager and stock Telethon."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import events

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.sessions.datacenter import DataCenter
from bybot.sessions.login import LoggedIn, PasswordNeeded
from bybot.sessions.model import login_key, session_key
from bybot.sessions.telegram import TelegramEndpoint
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.datacentres import endpoint, move, sandbox, stored_image
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    live_client,
    log_in,
    plant_session,
    running,
    until,
)

__all__ = ["sandbox"]


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
