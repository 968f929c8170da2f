"""What Telegram says about a login is noticed wherever it shows, looked into once, and told once."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from telethon import errors

from bybot.errors import OwnedElsewhere, SessionRevoked, TelegramUnreachable
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import INSTANCES, session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.base import SERVER_TIME, Key, Patch, Put
from bybot.stores.memory import MemoryStore
from tests.sessions.news import ASKED, fields, fields_have, news_of
from tests.sessions.support import ANN, LI_WEI, FaultyStore, live_client, log_in, plant_session, running, until


async def test_a_login_that_ended_while_nobody_was_connected_is_noticed_at_the_next_start(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        client = await live_client(manager)
        await client.get_dialogs()  # the session now knows its own account
    sandbox.auth.revoke(ANN)
    async with running(sandbox, store) as manager:
        with pytest.raises(SessionRevoked):
            await manager.get_user_client(1)
        assert (await manager.get_session_info(1))["status"] == "revoked"


async def test_a_revocation_is_seen_within_an_interval_although_nobody_asks(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, health_seconds=0.5) as manager:
        told = news_of(manager)
        await until(lambda: manager.health.vitals["1"].count >= 2)
        sandbox.auth.revoke(ANN, message="SESSION_REVOKED")
        await until(lambda: told)
        assert told == [SessionNews(NewsKind.OVER, "1", {"reason": "revoked"})]
        kept = await fields(store)
        assert (kept["state"], kept["reason"], kept["owner"]) == ("revoked", "revoked", None)
        assert kept["since"] is not None
        assert "1" not in manager._ownership.require().held  # nobody asks any more


async def test_errors_that_many_see_cause_one_check_and_only_its_answer_counts(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        client = await live_client(manager)
        manager.health._window = 600.0  # however slow this machine is
        asked = sandbox.counters.calls_of(ASKED)
        sandbox.faults.add(
            kind="error", method="messages.getDialogs", code=401, message="AUTH_KEY_UNREGISTERED", times=60
        )
        for _ in range(2):
            answers = await asyncio.gather(*(client.get_dialogs() for _ in range(20)), return_exceptions=True)
            assert {type(answer) for answer in answers} == {errors.AuthKeyUnregisteredError}
        reported = await asyncio.gather(
            *(manager.report_error(1, errors.AuthKeyUnregisteredError(None)) for _ in range(20))
        )
        assert not any(reported)
        assert sandbox.counters.calls_of(ASKED) == asked + 1
        assert told == []
        assert client.is_connected()
        assert (await manager.get_session_info(1))["status"] == "active"


async def test_a_key_that_is_used_twice_makes_no_further_request(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        client = await live_client(manager)
        calls = sum(sandbox.counters.calls.values())
        sandbox.faults.add(kind="error", method="messages.getDialogs", code=406, message="AUTH_KEY_DUPLICATED", times=1)
        with pytest.raises(errors.AuthKeyDuplicatedError):
            await client.get_dialogs()
        await until(lambda: told)
        assert told == [SessionNews(NewsKind.OVER, "1", {"reason": "duplicated"})]
        assert sum(sandbox.counters.calls.values()) == calls + 1
        assert not client.is_connected()


async def test_an_end_that_shows_in_the_updates_loop_is_noticed(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        client = await live_client(manager)
        sandbox.auth.revoke(ANN, message="USER_DEACTIVATED_BAN")
        await client.catch_up()  # Telethon's own loop asks, and nobody else
        await until(lambda: told)
        assert told == [SessionNews(NewsKind.OVER, "1", {"reason": "banned"})]


async def test_an_end_is_told_once_and_only_after_it_was_stored(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        states: list[str] = []

        async def look(news: SessionNews) -> None:
            states.append((await fields(store.inner))["state"])

        manager.on_news(look)
        store.matches = lambda writes: any(write.key == session_key("1") for write in writes)
        store.drop_next, store.lose_next = 2, 1  # not written twice; then written, but not acknowledged
        sandbox.auth.revoke(ANN)
        await manager.force_refresh(1)
        with pytest.raises(SessionRevoked):
            await manager.get_user_client(1)
        await until(lambda: states)
        assert states == ["revoked"]
        assert (store.drop_next, store.lose_next) == (0, 0)
        assert "1" not in manager._ownership.require().held


async def test_passing_trouble_of_any_kind_leaves_what_is_stored_as_it_is(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    before = await fields(store)
    for code, message in ((500, "INTERNAL"), (500, "RPC_CALL_FAIL"), (503, "Timeout"), (420, "FLOOD_WAIT_1")):
        fault = sandbox.faults.add(kind="error", method=ASKED, code=code, message=message, times=100)
        async with running(sandbox, store, connect_seconds=0.5) as manager:
            with pytest.raises(TelegramUnreachable):
                await manager.get_user_client(1)
            assert (await manager.get_session_info(1))["status"] == "error"
        sandbox.faults.clear(fault.id)
    after = await fields(store)
    assert after["session_data"] == before["session_data"]
    assert (after["state"], after.get("reason")) == ("ready", None)


async def test_what_nobody_was_told_is_told_by_the_next_process_until_its_owner_knows(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    sandbox.auth.revoke(ANN)
    sandbox.world.account(LI_WEI).frozen = True
    async with running(sandbox, store) as manager:
        client = await live_client(manager, 2)
        with pytest.raises(errors.FrozenMethodInvalidError):
            await client.send_message("me", "hello")
        await until(partial(fields_have, store, "frozen_since", "2"))
    async with running(sandbox, store, active=False) as manager:
        told = news_of(manager)
        await until(lambda: len(told) == 2)
        over, frozen = sorted(told, key=lambda news: str(news.user_id))
        assert over == SessionNews(NewsKind.OVER, "1", {"reason": "unregistered"}, again=True)
        assert frozen == SessionNews(NewsKind.FROZEN, "2", again=True)
        await manager.news_told(1)
        await manager.news_told(2)
        assert "untold" not in await fields(store) | await fields(store, "2")
    async with running(sandbox, store, active=False) as manager:
        told = news_of(manager)
        await manager.wait_restored()
        await until(lambda: not manager._core.recount)
        assert told == []


async def test_any_number_of_refreshes_at_once_are_one_question(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        asked = sandbox.counters.calls_of(ASKED)
        infos = await asyncio.gather(*(manager.force_refresh(1) for _ in range(50)))
        assert sandbox.counters.calls_of(ASKED) == asked + 1
        assert {(info["status"], info["refresh_count"]) for info in infos} == {("active", 2)}
        assert 0 < infos[0]["seconds_left"] <= 900
        assert infos[0]["checked_at"] < infos[0]["next_check_at"]


async def test_any_number_of_gets_ask_nothing(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        asked = sandbox.counters.calls_of(ASKED)
        assert asked == 1
        await asyncio.gather(*(manager.get_user_client(1) for _ in range(100)))
        assert sandbox.counters.calls_of(ASKED) == asked


async def test_a_refresh_of_what_is_not_there_says_so(sandbox: Sandbox) -> None:
    store = FaultyStore()
    async with running(sandbox, store) as manager:
        assert (await manager.force_refresh("nobody"))["status"] == "no_session"
        async with running(sandbox, store, active=False) as waiting:
            await until(lambda: waiting._ownership.holder)
            with pytest.raises(OwnedElsewhere):
                await waiting.force_refresh("nobody")


async def test_a_session_that_another_living_process_owns_is_leased_and_says_whose_it_is(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    alive = {"state": "alive", "label": "render-2", "lease_seconds": 30.0, "margin_seconds": 10.0}
    times = {"renewed_at": SERVER_TIME, "born": SERVER_TIME}
    await store.commit([Put(Key(INSTANCES, "other"), alive | times), Patch(session_key("1"), {"owner": "other"})])
    async with running(sandbox, store) as manager:
        info = await manager.get_session_info(1)
        assert (info["status"], info["reason"], info["owner"]) == ("leased", "owned_elsewhere", "render-2")
        assert info["since"] is not None
        with pytest.raises(OwnedElsewhere):
            await manager.get_user_client(1)
        report = await manager.cleanup_inactive_sessions(0)
        assert report.skipped == {"1": "leased"}
        before = await fields(store)
        with pytest.raises(OwnedElsewhere):
            await manager.delete_user_session(1)
        assert await fields(store) == before
