"""Waits, refusals and freezes: the login stays, and whom it concerns is told."""

from __future__ import annotations

from functools import partial

import pytest
from telethon import errors

from bybot.errors import TelegramRefused
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.base import Patch
from bybot.stores.memory import MemoryStore
from tests.sessions.news import ASKED, fields, fields_have, news_of
from tests.sessions.support import ANN, LI_WEI, live_client, log_in, plant_session, running, until, vault


def of_kind(told: list[SessionNews], kind: NewsKind) -> list[SessionNews]:
    return [news for news in told if news.kind is kind]


async def test_a_wait_that_telegram_asks_for_is_kept_while_connecting(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    sandbox.faults.add(kind="flood", method=ASKED, seconds=2, times=1)
    async with running(sandbox, store) as manager:
        began = manager._clock.elapsed()
        assert manager.ready_users() == []
        await until(lambda: manager.ready_users() == ["1"])
        assert manager._clock.elapsed() - began > 1.5
        assert sandbox.counters.calls_of(ASKED) == 2


async def test_a_refusal_that_nothing_changes_is_not_repeated_and_told_to_the_operator(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        sandbox.faults.add(kind="error", method=ASKED, code=400, message="API_ID_INVALID", times=100)
        for user in (1, 2):
            client = await live_client(manager, user)
            await client.disconnect()
        await until(lambda: told and not manager._pool.reviving("1") and not manager._pool.reviving("2"))
        asked = sandbox.counters.calls_of(ASKED)
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == ("error", "telegram_refused")
        with pytest.raises(TelegramRefused):
            await manager.get_user_client(1)
        assert [(news.kind, news.facts) for news in told] == [(NewsKind.REFUSED, {"error": "ApiIdInvalid"})]
        assert sandbox.counters.calls_of(ASKED) == asked
        assert (await fields(store))["state"] == "ready"


async def test_a_refusal_at_the_start_is_told_as_well(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    sandbox.faults.add(kind="error", method=ASKED, code=406, message="UPDATE_APP_TO_LOGIN", times=100)
    async with running(sandbox, store, active=False) as manager:
        told = news_of(manager)
        await until(lambda: told)
        assert (told[0].kind, told[0].user_id) == (NewsKind.REFUSED, "1")


async def test_a_session_that_cannot_be_opened_is_told_to_the_operator_and_left_as_it_is(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    junk = vault().seal(b"no session at all", user="1", purpose="session")
    await store.commit([Patch(session_key("1"), {"session_data": junk})])
    async with running(sandbox, store, active=False) as manager:
        told = news_of(manager)
        await manager.wait_restored()
        for _ in range(3):
            await manager.force_refresh(1)
        assert told == [SessionNews(NewsKind.UNREADABLE, "1", {"error": "corrupt_document"})]
    assert (await fields(store))["session_data"] == junk


async def test_a_frozen_account_keeps_its_login_and_its_owner_is_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    account = sandbox.world.account(ANN)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        client = await live_client(manager)
        account.frozen = True
        for _ in range(3):
            with pytest.raises(errors.FrozenMethodInvalidError):
                await client.send_message("me", "hello")
        await until(lambda: told)
        assert [news.kind for news in told] == [NewsKind.FROZEN]
        assert told[0].user_id == "1"
        assert "appeal" in told[0].facts
        assert (await client.get_me()).id == ANN
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"]) == ("frozen", "frozen")
        assert info["frozen_since"] is not None
        stats = await manager.get_session_stats()
        assert (stats["active_sessions"], stats["by_status"]) == (0, {"frozen": 1})
        assert (await fields(store))["state"] == "ready"


async def test_a_freeze_outlives_a_restart_and_its_end_is_noticed(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    account = sandbox.world.account(ANN)
    account.frozen = True
    async with running(sandbox, store) as manager:
        client = await live_client(manager)
        with pytest.raises(errors.FrozenMethodInvalidError):
            await client.send_message("me", "hello")
        await until(lambda: "1" in manager._core.supervision.frozen)
        await until(lambda: fields_have(store, "frozen_since"))
        await manager.news_told(1)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        await manager.force_refresh(1)
        assert (await manager.get_session_info(1))["status"] == "frozen"
        assert told == []
        account.frozen = False
        await manager.force_refresh(1)
        await until(lambda: told)
        assert told == [SessionNews(NewsKind.THAWED, "1")]
        assert (await manager.get_session_info(1))["status"] == "active"
        assert "frozen_since" not in await fields(store)


def was_told(told: list[SessionNews], times: int) -> bool:
    return len(of_kind(told, NewsKind.FROZEN)) == times


async def test_a_freeze_that_shows_while_connecting_is_no_end(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)  # so that the update state is stored, and connecting asks for the account
    sandbox.faults.add(kind="error", method=ASKED, code=420, message="FROZEN_METHOD_INVALID", times=1)
    sandbox.world.account(ANN).frozen = True
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == ["1"]
        await until(lambda: "1" in manager._core.supervision.frozen)
        await until(lambda: fields_have(store, "frozen_since"))


async def test_a_new_login_knows_nothing_of_the_former_ones_freeze(sandbox: Sandbox, store: MemoryStore) -> None:
    account = sandbox.world.account(ANN)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        for times in (1, 2):
            await log_in(manager, sandbox, 1)
            assert (await manager.get_session_info(1))["status"] == "active"
            account.frozen = True
            client = await live_client(manager)
            with pytest.raises(errors.FrozenMethodInvalidError):
                await client.send_message("me", "hello")
            await until(partial(was_told, told, times))
            account.frozen = False
            await manager.delete_user_session(1)
