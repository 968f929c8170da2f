"""A service of records over a store in memory, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bybot.clock import ManualClock
from bybot.sessions.records import Record, RecordState, SessionService
from bybot.stores.memory import MemoryStore
from tests.sessions.support import FaultyStore

ACTIVE, IDLE, CLOSED = RecordState.ACTIVE, RecordState.IDLE, RecordState.CLOSED
STEPS = {
    RecordState.CONNECTING: [],
    RecordState.ACTIVE: [RecordState.ACTIVE],
    RecordState.IDLE: [RecordState.ACTIVE, RecordState.IDLE],
    RecordState.DISCONNECTING: [RecordState.DISCONNECTING],
    RecordState.CLOSED: [RecordState.DISCONNECTING, RecordState.CLOSED],
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> FaultyStore:
    return FaultyStore(clock, MemoryStore(clock))


@pytest.fixture
async def service(store: FaultyStore, clock: ManualClock) -> AsyncIterator[SessionService]:
    service = SessionService(store, clock)
    await service.start()
    yield service
    await service.close()


async def state_after(service: SessionService, id_: str, states: list[RecordState]) -> Record:
    record = await service.get(id_)
    for state in states:
        record = await service.update(id_, state=state)
    return record
