"""The login flow: each step and each refusal."""

from __future__ import annotations

import asyncio

import pytest

from bybot.errors import (
    AccountFrozen,
    AlreadyLoggedIn,
    CodeExpired,
    InvalidCode,
    InvalidPhone,
    LoginBanned,
    LoginCancelled,
    LoginFlood,
    LoginTimeout,
    NoLogin,
    WrongPassword,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.login import CodeSent, LoggedIn, PasswordNeeded
from bybot.sessions.model import login_key
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    LI_WEI_PHONE,
    code_of,
    live_client,
    log_in,
    plant_session,
    running,
    until,
)


async def test_phone_and_code_log_a_person_in(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        sent = await manager.begin_login(1, ANN_PHONE)
        assert isinstance(sent, CodeSent)
        assert (sent.where, sent.length) == ("app", 5)
        assert 290 <= sent.seconds_left <= 300
        assert (await manager.get_session_info(1))["status"] == "logging_in"
        pending = await manager.pending_login(1)
        assert pending is not None
        assert (pending.step, pending.phone) == ("code", "+••••••••••01")
        done = await manager.submit_code(1, await code_of(sandbox))
        assert done == LoggedIn(ANN, "Ann Ash", "ann", None, "1")
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN
        assert await manager.pending_login(1) is None
        assert await store.get(login_key("1")) is None
        assert (await manager.get_session_info(1))["status"] == "active"


async def test_an_account_with_a_password_asks_for_it_with_its_hint(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "a horse")
    async with running(sandbox, store) as manager:
        assert await log_in(manager, sandbox, 1) == PasswordNeeded("a horse")
        with pytest.raises(WrongPassword):
            await manager.submit_password(1, "wrong horse")
        done = await manager.submit_password(1, "correct horse")
        assert done.account_id == ANN


@pytest.mark.parametrize("phone", ["", "12", "hello", "+44 7700 90010x", "+1234567890123456"])
async def test_a_wrong_phone_number_is_named_as_such(sandbox: Sandbox, store: MemoryStore, phone: str) -> None:
    async with running(sandbox, store) as manager:
        with pytest.raises(InvalidPhone):
            await manager.begin_login(1, phone)
        assert await manager.pending_login(1) is None


async def test_a_number_without_an_account_is_an_invalid_phone(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        with pytest.raises(InvalidPhone, match="no Telegram account"):
            await manager.begin_login(1, "+15550000000")


async def test_a_login_that_meets_a_frozen_account_says_so(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        sandbox.faults.add(kind="error", method="auth.sendCode", code=420, message="FROZEN_METHOD_INVALID", times=1)
        with pytest.raises(AccountFrozen):
            await manager.begin_login(1, ANN_PHONE)
        assert await manager.pending_login(1) is None


async def test_a_banned_number_is_named_as_such(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.ban(sandbox.world.account(ANN))
    async with running(sandbox, store) as manager:
        with pytest.raises(LoginBanned):
            await manager.begin_login(1, ANN_PHONE)


async def test_a_wrong_code_can_be_corrected(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        code = await code_of(sandbox)
        wrong = "11111" if code != "11111" else "22222"
        with pytest.raises(InvalidCode):
            await manager.submit_code(1, wrong)
        with pytest.raises(InvalidCode):
            await manager.submit_code(1, "my code")
        assert isinstance(await manager.submit_code(1, " ".join(code)), LoggedIn)


async def test_a_code_that_travelled_in_a_chat_is_dead_and_can_be_sent_again(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        code = await code_of(sandbox)
        async with ready_client(sandbox, sandbox.world.account(LI_WEI)) as other:
            await other.send_message("me", f"the code is {code}")
        with pytest.raises(CodeExpired):
            await manager.submit_code(1, code)
        sent = await manager.resend_code(1)
        assert sent.seconds_left > 290
        assert isinstance(await manager.submit_code(1, await code_of(sandbox)), LoggedIn)


async def test_too_many_tries_give_a_flood_wait_in_seconds(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:

        async def ask_again_and_again() -> None:
            for _ in range(20):
                await manager.begin_login(1, ANN_PHONE)

        with pytest.raises(LoginFlood) as caught:
            await ask_again_and_again()
        assert caught.value.seconds > 0


async def test_steps_without_a_login_say_so(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        with pytest.raises(NoLogin):
            await manager.submit_code(1, "12345")
        with pytest.raises(NoLogin):
            await manager.submit_password(1, "x")
        with pytest.raises(NoLogin):
            await manager.resend_code(1)
        with pytest.raises(NoLogin):
            await manager.wait_qr(1, 1)
        assert await manager.cancel_login(1) is False


async def test_a_cancelled_login_is_gone_with_its_client(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        attempt = manager._desk.attempts["1"]
        assert await manager.cancel_login(1) is True
        assert not attempt.client.is_connected()
        with pytest.raises(LoginCancelled):
            await manager.submit_code(1, "12345")
        assert await store.get(login_key("1")) is None


async def test_a_login_that_takes_too_long_ends_with_its_client(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, login_seconds=0.3) as manager:
        await manager.begin_login(1, ANN_PHONE)
        attempt = manager._desk.attempts["1"]
        await until(lambda: not manager._desk.attempts and not attempt.client.is_connected())
        with pytest.raises(LoginTimeout):
            await manager.submit_code(1, "12345")
        await until(lambda: not store._collections.get("logins"))


async def test_a_newer_login_of_the_same_person_replaces_the_older(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
        first = manager._desk.attempts["1"]
        await manager.begin_login(1, LI_WEI_PHONE)
        assert not first.client.is_connected()
        done = await manager.submit_code(1, await code_of(sandbox, LI_WEI_PHONE))
        assert isinstance(done, LoggedIn)
        assert done.account_id == LI_WEI


async def test_two_logins_of_one_person_at_once_leave_exactly_one(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await asyncio.gather(manager.begin_login(1, ANN_PHONE), manager.begin_login(1, ANN_PHONE))
        assert len(manager._desk.attempts) == 1
        assert isinstance(await manager.submit_code(1, await code_of(sandbox)), LoggedIn)


async def test_a_person_who_is_logged_in_is_told_so(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        with pytest.raises(AlreadyLoggedIn):
            await manager.begin_login(1, ANN_PHONE)
        with pytest.raises(AlreadyLoggedIn):
            await manager.begin_qr(1)


async def test_logging_in_again_after_a_revocation_is_the_same_account(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    sandbox.auth.revoke(ANN)
    async with running(sandbox, store) as manager:
        done = await log_in(manager, sandbox, 1)
        assert done.same_account is True
        assert manager.token(1) > 3
