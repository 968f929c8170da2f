"""Writes of sessions hold their order, are tried again, and stay few."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from telethon.tl import types

from bybot.errors import DocumentTooLarge, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import METADATA, SESSIONS, session_key
from bybot.stores.base import Committed, Write
from tests.sessions.support import ANN, LI_WEI, FaultyStore, live_client, log_in, plant_session, running, until


def someone(number: int) -> types.User:
    return types.User(900 + number, access_hash=1, first_name="Somebody", username=f"somebody_{number}")


async def learn(manager: UserSessionManager, user: int, number: int = 1) -> None:
    """Something that a session is to remember."""
    client = await live_client(manager, user)
    client.session.process_entities([someone(number)])


async def state_of(store: FaultyStore, user: int = 1) -> Any:
    document = await store.get(session_key(str(user)))
    return None if document is None else document.data["state"]


def of_sessions(writes: Sequence[Write]) -> bool:
    return any(write.key.collection == SESSIONS for write in writes)


async def checkpoint(manager: UserSessionManager) -> int:
    return await manager._upkeep.checkpoint(manager._ownership.require())


# Order ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["none", "late", "lost"])
async def test_saved_deleted_and_saved_again_it_is_there(sandbox: Sandbox, fault: str) -> None:
    store = FaultyStore()
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        await learn(manager, 1)
        store.matches = of_sessions
        store.delay_next, store.lose_next = int(fault == "late"), int(fault == "lost")
        await checkpoint(manager)
        await manager.delete_user_session(1)
        done = await log_in(manager, sandbox, 1)
        assert done.account_id == ANN
        await store.deliver()  # the first save arrives only now
        await checkpoint(manager)
        client = await live_client(manager)
        assert (await client.get_me()).id == ANN
    async with running(sandbox, store) as manager:
        assert await manager.get_user_client(1) is not None
        assert await state_of(store) == "ready"


@pytest.mark.parametrize("fault", ["none", "late", "lost"])
async def test_saved_and_deleted_it_is_gone_and_nothing_brings_it_back(sandbox: Sandbox, fault: str) -> None:
    store = FaultyStore()
    async with running(sandbox, store, checkpoint_seconds=0.1) as manager:
        await log_in(manager, sandbox, 1)
        live = manager._pool.live["1"]
        store.matches = of_sessions
        store.delay_next, store.lose_next = int(fault == "late"), int(fault == "lost")
        await learn(manager, 1)
        await until(lambda: store.delay_next == store.lose_next == 0)
        deletion = await manager.delete_user_session(1)
        assert deletion.removed == ("client", "session")
        await store.deliver()  # the save arrives only now
        assert await state_of(store) == "deleted"
        live.session.process_entities([someone(2)])  # the former client learns something after its end
        before = len(store.commits)
        store.matches = lambda writes: True
        await asyncio.sleep(0.3)  # several checkpoints
        assert not any(of_sessions(writes) for writes in store.commits[before:])
        assert await manager.get_user_client(1) is None
    async with running(sandbox, store) as manager:
        assert await manager.get_user_client(1) is None
        assert await state_of(store) == "deleted"


# Again, and others unharmed ---------------------------------------------------------------------------------------


class Picky(FaultyStore):
    """Refuses every commit that touches one session, in the way that is set."""

    error: Exception | None = None
    refused = 0

    async def commit(self, writes: Sequence[Write]) -> Committed:
        if self.error is not None and any(write.key == session_key("1") for write in writes):
            self.refused += 1
            raise self.error
        return await super().commit(writes)


@pytest.mark.parametrize(
    "error", [StoreUnavailable("this one never works"), DocumentTooLarge("this one is too large")], ids=lambda e: e.code
)
async def test_a_session_that_cannot_be_written_keeps_no_other_back_and_is_written_later(
    sandbox: Sandbox, error: Exception
) -> None:
    store = Picky()
    await plant_session(sandbox, store, 1, ANN)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store, checkpoint_seconds=0.05) as manager:
        await checkpoint(manager)
        before = {user: await store.get(session_key(user)) for user in ("1", "2")}
        store.error = error

        async def written(user: str) -> bool:
            document, former = await store.get(session_key(user)), before[user]
            assert document is not None
            assert former is not None
            return bool(document.data["session_data"] != former.data["session_data"])

        for user in (1, 2):
            await learn(manager, user)
        await until(lambda: written("2"))
        assert await written("1") is False
        store.error = None
        await until(lambda: written("1"))


async def test_an_outage_is_not_hammered(sandbox: Sandbox) -> None:
    store = Picky()
    await plant_session(sandbox, store, 1, ANN)
    async with running(sandbox, store, checkpoint_seconds=0.05) as manager:
        await checkpoint(manager)
        store.error = StoreUnavailable("away")
        await learn(manager, 1)
        await asyncio.sleep(1.0)
        assert 1 <= store.refused <= 8  # twenty checkpoints would fit
        store.error = None
        await until(lambda: manager._pool.live["1"].session.revision == manager._pool.live["1"].saved)


async def test_many_refused_writes_end_the_round(sandbox: Sandbox) -> None:
    """When the store is away not every session has to find that out."""
    store = FaultyStore()
    for user in range(1, 41):
        await plant_session(sandbox, store, user, ANN)
    async with running(sandbox, store) as manager:
        await checkpoint(manager)
        for user in range(1, 41):
            await learn(manager, user)
        tried = 0

        def away(writes: Sequence[Write]) -> bool:
            nonlocal tried
            tried += of_sessions(writes)
            return of_sessions(writes)

        store.matches, store.drop_next = away, 1000
        await checkpoint(manager)
        tried = 0
        await checkpoint(manager)
        assert tried == 3
        store.drop_next = 0
        assert await checkpoint(manager) == 40
        assert await checkpoint(manager) == 0


# Few ------------------------------------------------------------------------------------------------------------


async def test_a_hundred_questions_for_a_client_cost_at_most_one_write_an_interval(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1, ANN)
    async with running(sandbox, store) as manager:
        await checkpoint(manager)
        before = len(store.commits)
        for _ in range(100):
            assert await manager.get_user_client(1) is not None
        assert len(store.commits) == before
        for _ in range(3):
            await checkpoint(manager)
        assert sum(of_sessions(writes) for writes in store.commits[before:]) <= 1
        assert sum(any(write.key == METADATA for write in writes) for writes in store.commits[before:]) <= 1
