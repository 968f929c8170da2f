"""The login flow: each step, each refusal, and the end of the process between any two of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon.tl import functions

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
    StoreUnavailable,
    TelegramUnreachable,
    WrongPassword,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.login import CodeSent, LoggedIn, PasswordNeeded, QrShown
from bybot.sessions.model import login_key, session_key
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    LI_WEI_PHONE,
    FaultyStore,
    log_in,
    plant_session,
    running,
    until,
)


async def code_of(sandbox: Sandbox, phone: str = ANN_PHONE) -> str:
    code = sandbox.auth.next_code(phone)
    assert code is not None
    return code


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
        client = await manager.get_user_client(1)
        assert client is not None
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


async def test_a_scan_of_the_qr_code_logs_in(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        shown = await manager.begin_qr(1)
        assert shown.url.startswith("tg://login?token=")
        assert await manager.wait_qr(1, 0.05) == shown
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await scan(sandbox)
        done = await waiting
        assert isinstance(done, LoggedIn)
        assert done.account_id == ANN
        client = await manager.get_user_client(1)
        assert client is not None


async def scan(sandbox: Sandbox) -> None:
    login = sandbox.auth.newest_qr()
    assert login is not None
    async with ready_client(sandbox, sandbox.world.account(ANN)) as phone:
        await phone(functions.auth.AcceptLoginTokenRequest(login.token))


async def test_a_scan_may_need_the_password_too(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "a horse")
    async with running(sandbox, store) as manager:
        await manager.begin_qr(1)
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await scan(sandbox)
        assert await waiting == PasswordNeeded("a horse")
        assert (await manager.submit_password(1, "correct horse")).account_id == ANN


async def test_an_expired_qr_code_is_renewed(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        shown = await manager.begin_qr(1)
        attempt = manager._desk.attempts["1"]
        attempt.qr = QrShown(shown.url, manager._clock.now())
        renewed = await manager.wait_qr(1, 5)
        assert isinstance(renewed, QrShown)
        assert renewed.url != shown.url


async def test_cancelling_ends_a_wait_for_a_scan(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_qr(1)
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await asyncio.sleep(0.05)
        await manager.cancel_login(1)
        with pytest.raises(LoginCancelled):
            await waiting


async def test_a_login_goes_on_in_the_next_process(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "a horse")
    async with running(sandbox, store) as manager:
        await manager.begin_login(1, ANN_PHONE)
    async with running(sandbox, store) as manager:
        pending = await manager.pending_login(1)
        assert pending is not None
        assert pending.step == "code"
        assert await manager.submit_code(1, await code_of(sandbox)) == PasswordNeeded("a horse")
    async with running(sandbox, store) as manager:
        assert (await manager.submit_password(1, "correct horse")).account_id == ANN


async def killed_after_sign_in(sandbox: Sandbox, store: MemoryStore) -> FaultyStore:
    """Telegram has signed the login in, and its session was never written: as if the process ended in between."""
    faulty = FaultyStore(inner=store)
    faulty.matches = lambda writes: any(write.key == session_key("1") for write in writes)
    async with running(sandbox, faulty) as manager:
        await manager.begin_login(1, ANN_PHONE)
        faulty.drop_next = 10_000
        signing_in = asyncio.create_task(manager.submit_code(1, await code_of(sandbox)))
        await until(lambda: any(k.account_id == ANN for k in sandbox.auth.keys.of_account(ANN)))
        await until(lambda: faulty.drop_next < 10_000)
        signing_in.cancel()
    return faulty


async def test_a_kill_right_after_sign_in_neither_loses_nor_orphans_the_login(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await killed_after_sign_in(sandbox, store)
    assert await store.get(session_key("1")) is None
    async with running(sandbox, store) as manager:
        await until(lambda: manager._pool.peek("1") is not None)
        assert (await manager.get_session_info(1))["status"] == "active"
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert await store.get(login_key("1")) is None


async def test_a_login_that_cannot_be_completed_at_the_start_leaves_no_connection_behind(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = await killed_after_sign_in(sandbox, store)
    monkeypatch.setattr("bybot.sessions.desk._STORE_TRIES_SECONDS", 0.0)
    faulty.drop_next = tried = 10_000
    async with running(sandbox, faulty) as manager:
        await until(lambda: faulty.drop_next < tried)
        # The same key is used again by whoever takes the login up.
        await until(lambda: not any(server.connections for server in sandbox.network.servers.values()))
        faulty.drop_next = 0
        await until(lambda: manager.ready_users() == ["1"])  # it is tried again by itself
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert await store.get(login_key("1")) is None


async def test_a_login_is_completed_although_telegram_does_not_answer_at_the_start(
    sandbox: Sandbox, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    await killed_after_sign_in(sandbox, store)
    await sandbox.pause()
    async with running(sandbox, store, connect_seconds=0.3) as manager:
        await until(lambda: "was left as it is" in caplog.text)
        await sandbox.resume()
        manager._desk._request_seconds = 8.0
        manager._pool._connect_seconds = 8.0
        await until(lambda: manager.ready_users() == ["1"])
        assert await store.get(login_key("1")) is None


async def test_who_logged_in_is_asked_for_a_bounded_time(sandbox: Sandbox, store: MemoryStore) -> None:
    faulty = FaultyStore(inner=store)
    faulty.matches = lambda writes: any(write.key == session_key("1") for write in writes)
    async with running(sandbox, faulty) as manager:
        await manager.begin_login(1, ANN_PHONE)
        faulty.drop_next = 10_000
        signing_in = asyncio.create_task(manager.submit_code(1, await code_of(sandbox)))
        await until(lambda: faulty.drop_next < 10_000)
        signing_in.cancel()
        await asyncio.gather(signing_in, return_exceptions=True)
        faulty.drop_next = 0
        manager._desk._request_seconds = 0.3
        fault = sandbox.faults.add(kind="latency", seconds=60, method="users.getUsers")
        with pytest.raises(TelegramUnreachable):
            await manager.submit_code(1, "00000")
        sandbox.faults.clear(fault.id)
        manager._desk._request_seconds = 8.0
        assert isinstance(await manager.submit_code(1, "00000"), LoggedIn)


async def test_logged_in_is_said_only_after_the_session_is_stored(sandbox: Sandbox, store: MemoryStore) -> None:
    faulty = FaultyStore(inner=store)
    faulty.matches = lambda writes: any(write.key == session_key("1") for write in writes)
    async with running(sandbox, faulty) as manager:
        await manager.begin_login(1, ANN_PHONE)
        faulty.drop_next, faulty.lose_next = 1, 1
        done = await manager.submit_code(1, await code_of(sandbox))
        assert isinstance(done, LoggedIn)
        document = await store.get(session_key("1"))
        assert document is not None
        # The claim whose answer was lost was not relied on: a newer one with a higher token was made.
        assert document.data["token"] == manager.token(1) == 2


async def test_an_unreachable_telegram_fails_the_login_within_its_time(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, connect_seconds=3) as manager:
        await sandbox.pause()
        with pytest.raises(TelegramUnreachable):
            await manager.begin_login(1, ANN_PHONE)
        await sandbox.resume()
        assert isinstance(await log_in(manager, sandbox, 1), LoggedIn)


async def test_a_login_needs_the_store(sandbox: Sandbox) -> None:
    faulty = FaultyStore()
    async with running(sandbox, faulty) as manager:
        faulty.down = True
        with pytest.raises(StoreUnavailable):
            await manager.begin_login(1, ANN_PHONE)
        faulty.down = False
        assert not manager._desk.attempts


async def test_other_credentials_are_used_and_kept_sealed(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session(1, 777, "abcdabcdabcdabcdabcdabcdabcdabcd") is False
        await log_in(manager, sandbox, 1)
        client: Any = await manager.get_user_client(1)
        assert client.api_id == 777
    document = await store.get(session_key("1"))
    assert document is not None
    assert "abcdabcd" not in repr(document.data)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        assert (client.api_id, client.api_hash) == (777, "abcdabcdabcdabcdabcdabcdabcdabcd")
