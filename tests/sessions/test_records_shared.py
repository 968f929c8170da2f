"""Records that two processes know: what one writes the other keeps, at a handover above all."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.errors import OwnedElsewhere, RecordNotFound, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.records import RecordSettings, RecordState, SessionService
from bybot.stores.base import Document, Where
from bybot.stores.memory import MemoryStore
from tests.sessions.support import FaultyStore, plant_session, running, until
from tests.sessions.test_handover import handed_over, two


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def shared(clock: ManualClock) -> FaultyStore:
    return FaultyStore(clock, MemoryStore(clock))


async def test_a_heartbeat_takes_over_what_another_process_wrote(shared: FaultyStore, clock: ManualClock) -> None:
    one, two_ = SessionService(shared, clock), SessionService(shared, clock)
    made = (await one.create("ann")).record
    await two_.load()
    await two_.update(made.id, metadata={"theirs": 1})
    fresh = await two_.rotate_token(made.id)
    clock.advance(10)
    await one.heartbeat(made.id)
    await one.flush()
    assert (await one.get(made.id)).metadata == {"theirs": 1}
    await one.verify(made.id, fresh)
    await one.update(made.id, metadata={"ours": 2})
    third = SessionService(shared, clock)
    await third.load()
    record = await third.get(made.id)
    assert (record.metadata, record.left(clock.now())) == ({"theirs": 1, "ours": 2}, 1800)


async def test_what_is_noted_here_alone_does_not_outdo_what_another_process_wrote(
    shared: FaultyStore, clock: ManualClock
) -> None:
    settings = RecordSettings(idle_after=10)
    one, other = SessionService(shared, clock, settings), SessionService(shared, clock, settings)
    made = (await one.create("ann")).record
    await one.update(made.id, state=RecordState.ACTIVE)
    await other.load()
    await other.update(made.id, metadata={"theirs": 1})
    for _ in range(3):  # idle and used again: noted here, and written with the next heartbeats
        clock.advance(11)
        assert (await one.get(made.id)).state is RecordState.IDLE
        await one.touch(made.id)
    assert (await one.get(made.id)).version > (await other.get(made.id)).version
    await one.flush()
    for service in (one, other):
        await service.load()
        record = await service.get(made.id)
        assert (record.metadata, record.state) == ({"theirs": 1}, RecordState.ACTIVE)


async def test_the_connection_is_always_one_of_this_process(shared: FaultyStore, clock: ManualClock) -> None:
    one, other = SessionService(shared, clock), SessionService(shared, clock)
    made = (await one.create("ann")).record
    await other.load()
    await other.update(made.id, metadata={"a": 1})
    for _ in range(2):
        changed = await one.update(made.id, stats={"b": 2})
        assert changed.connection == made.connection
        assert (await one.get_by_connection(made.connection)).id == made.id


async def test_reading_again_takes_over_what_is_new_and_keeps_what_was_not_written(
    shared: FaultyStore, clock: ManualClock
) -> None:
    one, other = SessionService(shared, clock), SessionService(shared, clock)
    kept, gone = [(await one.create("ann", device=device)).record for device in ("kept", "gone")]
    await other.load()
    clock.advance(5)
    await other.heartbeat(kept.id)
    await one.update(kept.id, metadata={"a": 1})
    await one.delete(gone.id)
    new = (await one.create("ann", device="new")).record
    await other.load()
    assert {record.id for record in (await other.list()).records} == {kept.id, new.id}
    record = await other.get(kept.id)
    assert (record.metadata, record.left(clock.now())) == ({"a": 1}, 1800)
    with pytest.raises(RecordNotFound):
        await other.get(gone.id)


async def test_an_outage_among_single_writes_leaves_the_heartbeats_to_be_written(
    shared: FaultyStore, clock: ManualClock
) -> None:
    one, other = SessionService(shared, clock), SessionService(shared, clock)
    ids = [(await one.create("ann", device=str(number))).record.id for number in range(3)]
    await other.load()
    await other.update(ids[0], metadata={"a": 1})  # so that the common write is refused
    clock.advance(100)
    for id_ in ids:
        await one.heartbeat(id_)
    shared.matches = lambda writes: len(writes) == 1
    shared.drop_next = 1
    with pytest.raises(StoreUnavailable):
        await one.flush()
    assert await one.flush() == 3
    third = SessionService(shared, clock)
    await third.load()
    assert [record.left(clock.now()) for record in (await third.list()).records] == [1800] * 3


async def test_a_record_whose_making_nobody_was_told_of_is_not_resumed(shared: FaultyStore, clock: ManualClock) -> None:
    one = SessionService(shared, clock)
    shared.lose_next = 1
    with pytest.raises(StoreUnavailable):
        await one.create("ann")
    await one.flush()
    assert await shared.query("records") == []
    made = await one.create("ann")
    assert (made.resumed, made.token is None) == (False, False)


async def test_a_handover_takes_records_along_with_their_last_heartbeat(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with two(sandbox, store) as (older, later):
        made = await older.records.create(1, timeout=30)
        gone = await older.records.create(1, device="gone")
        written = (await older.records.get(made.record.id)).expires
        said: list[str] = []

        async def meanwhile(user: str) -> None:
            await until(lambda: later.state == "taking")
            await older.records.update(made.record.id, metadata={"late": True})
            await older.records.delete(gone.record.id)
            for refused in (older.records.create(1, device="new"), older.records.list()):
                with pytest.raises(OwnedElsewhere):  # nothing new begins here, and nobody can tell them all
                    await refused
            said.append(user)

        older.on_parting(meanwhile)
        await asyncio.sleep(0.01)
        await older.records.heartbeat(made.record.id)  # not written at once
        last = (await older.records.get(made.record.id)).expires
        assert last - written > timedelta(milliseconds=5)
        later.ask_for_handover()
        await handed_over(older, later)
        assert said == ["1"]
        await until(lambda: later.records.ledger.loaded.is_set())
        record = await later.records.get(made.record.id)
        assert (record.metadata, record.expires) == ({"late": True}, last)
        assert record.connection.instance == later.instance
        with pytest.raises(RecordNotFound):
            await later.records.get(gone.record.id)
        assert made.token is not None
        await later.records.verify(made.record.id, made.token)


async def test_a_process_that_waits_says_so_instead_of_denying_a_record(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager, running(sandbox, store, active=False) as other:
        record = (await manager.records.create(1)).record
        await until(lambda: other._ownership.holder is not None)
        for asked in (other.records.get(record.id), other.records.get_by_connection(record.connection)):
            with pytest.raises(OwnedElsewhere):
                await asked
        with pytest.raises(OwnedElsewhere):
            await other.records.heartbeat(record.id)
        await until(lambda: manager.records.ledger.loaded.is_set())
        with pytest.raises(RecordNotFound):
            await manager.records.get("nothing")


async def test_what_cannot_be_read_yet_is_not_denied(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bybot.sessions.records.ledger._LOAD_SECONDS", 0.1)
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        id_ = (await manager.records.create(1)).record.id
    settings = RecordSettings(sweep_every=0.05, flush_every=0.05)
    failing = _FailingQuery(store)
    async with running(sandbox, failing, records=settings, restore=False) as manager:
        with pytest.raises(StoreUnavailable):
            await manager.records.get(id_)
        failing.broken = False
        await _readable(manager, id_)


async def _readable(manager: UserSessionManager, id_: str) -> None:
    await until(lambda: manager.records.ledger.loaded.is_set())
    assert (await manager.records.get(id_)).user == "1"


class _FailingQuery(FaultyStore):
    """Records cannot be read."""

    def __init__(self, store: FaultyStore) -> None:
        super().__init__(inner=store.inner)
        self.broken = True

    async def query(self, collection: str, where: Where | None = None, **options: Any) -> list[Document]:
        if collection == "records" and self.broken:
            raise StoreUnavailable("an outage on purpose")
        return await super().query(collection, where, **options)
