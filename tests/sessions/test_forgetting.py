"""Forgetting a person erases all that sessions keep about them, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.errors import Forbidden, StoreUnavailable
from bybot.ids import another_key
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import LOGINS, SESSIONS, login_key, session_key
from bybot.stores.base import Store
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore
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
)

ME, OTHER = 77, 770


async def documents(store: Store, user: int) -> dict[str, Any]:
    """Everything that is kept under a person's keys, by key."""
    found = {}
    for collection in (SESSIONS, LOGINS, "auth_keys"):
        for document in await store.query(collection):
            if document.key.id.partition("~")[0] == str(user) or document.data.get("user") == str(user):
                found[f"{collection}/{document.key.id}"] = dict(document.data)
    return found


async def busy_person(manager: UserSessionManager, sandbox: Sandbox) -> None:
    """Two accounts, one of them logged out again, and a login under way."""
    await log_in(manager, sandbox, another_key(str(ME)), ANN_PHONE)
    await log_in(manager, sandbox, another_key(str(ME)), LI_WEI_PHONE)
    await manager.delete_user_session(f"{ME}~{LI_WEI}")
    await manager.begin_login(another_key(str(ME)), LI_WEI_PHONE)


async def test_all_accounts_logins_and_keys_are_erased_and_it_is_said(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await busy_person(manager, sandbox)
        tombstone = await store.get(session_key(f"{ME}~{LI_WEI}"))
        assert tombstone is not None
        assert tombstone.data["account_id"] == LI_WEI
        done = await manager.forget_person(f"{ME}~{LI_WEI}")  # whichever of the accounts is named
        assert [(each.user_id, each.logged_out) for each in done.accounts] == [(str(ME), True)]
        assert done.failures == ()
        assert sandbox.auth.keys.of_account(ANN) == []
        left = await documents(store, ME)
        assert sorted(left) == [f"{SESSIONS}/{ME}", f"{SESSIONS}/{ME}~{LI_WEI}"]
        allowed = {"state", "owner", "token", "reason", "deleted_at"}
        assert all(set(each) <= allowed for each in left.values())
        assert await manager.get_user_client(ME) is None
        assert await manager.pending_login(another_key(str(ME))) is None
        again = await manager.forget_person(ME)
        assert (again.accounts, again.failures) == ((), ())


async def test_others_are_left_as_they_are(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, OTHER, LI_WEI)
    async with running(sandbox, store) as manager:
        before = await documents(store, OTHER)
        await log_in(manager, sandbox, another_key(str(ME)), ANN_PHONE)
        await manager.forget_person(ME)
        assert await documents(store, OTHER) == before
        assert manager.ready_users() == [str(OTHER)]


@pytest.fixture
async def bots(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[list[tuple[Store, UserSessionManager]]]:
    """Two bots on one disk, each with the same person logged in."""
    async with AsyncExitStack() as stack:
        found: list[tuple[Store, UserSessionManager]] = []
        for bot_id in ("shop", "shop_2"):
            store = LocalFileStore(tmp_path, bot_id, SystemClock())
            await store.open()
            stack.push_async_callback(store.close)
            manager = await stack.enter_async_context(running(sandbox, store))
            await log_in(manager, sandbox, ME, ANN_PHONE)
            found.append((store, manager))
        yield found


async def test_the_same_person_of_another_bot_is_left_as_they_are(
    bots: list[tuple[Store, UserSessionManager]], sandbox: Sandbox
) -> None:
    (_, mine), (other_store, theirs) = bots
    before = await documents(other_store, ME)
    await mine.forget_person(ME)
    assert (await mine.cleanup_inactive_sessions(days=0)).removed == []
    assert await documents(other_store, ME) == before
    client = await live_client(theirs, ME)
    assert (await client.get_me()).id == ANN
    assert len(sandbox.auth.keys.of_account(ANN)) == 1


async def test_only_the_person_and_admins_may_forget_and_both_leave_a_record(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ME, ANN)
    async with running(sandbox, store, admin_ids=[1]) as manager:
        stranger = manager.acting_as(OTHER)
        for call in (stranger.forget_person, stranger.list_accounts):
            with pytest.raises(Forbidden):
                await call(ME)
        assert len(await manager.acting_as(ME).list_accounts(ME)) == 1
        assert noted(manager) == [
            (str(OTHER), "forget_person", str(ME), False),
            (str(OTHER), "list_accounts", str(ME), False),
        ]
        assert len((await manager.acting_as(1).forget_person(ME)).accounts) == 1
        assert noted(manager) == [("1", "forgot a person", "*", True)]  # whom, is forgotten too


def noted(manager: UserSessionManager) -> list[tuple[str, str, str, bool]]:
    return [(each.caller, each.action, each.user, each.allowed) for each in manager.audit.records]


async def test_backups_of_before_are_mentioned(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ME, ANN)
    async with running(sandbox, store) as manager:
        await manager.portable.backup()
        assert (await manager.forget_person(ME)).backups == 1


async def test_a_part_that_fails_is_reported_and_the_others_are_erased(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, ME, ANN)
    erased: list[str] = []

    async def away(person: str) -> None:
        raise StoreUnavailable("away")

    async def works(person: str) -> None:
        erased.append(person)

    async with running(sandbox, store) as manager:
        manager._erasers |= {"The first part": away, "The second part": works}
        done = await manager.forget_person(ME)
        assert done.failures == ("The first part: away",)
        assert erased == [str(ME)]
        assert await store.get(login_key(str(ME))) is None
