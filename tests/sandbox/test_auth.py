"""Logging in and out by code and password, with stock Telethon clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon import TelegramClient, errors, events, functions, types
from telethon.password import compute_check

from bybot.clock import ManualClock
from bybot.sandbox.mtproto.switches import Switches
from tests.sandbox.support import API_HASH, API_ID, Running, new_client, ready_client, running_server, until

PHONE = "15550000001"


@asynccontextmanager
async def asked(switches: Switches | None = None) -> AsyncIterator[tuple[Running, TelegramClient, ManualClock]]:
    """A server with Ann, and a client that is about to log in to her account."""
    clock = ManualClock()
    async with running_server(clock=clock, switches=switches) as running:
        running.world.create_account("Ann", phone=PHONE)
        async with new_client(running) as client:
            yield running, client, clock


def code_of(running: Running) -> str:
    code = running.auth.next_code(PHONE)
    assert code is not None
    return code


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def test_a_code_logs_in() -> None:
    async with asked() as (running, client, _):
        assert await client.get_me() is None
        assert not await client.is_user_authorized()
        sent = await client.send_code_request("+1 555 000 00 01")
        assert isinstance(sent.type, types.auth.SentCodeTypeApp)
        assert sent.type.length == len(code_of(running)) == 5
        me = await client.sign_in("+" + PHONE, code_of(running))
        assert (me.first_name, me.phone, me.is_self) == ("Ann", PHONE, True)
        assert (await client.get_me()).id == me.id
        assert [key.id for key in running.auth.keys.of_account(me.id)] == [client.session.auth_key.key_id]


async def test_the_code_arrives_in_the_accounts_own_chat_with_telegram() -> None:
    async with asked() as (running, client, _):
        ann = running.world.account_by_phone(PHONE)
        assert ann is not None
        async with ready_client(running, ann) as phone:
            heard: list[Any] = []

            async def note(event: Any) -> None:
                heard.append(event)

            phone.add_event_handler(note, events.NewMessage())
            await client.send_code_request(PHONE)
            await until(lambda: heard)
            [message] = await phone.get_messages(777000, limit=5)
            assert message.raw_text == heard[0].raw_text
            assert message.raw_text.startswith(f"Login code: {code_of(running)}.")


@pytest.mark.parametrize(
    ("phone", "error"),
    [
        ("15550000099", errors.PhoneNumberUnoccupiedError),
        ("123", errors.PhoneNumberInvalidError),
        ("1234567890123456", errors.PhoneNumberInvalidError),
        ("1555000000x", errors.PhoneNumberInvalidError),
    ],
)
async def test_numbers_that_cannot_log_in_are_refused(phone: str, error: Any) -> None:
    async with asked() as (running, client, _):
        request = functions.auth.SendCodeRequest(phone, API_ID, API_HASH, types.CodeSettings())
        with pytest.raises(error):
            await client(request)
        assert running.auth.next_code(phone) is None


async def test_a_banned_number_is_told_so() -> None:
    async with asked() as (running, client, _):
        running.auth.ban(running.world.account_by_phone(PHONE))
        with pytest.raises(errors.PhoneNumberBannedError):
            await client.send_code_request(PHONE)


async def test_a_wrong_code_is_refused_and_the_right_one_still_works() -> None:
    async with asked() as (running, client, _):
        await client.send_code_request(PHONE)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(PHONE, wrong(code_of(running)))
        assert (await client.sign_in(PHONE, code_of(running))).first_name == "Ann"


async def test_an_empty_code_and_an_empty_hash_are_refused() -> None:
    async with asked() as (_, client, _clock):
        sent = await client.send_code_request(PHONE)
        with pytest.raises(errors.PhoneCodeEmptyError):
            await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, ""))
        with pytest.raises(errors.PhoneCodeHashEmptyError):
            await client(functions.auth.SignInRequest(PHONE, "", "12345"))


async def test_a_code_expires_after_five_minutes() -> None:
    async with asked() as (running, client, clock):
        await client.send_code_request(PHONE)
        clock.advance(301)
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, code_of(running))


async def test_a_code_works_for_almost_five_minutes() -> None:
    async with asked() as (running, client, clock):
        await client.send_code_request(PHONE)
        clock.advance(299)
        assert (await client.sign_in(PHONE, code_of(running))).first_name == "Ann"


async def test_a_code_works_once() -> None:
    async with asked() as (running, client, _):
        sent = await client.send_code_request(PHONE)
        await client.sign_in(PHONE, code_of(running))
        async with new_client(running) as thief:
            with pytest.raises(errors.PhoneCodeExpiredError):
                await thief.sign_in(PHONE, code_of(running), phone_code_hash=sent.phone_code_hash)


async def test_a_resent_code_replaces_the_one_before() -> None:
    async with asked() as (running, client, _):
        first = await client.send_code_request(PHONE)
        old = code_of(running)
        second = await client(functions.auth.ResendCodeRequest(PHONE, first.phone_code_hash))
        assert second.phone_code_hash != first.phone_code_hash
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, old, phone_code_hash=first.phone_code_hash)
        me = await client.sign_in(PHONE, code_of(running), phone_code_hash=second.phone_code_hash)
        assert me.first_name == "Ann"


async def test_the_switch_makes_codes_unavailable_for_resending() -> None:
    async with asked(Switches(resend_code=False)) as (_, client, _clock):
        sent = await client.send_code_request(PHONE)
        with pytest.raises(errors.SendCodeUnavailableError):
            await client(functions.auth.ResendCodeRequest(PHONE, sent.phone_code_hash))


async def test_a_cancelled_code_is_dead() -> None:
    async with asked() as (running, client, _):
        sent = await client.send_code_request(PHONE)
        assert await client(functions.auth.CancelCodeRequest(PHONE, sent.phone_code_hash))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, code_of(running))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client(functions.auth.CancelCodeRequest(PHONE, sent.phone_code_hash))


async def test_too_many_wrong_codes_mean_waiting() -> None:
    async with asked(Switches(code_tries=3, flood_seconds=600)) as (running, client, clock):
        client.flood_sleep_threshold = 0
        await client.send_code_request(PHONE)
        for _ in range(3):
            with pytest.raises(errors.PhoneCodeInvalidError):
                await client.sign_in(PHONE, wrong(code_of(running)))
        with pytest.raises(errors.FloodWaitError) as flood:
            await client.sign_in(PHONE, wrong(code_of(running)))
        assert flood.value.seconds == 600
        async with new_client(running, flood_sleep_threshold=0) as other:
            clock.advance(100)
            with pytest.raises(errors.FloodWaitError) as flood:
                await other.send_code_request(PHONE)
            assert flood.value.seconds == 500
        clock.advance(501)
        async with new_client(running) as later:
            await later.send_code_request(PHONE)
            assert (await later.sign_in(PHONE, code_of(running))).first_name == "Ann"


@pytest.mark.parametrize(
    ("rule", "error"),
    [("FLOOD_WAIT", errors.FloodWaitError), ("PHONE_PASSWORD_FLOOD", errors.PhonePasswordFloodError)],
)
async def test_too_many_codes_mean_waiting(rule: Any, error: Any) -> None:
    async with asked(Switches(code_sends=3, send_flood=rule)) as (_, client, _clock):
        client.flood_sleep_threshold = 0
        request = functions.auth.SendCodeRequest(PHONE, API_ID, API_HASH, types.CodeSettings())
        for _ in range(3):
            await client(request)
        with pytest.raises(error):
            await client(request)


async def test_two_logins_of_one_number_have_codes_of_their_own() -> None:
    async with asked() as (running, client, _), new_client(running) as other:
        await client.send_code_request(PHONE)
        first = code_of(running)
        await other.send_code_request(PHONE)
        second = code_of(running)
        assert (await client.sign_in(PHONE, first)).first_name == "Ann"
        assert (await other.sign_in(PHONE, second)).first_name == "Ann"


# Two-step password ----------------------------------------------------------------------------------------------


async def to_password(running: Running, client: TelegramClient, hint: str = "") -> None:
    """Give Ann the password ``tulips`` and come to where it is asked for."""
    ann = running.world.account_by_phone(PHONE)
    assert ann is not None
    running.auth.set_password(ann, "tulips", hint)
    await client.send_code_request(PHONE)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(PHONE, code_of(running))
    assert await client.get_me() is None


async def test_a_password_is_asked_for_and_lets_in() -> None:
    async with asked() as (running, client, _):
        await to_password(running, client, hint="flowers")
        question = await client(functions.account.GetPasswordRequest())
        assert (question.has_password, question.hint) == (True, "flowers")
        me = await client.sign_in(password="tulips")
        assert me.first_name == "Ann"
        assert (await client.get_me()).id == me.id


async def test_a_wrong_password_is_refused_and_the_right_one_still_works() -> None:
    async with asked() as (running, client, _):
        await to_password(running, client)
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="roses")
        assert await client.get_me() is None
        assert (await client.sign_in(password="tulips")).first_name == "Ann"


async def test_too_many_wrong_passwords_mean_waiting() -> None:
    async with asked(Switches(password_tries=1, flood_seconds=60)) as (running, client, clock):
        client.flood_sleep_threshold = 0
        await to_password(running, client)
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="roses")
        with pytest.raises(errors.FloodWaitError):
            await client.sign_in(password="roses")
        client._flood_waited_requests.clear()
        with pytest.raises(errors.FloodWaitError):
            await client.sign_in(password="tulips")
        clock.advance(61)
        client._flood_waited_requests.clear()
        assert (await client.sign_in(password="tulips")).first_name == "Ann"


async def test_an_old_password_question_is_void() -> None:
    async with asked() as (running, client, _):
        await to_password(running, client)
        question = await client(functions.account.GetPasswordRequest())
        await client(functions.account.GetPasswordRequest())
        with pytest.raises(errors.SrpIdInvalidError):
            await client(functions.auth.CheckPasswordRequest(compute_check(question, "tulips")))


async def test_a_password_alone_lets_nobody_in() -> None:
    async with asked() as (running, client, _):
        ann = running.world.account_by_phone(PHONE)
        running.auth.set_password(ann, "tulips")
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client.sign_in(password="tulips")


async def test_a_client_sets_changes_and_removes_its_password() -> None:
    async with asked() as (running, client, _):
        ann = running.world.account_by_phone(PHONE)
        assert ann is not None
        async with ready_client(running, ann) as owner:
            assert await owner.edit_2fa(new_password="one", hint="first")
            await client.send_code_request(PHONE)
            with pytest.raises(errors.SessionPasswordNeededError):
                await client.sign_in(PHONE, code_of(running))
            with pytest.raises(errors.PasswordHashInvalidError):
                await owner.edit_2fa(current_password="wrong", new_password="two")
            assert await owner.edit_2fa(current_password="one", new_password="two")
            assert (await client.sign_in(password="two")).first_name == "Ann"
            assert await owner.edit_2fa(current_password="two")
            assert not (await owner(functions.account.GetPasswordRequest())).has_password


# Codes that are typed into a chat ------------------------------------------------------------------------------


DISGUISES = ["{}", "my code is {} ok?", "{0[0]} {0[1]} {0[2]} {0[3]} {0[4]}", "{0[0]}-{0[1]}-{0[2]}-{0[3]}-{0[4]}",
             "a{0[0]}b{0[1]}c{0[2]}d{0[3]}e{0[4]}f", "{0[0]}\n{0[1]}\n{0[2]}\n{0[3]}\n{0[4]}", "mycode{}"]  # fmt: skip


@pytest.mark.parametrize("text", DISGUISES)
async def test_a_code_typed_into_any_chat_ends_that_login(text: str) -> None:
    async with asked() as (running, client, _):
        ann = running.world.account_by_phone(PHONE)
        bot = running.world.create_bot("Bot", "some_bot", "4242:abc")
        assert ann is not None
        await client.send_code_request(PHONE)
        async with ready_client(running, ann) as phone:
            await phone.send_message("some_bot", text.format(code_of(running)))
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, code_of(running))
        assert bot.is_bot


async def test_a_code_forwarded_or_put_in_by_an_edit_ends_that_login() -> None:
    async with asked() as (running, client, _):
        ann, bob = running.world.account_by_phone(PHONE), running.world.create_account("Bob")
        assert ann is not None
        running.world.send_message(ann, bob.peer, text="hello")
        for give_away in ("forward", "edit"):
            await client.send_code_request(PHONE)
            code = code_of(running)
            if give_away == "forward":
                newest = running.world.history(ann, running.world.account(777000).peer)[-1]
                running.world.forward_messages(ann, running.world.account(777000).peer, [newest.id], bob.peer)
            else:
                mine = running.world.history(ann, bob.peer)[0]
                running.world.edit_message(ann, bob.peer, mine.id, text=f"it is {code}")
            with pytest.raises(errors.PhoneCodeExpiredError):
                await client.sign_in(PHONE, code)
            client._phone_code_hash.clear()


@pytest.mark.parametrize("text", ["no digits", "9{}", "{}0", "{0[0]}{0[1]}{0[2]}{0[3]}", "12 posts, 3 of 4"])
async def test_other_texts_do_not_end_a_login(text: str) -> None:
    async with asked() as (running, client, _):
        ann, bob = running.world.account_by_phone(PHONE), running.world.create_account("Bob")
        assert ann is not None
        await client.send_code_request(PHONE)
        running.world.send_message(ann, bob.peer, text=text.format(code_of(running)))
        assert (await client.sign_in(PHONE, code_of(running))).first_name == "Ann"


async def test_the_switch_lets_typed_codes_live() -> None:
    async with asked(Switches(codes_die_in_chats=False)) as (running, client, _):
        ann, bob = running.world.account_by_phone(PHONE), running.world.create_account("Bob")
        assert ann is not None
        await client.send_code_request(PHONE)
        running.world.send_message(ann, bob.peer, text=code_of(running))
        assert (await client.sign_in(PHONE, code_of(running))).first_name == "Ann"
