"""Several accounts of one person, and sessions that stay with the account that logged in."""

from __future__ import annotations

import asyncio

import pytest
from telethon.errors import RPCError
from telethon.tl import functions

from bybot.errors import AccountMismatch, AlreadyLoggedIn, Forbidden, TooManyAccounts
from bybot.ids import account_in, account_key, another_key, is_another, person_of, user_key
from bybot.sandbox.server import Sandbox
from bybot.sessions.login import LoggedIn, QrShown
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import SESSIONS, login_key, session_key
from bybot.stores.base import Store
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    LI_WEI_PHONE,
    FaultyStore,
    live_client,
    log_in,
    plant_session,
    running,
    until,
)

ME = 77


async def add(manager: UserSessionManager, sandbox: Sandbox, phone: str) -> LoggedIn:
    """Log a further account in."""
    done = await log_in(manager, sandbox, another_key(str(ME)), phone)
    assert isinstance(done, LoggedIn)
    return done


async def owners(manager: UserSessionManager) -> list[tuple[str, int]]:
    return [(each["user_id"], each["account_id"]) for each in await manager.list_accounts(ME)]


def test_keys_of_accounts_are_taken_apart_again() -> None:
    assert person_of("77~5") == person_of("77~new") == person_of("77") == "77"
    assert account_key("77", 5) == "77~5" == user_key("77~5")
    assert (account_in("77~5"), account_in("77"), account_in("77~new")) == (5, None, None)
    assert is_another(another_key("77"))
    assert not is_another("77")


async def test_one_person_has_several_accounts_each_with_a_session_of_its_own(
    sandbox: Sandbox, any_store: Store
) -> None:
    store = any_store
    async with running(sandbox, store) as manager:
        first = await add(manager, sandbox, ANN_PHONE)
        second = await add(manager, sandbox, LI_WEI_PHONE)
        assert (first.user, second.user) == (str(ME), f"{ME}~{LI_WEI}")
        assert await owners(manager) == [(first.user, ANN), (second.user, LI_WEI)]
        for done in (first, second):
            client = await live_client(manager, done.user)
            assert (await client.get_me()).id == done.account_id
        assert await store.get(login_key(another_key(str(ME)))) is None
    async with running(sandbox, store) as manager:  # and after a restart
        assert sorted(manager.ready_users()) == [str(ME), f"{ME}~{LI_WEI}"]
        done = await manager.forget_person(ME)
        assert [each.logged_out for each in done.accounts] == [True, True]
        assert await owners(manager) == []


async def test_the_accounts_of_one_person_are_not_those_of_another(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
        await log_in(manager, sandbox, another_key("770"), LI_WEI_PHONE)
        assert await owners(manager) == [(str(ME), ANN)]
        mine = manager.acting_as(ME)
        assert len(await mine.list_accounts(ME)) == 1
        with pytest.raises(Forbidden):
            await mine.list_accounts(770)


async def test_a_login_with_an_account_that_works_already_is_logged_out_again(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
        client = await manager.get_user_client(ME)
        with pytest.raises(AlreadyLoggedIn):
            await add(manager, sandbox, ANN_PHONE)
        assert await manager.get_user_client(ME) is client
        assert client is not None
        assert await client.get_me() is not None
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert await manager.pending_login(another_key(str(ME))) is None


async def test_an_account_that_was_lost_or_logged_out_comes_back_to_its_own_place(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
        await add(manager, sandbox, LI_WEI_PHONE)
        await manager.delete_user_session(ME)
        await manager.delete_user_session(f"{ME}~{LI_WEI}")
        assert await owners(manager) == []
        assert (await add(manager, sandbox, LI_WEI_PHONE)).user == f"{ME}~{LI_WEI}"
        done = await add(manager, sandbox, ANN_PHONE)
        assert (done.user, done.same_account) == (str(ME), True)


async def test_after_forgetting_any_account_may_be_the_first(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
        await manager.delete_user_session(ME, reason="forget")
        assert (await add(manager, sandbox, LI_WEI_PHONE)).user == str(ME)


async def test_a_person_has_a_limited_number_of_accounts(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store, most_accounts=1) as manager:
        await manager.begin_login(another_key(str(ME)), ANN_PHONE)  # two at once: the second is seen after signing in
        await add(manager, sandbox, LI_WEI_PHONE)
        with pytest.raises(TooManyAccounts) as caught:
            await manager.begin_login(another_key(str(ME)), ANN_PHONE)
        assert caught.value.most == 1


async def status_of(manager: UserSessionManager, user: int | str = ME) -> str:
    return str((await manager.get_session_info(user))["status"])


def refusals(manager: UserSessionManager) -> list[tuple[str, str]]:
    return [(record.caller, record.user) for record in manager.audit.records if not record.allowed]


@pytest.mark.parametrize("user", [str(ME), f"{ME}~{ANN}"])
async def test_a_session_is_not_given_to_another_account(sandbox: Sandbox, store: MemoryStore, user: str) -> None:
    await plant_session(sandbox, store, user, ANN)
    async with running(sandbox, store) as manager:
        sandbox.auth.revoke(ANN)
        await find_out(manager, user)
        before = await store.get(session_key(user))
        with pytest.raises(AccountMismatch):
            await log_in(manager, sandbox, user, LI_WEI_PHONE)
        after = await store.get(session_key(user))
        assert after is not None
        assert before is not None
        assert after.version == before.version
        assert sandbox.auth.keys.of_account(LI_WEI) == []  # the refused login does not stay at Telegram
        assert refusals(manager) == [(str(ME), user)]
        done = await log_in(manager, sandbox, user, ANN_PHONE)
        assert done.same_account is True


async def find_out(manager: UserSessionManager, user: str) -> None:
    """A request meets the end of the login, which is then noted."""
    client = await live_client(manager, user)
    with pytest.raises((RPCError, ConnectionError)):
        await client.get_dialogs()

    async def noted() -> bool:
        return await status_of(manager, user) == "revoked"

    await until(noted)


async def test_a_qr_login_of_a_further_account_finds_its_place(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
        shown = await manager.begin_qr(another_key(str(ME)))
        assert isinstance(shown, QrShown)
        await scan(sandbox, LI_WEI)
        done = await manager.wait_qr(another_key(str(ME)), 5)
        assert isinstance(done, LoggedIn)
        assert done.user == f"{ME}~{LI_WEI}"


async def scan(sandbox: Sandbox, account: int) -> None:
    login = sandbox.auth.newest_qr()
    assert login is not None
    async with ready_client(sandbox, sandbox.world.account(account)) as phone:
        await phone(functions.auth.AcceptLoginTokenRequest(login.token))


async def test_a_login_cut_off_after_signing_in_finds_its_place_at_the_next_start(sandbox: Sandbox) -> None:
    store = FaultyStore()
    async with running(sandbox, store) as manager:
        await add(manager, sandbox, ANN_PHONE)
    store.matches = lambda writes: any(write.key.collection == SESSIONS for write in writes)
    async with running(sandbox, store) as manager:
        await manager.begin_login(another_key(str(ME)), LI_WEI_PHONE)
        store.drop_next = 1000
        code = sandbox.auth.next_code(LI_WEI_PHONE)
        assert code is not None
        submitting = asyncio.ensure_future(manager.submit_code(another_key(str(ME)), code))
        await until(lambda: len(sandbox.auth.keys.of_account(LI_WEI)) == 1)
        submitting.cancel()
        await asyncio.gather(submitting, return_exceptions=True)
        store.drop_next = 0
    async with running(sandbox, store) as manager:
        await until(lambda: f"{ME}~{LI_WEI}" in manager.ready_users())
        assert await store.get(login_key(another_key(str(ME)))) is None
