"""A manager hands everything over to a later one: sessions without a gap, logins under way, nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bybot.clock import SystemClock
from bybot.errors import BybotError, OwnedElsewhere
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import session_key
from bybot.stores.memory import MemoryStore
from tests.sessions.support import (
    ANN,
    ANN_PHONE,
    LI_WEI,
    FaultyStore,
    live_client,
    log_in,
    plant_session,
    running,
    until,
)

LEASE = 1.5


@asynccontextmanager
async def two(sandbox: Sandbox, store: MemoryStore) -> AsyncIterator[tuple[UserSessionManager, UserSessionManager]]:
    """An older one that acts, and a later one that waits and has not asked yet."""
    async with (
        running(sandbox, store, lease_seconds=LEASE) as older,
        running(sandbox, store, lease_seconds=LEASE, active=False) as later,
    ):
        await until(lambda: later._ownership.holder is not None)
        yield older, later


async def handed_over(older: UserSessionManager, later: UserSessionManager) -> None:
    await until(lambda: later.state == "active" and older.state == "waiting")
    await later.wait_restored()


async def speak(manager: UserSessionManager, user: int, heard: list[float]) -> None:
    """Ask Telegram again and again; note when it answered."""
    clock = SystemClock()
    while True:
        try:
            client = await live_client(manager, user)
            async with asyncio.timeout(5):
                await client.get_me()
            heard.append(clock.elapsed())
        except (BybotError, ConnectionError, TimeoutError):
            pass
        await asyncio.sleep(0.005)


async def test_sessions_go_one_by_one_and_none_is_silent_for_two_seconds(sandbox: Sandbox, store: MemoryStore) -> None:
    users = list(range(1, 31))
    for user in users:
        await plant_session(sandbox, store, user, ANN if user % 2 else LI_WEI)
    async with two(sandbox, store) as (older, later):
        tokens = {user: older.token(user) for user in users}
        heard: dict[int, list[float]] = {user: [] for user in users}
        speaking = [asyncio.create_task(speak(m, user, heard[user])) for m in (older, later) for user in users]
        await asyncio.sleep(0.2)
        later.ask_for_handover()
        await handed_over(older, later)
        assert all(later.token(user) > tokens[user] for user in users)
        said = {user: len(heard[user]) for user in users}
        await until(lambda: all(len(heard[user]) > said[user] for user in users))
        for task in speaking:
            task.cancel()
        await asyncio.gather(*speaking, return_exceptions=True)
        gaps = sorted(max(b - a for a, b in itertools.pairwise(times)) for times in heard.values())
        assert gaps[-1] < 2.0
        for user in users:
            document = await store.get(session_key(str(user)))
            assert document is not None
            assert document.data["owner"] == later.instance
            assert "reserved_for" not in document.data


async def test_what_is_asked_of_the_later_one_in_the_gap_waits_for_the_session(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with two(sandbox, store) as (older, later):
        landed = asyncio.Event()

        async def land(user: str) -> None:
            assert user == "1"
            await asyncio.sleep(0.3)
            landed.set()

        older.on_parting(land)
        later.ask_for_handover()
        await until(lambda: later.state in ("taking", "active"))
        assert not landed.is_set()
        client = await later.get_user_client(1)
        assert landed.is_set()
        assert client is not None
        assert (await client.get_me()).id == ANN
        with pytest.raises(OwnedElsewhere) as caught:
            await older.get_user_client(1)
        assert caught.value.holder == "test"
        assert (await older.get_session_info(1))["status"] == "leased"
        await handed_over(older, later)


async def test_who_does_not_land_in_time_or_fails_holds_nothing_up(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.sessions.core.PARTING_SECONDS", 0.2)
    await plant_session(sandbox, store, 1)
    async with two(sandbox, store) as (older, later):
        ended: list[str] = []

        async def hang(user: str) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(user)

        async def fail(user: str) -> None:
            raise RuntimeError("on purpose")

        older.on_parting(hang)
        older.on_parting(fail)
        later.ask_for_handover()
        await handed_over(older, later)
        assert ended == ["1"]
        assert later.ready_users() == ["1"]


async def test_whoever_uses_a_session_lands_before_the_manager_closes(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    said: list[int] = []
    async with running(sandbox, store) as manager:
        client = await manager.get_user_client(1)

        async def land(user: str) -> None:
            assert client is not None
            said.append((await client.get_me()).id)

        end = manager.on_parting(land)
        manager.on_parting(land)
        end()
    assert said == [ANN]


async def test_a_login_under_way_goes_on_at_the_later_one(sandbox: Sandbox, store: MemoryStore) -> None:
    async with two(sandbox, store) as (older, later):
        await older.begin_login(1, ANN_PHONE)
        code = sandbox.auth.next_code(ANN_PHONE)
        assert code is not None
        later.ask_for_handover()
        await until(lambda: later.state in ("taking", "active"))
        done = await later.submit_code(1, code)  # waits until the older one has let go of it
        assert done.account_id == ANN  # type: ignore[union-attr]
        await until(lambda: older.state == "waiting")
        with pytest.raises(OwnedElsewhere):
            await older.submit_code(1, code)


async def test_who_logs_in_while_everything_is_given_is_given_too(sandbox: Sandbox, store: MemoryStore) -> None:
    async with two(sandbox, store) as (older, later):
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def leave() -> None:
            begun.set()
            await go_on.wait()

        older.on_leaving(leave)
        later.ask_for_handover()
        await begun.wait()
        assert (older.state, later.state) == ("giving", "taking")
        await log_in(older, sandbox, 1)
        assert (await older.get_session_info(1))["status"] == "active"
        go_on.set()
        await handed_over(older, later)
        await until(lambda: later.ready_users() == ["1"])


async def test_a_manager_that_stops_while_it_gives_gives_the_rest_at_once(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with two(sandbox, store) as (older, later):
        hanging = asyncio.Event()

        async def hang(user: str) -> None:
            hanging.set()
            await asyncio.sleep(60)

        older.on_parting(hang)
        later.ask_for_handover()
        await hanging.wait()
        await older.close_all_sessions(5)
        await until(lambda: later.ready_users() == ["1"], LEASE)
        await later.wait_restored()
        assert later.state == "active"


async def test_when_the_later_one_ends_the_older_one_takes_everything_back(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, lease_seconds=LEASE) as older:
        async with running(sandbox, store, lease_seconds=LEASE, active=False) as later:
            later.ask_for_handover()
            await handed_over(older, later)
        await until(lambda: older.ready_users() == ["1"])
        assert older.state == "active"


async def test_a_later_one_that_loses_the_store_gives_way_and_gets_everything_when_it_is_back(sandbox: Sandbox) -> None:
    inner = MemoryStore(SystemClock())
    await plant_session(sandbox, inner, 1)
    mine, other = FaultyStore(inner=inner), FaultyStore(inner=inner)
    async with (
        running(sandbox, mine, lease_seconds=LEASE) as older,
        running(sandbox, other, lease_seconds=LEASE, active=False) as later,
    ):
        later.ask_for_handover()
        await until(lambda: later.state in ("taking", "active"))
        other.down = True
        await until(lambda: older.state == "waiting")
        await until(lambda: older.state == "active" and older.ready_users() == ["1"], 20)
        assert later.state == "waiting"
        other.down = False
        await handed_over(older, later)
        assert later.ready_users() == ["1"]
