"""The states of records between the lasting ones: while a client connects, and while one is let go of."""

from __future__ import annotations

import asyncio

import pytest

from bybot.clock import ManualClock
from bybot.errors import Forbidden
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.sessions.records import RecordState, SessionService
from bybot.sessions.records.ledger import ClientFacts
from bybot.stores.base import Document, Key
from bybot.stores.memory import MemoryStore
from tests.sessions.support import FaultyStore, plant_session, running, until


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class SlowStore(FaultyStore):
    """Sessions are read when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def get(self, key: Key) -> Document | None:
        if key == session_key("1"):
            await self.go_on.wait()
        return await super().get(key)


async def test_a_client_that_is_being_opened_is_connecting_and_nobody_is_online_yet(sandbox: Sandbox) -> None:
    store = SlowStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, restore=False) as manager:
        opening = asyncio.create_task(manager.get_user_client(1))
        await until(lambda: manager._pool._opening)
        await asyncio.sleep(0)
        (before,) = (await manager.records.list(user_id=1)).records
        assert before.state is RecordState.CONNECTING
        assert not manager.records.is_online(1)
        assert manager.measure().records["connecting"] == 1
        store.go_on.set()
        assert await opening is not None
        (after,) = (await manager.records.list(user_id=1)).records
        assert (after.id, after.state) == (before.id, RecordState.ACTIVE)
        assert after.version > before.version
        assert manager.records.is_online(1)


class Releasing:
    """Lets go of connections when the test says so."""

    def __init__(self) -> None:
        self.released: list[str] = []
        self.go_on = asyncio.Event()

    async def open(self, user: str) -> None:
        pass

    async def release(self, user: str) -> None:
        self.released.append(user)
        await self.go_on.wait()

    def facts(self, user: str) -> ClientFacts | None:
        return None


async def test_a_record_that_is_being_deleted_is_disconnecting_and_useless_already(clock: ManualClock) -> None:
    connector = Releasing()
    service = SessionService(MemoryStore(clock), clock, connector=connector)
    made = await service.create("ann")
    deleting = asyncio.create_task(service.delete(made.record.id, reason="done"))
    await until(lambda: connector.released == ["ann"])
    assert (await service.get(made.record.id)).state is RecordState.DISCONNECTING
    assert not service.is_online("ann")
    with pytest.raises(Forbidden):  # its token went first
        await service.verify(made.record.id, made.token or "")
    connector.go_on.set()
    closed = await deleting
    assert (closed.state, closed.reason) == (RecordState.CLOSED, "done")
    await service.close()


async def test_a_connection_is_let_go_of_when_its_last_record_ended(clock: ManualClock) -> None:
    connector = Releasing()
    connector.go_on.set()
    service = SessionService(MemoryStore(clock), clock, connector=connector)
    first, second = [(await service.create("ann", device=device)).record for device in ("a", "b")]
    await service.delete(first.id)
    assert connector.released == []  # the other one needs it
    await service.update(second.id, state=RecordState.DISCONNECTING)
    assert connector.released == ["ann"]
    await service.close()
