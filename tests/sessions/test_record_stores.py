"""Records and their store: outages, restarts, other services, broken documents."""

from __future__ import annotations

import asyncio

import pytest

from bybot.clock import ManualClock
from bybot.errors import (
    RecordNotFound,
    StoreUnavailable,
)
from bybot.sessions.records import Record, RecordSettings, SessionService
from tests.sessions.records import ACTIVE, clock, service, store
from tests.sessions.support import FaultyStore, until

__all__ = ["clock", "service", "store"]


async def test_heartbeats_are_written_together(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(per_person=0))
    ids = [(await service.create("ann", device=str(number))).record.id for number in range(20)]
    store.commits.clear()
    for _ in range(50):
        clock.advance(1)
        for id_ in ids:
            await service.heartbeat(id_)
    assert store.commits == []
    assert await service.flush() == 20
    assert len(store.commits) == 1
    assert await service.flush() == 0
    assert len(store.commits) == 1
    await service.close()


async def test_closing_twice_stops_the_sweep_and_keeps_what_must_survive(
    store: FaultyStore, clock: ManualClock
) -> None:
    first = SessionService(store, clock)
    await first.start()
    made = await first.create("ann", metadata={"a": 1})
    await first.update(made.record.id, state=ACTIVE)
    await until(lambda: clock._sleepers)
    clock.advance(20)
    await first.heartbeat(made.record.id)
    await first.close()
    assert clock._sleepers == []
    await first.close()
    assert (await first.list()).total == 0
    second = SessionService(store, clock)
    await second.start()
    record = await second.get(made.record.id)
    assert (record.metadata, record.state, record.left(clock.now())) == ({"a": 1}, ACTIVE, 1800)
    assert record.connection.instance != made.record.connection.instance
    assert made.token is not None
    await second.verify(record.id, made.token)
    await second.close()


async def test_what_expired_while_nobody_looked_is_swept_after_the_restart(
    store: FaultyStore, clock: ManualClock
) -> None:
    first = SessionService(store, clock)
    await first.create("ann", timeout=5)
    await first.close()
    clock.advance(100)
    second = SessionService(store, clock)
    await second.start()
    assert (await second.list()).total == 0
    assert await second.sweep() == 1
    assert await store.query("records") == []
    await second.close()


async def test_an_outage_makes_nothing_half_done(service: SessionService, store: FaultyStore) -> None:
    record = (await service.create("ann")).record
    doomed = (await service.create("ann", device="doomed")).record
    store.down = True
    with pytest.raises(StoreUnavailable):
        await service.create("li")
    assert (await service.list(user_id="li")).total == 0
    with pytest.raises(StoreUnavailable):
        await service.update(record.id, metadata={"a": 1})
    assert (await service.get(record.id)).metadata == {}
    await service.heartbeat(record.id)
    with pytest.raises(StoreUnavailable):
        await service.delete(doomed.id, reason="stolen")
    with pytest.raises(RecordNotFound):  # ended here at once, and in the store as soon as it answers
        await service.get(doomed.id)
    store.down = False
    await service.flush()
    assert [document.key.id for document in await store.query("records")] == [record.id]


async def test_a_create_without_an_answer_leaves_nothing_that_could_be_resumed(
    service: SessionService, store: FaultyStore
) -> None:
    store.lose_next = 1
    with pytest.raises(StoreUnavailable):
        await service.create("ann")
    assert len(await store.query("records")) == 1
    await service.flush()
    assert await store.query("records") == []
    assert (await service.create("ann")).token is not None


async def test_heartbeats_that_could_not_be_written_are_written_later(
    service: SessionService, store: FaultyStore, clock: ManualClock
) -> None:
    for device in ("a", "b"):
        await service.create("ann", device=device)
    other = SessionService(store, clock)
    await other.load()
    clock.advance(5)
    for record in (await service.list()).records:
        await service.heartbeat(record.id)
    await other.update((await other.list()).records[0].id, metadata={"by": "other"})
    store.drop_next = 1
    with pytest.raises(StoreUnavailable):
        await service.flush()
    store.matches = lambda writes: len(writes) == 1  # together they are stale, and one by one the store fails
    store.drop_next = 1
    with pytest.raises(StoreUnavailable):
        await service.flush()
    await service.flush()
    assert await service.flush() == 0
    for document in await store.query("records"):
        assert Record.from_dict(document.data).left(clock.now()) == 1800


async def test_what_another_service_wrote_is_learned_when_heartbeats_are_written(
    service: SessionService, store: FaultyStore, clock: ManualClock
) -> None:
    id_ = (await service.create("ann")).record.id
    other = SessionService(store, clock)
    await other.load()
    await other.update(id_, metadata={"by": "other"})
    clock.advance(5)
    await service.heartbeat(id_)
    await service.flush()
    record = await service.update(id_, metadata={"ours": 1})
    assert record.metadata == {"by": "other", "ours": 1}
    await other.load()
    assert (await other.get(id_)).metadata == record.metadata
    assert (await other.get(id_)).left(clock.now()) == 1800


async def test_a_handover_takes_heartbeats_and_new_records_along(store: FaultyStore, clock: ManualClock) -> None:
    giver, taker = SessionService(store, clock), SessionService(store, clock)
    id_ = (await giver.create("ann", timeout=10)).record.id
    await taker.load()
    clock.advance(8)
    await giver.heartbeat(id_)
    late = await giver.create("ann", device="late", timeout=10)
    await giver.land("ann")
    giver.let_go("ann")
    clock.advance(8)
    await taker.load()
    assert (await taker.get(id_)).left(clock.now()) == 2
    assert late.token is not None
    await taker.verify(late.record.id, late.token)


async def test_records_that_were_not_read_yet_are_waited_for_and_then_an_outage(
    store: FaultyStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SessionService(store, clock)
    id_ = (await first.create("ann")).record.id
    service = SessionService(store, clock)
    service.ledger.gate = lambda all_here: None
    asked = asyncio.create_task(service.get(id_))
    await asyncio.sleep(0)
    await service.load()
    assert (await asked).id == id_
    service.forget()
    monkeypatch.setattr("bybot.sessions.records.ledger._LOAD_SECONDS", 0.01)
    with pytest.raises(StoreUnavailable):
        await service.get(id_)


async def test_a_malformed_document_hurts_nobody_else(store: FaultyStore, clock: ManualClock) -> None:
    from bybot.sessions.records.shelf import record_key
    from bybot.stores.base import Put

    first = SessionService(store, clock)
    record = (await first.create("ann")).record
    await store.commit([Put(record_key("broken"), {"id": "broken", "state": 7})])
    await first.close()
    second = SessionService(store, clock)
    await second.start()
    assert [each.id for each in (await second.list()).records] == [record.id]
    await second.close()


async def test_erasing_a_person_leaves_nothing_of_any_account(service: SessionService, store: FaultyStore) -> None:
    for user in ("ann", "ann~5", "anna"):
        await service.create(user)
    assert await service.erase("ann") == 2
    assert [document.data["user"] for document in await store.query("records")] == ["anna"]
    assert (await service.list()).total == 1


async def test_a_session_that_is_over_takes_its_records_along(service: SessionService, store: FaultyStore) -> None:
    record = (await service.create("ann")).record
    await service.create("ann~5")
    assert await service.end_all("ann", reason="revoked") == 1
    with pytest.raises(RecordNotFound) as caught:
        await service.get(record.id)
    assert caught.value.reason == "revoked"
    assert [document.data["user"] for document in await store.query("records")] == ["ann~5"]
