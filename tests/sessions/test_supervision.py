"""What Telegram says about a login is noticed wherever it shows, looked into once, stored, and then told."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from telethon import errors, events

from bybot.errors import OwnedElsewhere, SessionRevoked, TelegramRefused, TelegramUnreachable
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import INSTANCES, session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.base import SERVER_TIME, Key, Patch, Put, Store
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, FaultyStore, log_in, plant_session, running, until, vault

ASKED = "users.getUsers"


def news_of(manager: UserSessionManager) -> list[SessionNews]:
    """Everything that the manager tells, as it comes."""
    told: list[SessionNews] = []
    manager.on_news(told.append)
    return told


def of_kind(told: list[SessionNews], kind: NewsKind) -> list[SessionNews]:
    return [news for news in told if news.kind is kind]


async def fields(store: Store, user: str = "1") -> dict[str, Any]:
    document = await store.get(session_key(user))
    assert document is not None
    return dict(document.data)


# The end of a login -----------------------------------------------------------------------------------------------


async def test_a_login_that_ended_while_nobody_was_connected_is_noticed_at_the_next_start(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        client = await manager.get_user_client(1)
        assert client is not None
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
        client = await manager.get_user_client(1)
        assert client is not None
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
        client = await manager.get_user_client(1)
        assert client is not None
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
        client = await manager.get_user_client(1)
        assert client is not None
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
        client = await manager.get_user_client(2)
        assert client is not None
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


# Waits and refusals -----------------------------------------------------------------------------------------------


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
            client = await manager.get_user_client(user)
            assert client is not None
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


# Asking -----------------------------------------------------------------------------------------------------------


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


# Connections ------------------------------------------------------------------------------------------------------


async def test_what_was_missed_while_a_connection_was_cut_reaches_the_handlers(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        assert client is not None
        heard: list[str] = []

        @client.on(events.NewMessage)
        async def hear(event: Any) -> None:
            heard.append(event.raw_text)

        channel = sandbox.world.channel(1000000100)
        author = sandbox.world.account(LI_WEI)
        sandbox.world.send_message(author, channel.peer, text="before")
        await until(lambda: heard == ["before"])
        await sandbox.pause()
        sandbox.world.send_message(author, channel.peer, text="missed")
        await sandbox.resume()
        await until(lambda: heard == ["before", "missed"], 20)


async def test_whoever_listens_again_after_a_new_connection_hears_what_was_missed(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        heard: list[str] = []

        async def hear(event: Any) -> None:
            heard.append(event.raw_text)

        async def listen(user: str) -> None:
            client = await manager.get_user_client(user)
            assert client is not None
            client.add_event_handler(hear, events.NewMessage)

        manager.on_ready(listen)
        client = await manager.get_user_client(1)
        assert client is not None
        await listen("1")
        channel, author = sandbox.world.channel(1000000100), sandbox.world.account(LI_WEI)
        sandbox.world.send_message(author, channel.peer, text="before")
        await until(lambda: heard == ["before"])
        connect = sandbox.faults.add(kind="error", method=ASKED, code=500, message="INTERNAL", times=1)
        await client.disconnect()
        sandbox.world.send_message(author, channel.peer, text="missed")
        await until(lambda: heard == ["before", "missed"], 20)
        assert connect.id


async def test_a_connection_that_does_not_answer_is_replaced(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, connect_seconds=1.5) as manager:
        client = await manager.get_user_client(1)
        assert client is not None
        slow = sandbox.faults.add(kind="latency", method=ASKED, seconds=60, times=2)
        await manager.force_refresh(1)
        sandbox.faults.clear(slow.id)
        await until(lambda: manager.ready_users() == ["1"])
        again = await manager.get_user_client(1)
        assert again is not None
        assert again is not client
        assert (await again.get_me()).id == ANN


async def test_a_session_is_opened_again_by_one_undertaking_whoever_asks_for_it(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        assert client is not None
        asked = sandbox.counters.calls_of(ASKED)
        await client.disconnect()
        for _ in range(20):
            manager._pool.revive("1")
        await until(lambda: manager.ready_users() == ["1"] and not manager._pool.reviving("1"))
        assert sandbox.counters.calls_of(ASKED) == asked + 1


async def test_a_client_that_never_lasts_is_opened_ever_later(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        ends: list[float] = []

        async def end(user: str) -> None:
            client = manager._pool.peek(user)
            assert client is not None
            ends.append(manager._clock.elapsed())
            await client.disconnect()

        manager.on_ready(end)
        await end("1")
        await until(lambda: len(ends) == 5, 20)
        pauses = [after - before for before, after in pairwise(ends)]
        assert pauses[3] > 1.9
        assert pauses[3] > pauses[0]  # the first one may have been bad luck


async def test_a_client_that_does_not_end_does_not_hold_up_the_others(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)
        assert client is not None
        busy, free = asyncio.Event(), asyncio.Event()

        @client.on(events.NewMessage)
        async def stubborn(event: Any) -> None:
            busy.set()
            while not free.is_set():
                try:
                    await free.wait()
                except asyncio.CancelledError:
                    continue

        sandbox.world.send_message(sandbox.world.account(LI_WEI), sandbox.world.channel(1000000100).peer, text="x")
        await busy.wait()
        began = manager._clock.elapsed()
        await manager.close_all_sessions(2)
        assert manager._clock.elapsed() - began < 10
        for user in ("1", "2"):
            assert (await fields(store, user))["owner"] is None
        with pytest.raises(ConnectionError):
            await client.get_me()
        free.set()
        await asyncio.sleep(0)


# Frozen accounts --------------------------------------------------------------------------------------------------


async def test_a_frozen_account_keeps_its_login_and_its_owner_is_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    account = sandbox.world.account(ANN)
    async with running(sandbox, store) as manager:
        told = news_of(manager)
        client = await manager.get_user_client(1)
        assert client is not None
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
        client = await manager.get_user_client(1)
        assert client is not None
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


async def fields_have(store: Store, name: str, user: str = "1") -> bool:
    return name in await fields(store, user)


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
            client = await manager.get_user_client(1)
            assert client is not None
            with pytest.raises(errors.FrozenMethodInvalidError):
                await client.send_message("me", "hello")
            await until(partial(was_told, told, times))
            account.frozen = False
            await manager.delete_user_session(1)
