"""Changing, listing and looking up records, and whose they are."""

from __future__ import annotations

import asyncio

import pytest

from bybot.clock import ManualClock
from bybot.errors import (
    Forbidden,
    StaleWrite,
)
from bybot.sessions.records import RecordSettings, SessionService
from bybot.sessions.records.reading import MAX_PAGE
from tests.sessions.records import ACTIVE, clock, service, store
from tests.sessions.support import FaultyStore

__all__ = ["clock", "service", "store"]


async def test_an_update_merges_metadata_replaces_stats_and_leaves_none_alone(service: SessionService) -> None:
    id_ = (await service.create("ann", metadata={"a": 1, "b": 2})).record.id
    await service.update(id_, metadata={"b": 3, "c": None}, stats={"x": 1, "y": 2})
    record = await service.update(id_, stats={"y": 5})
    assert record.metadata == {"a": 1, "b": 3, "c": None}
    assert record.stats == {"y": 5}
    unchanged = await service.update(id_)
    assert (unchanged.metadata, unchanged.stats, unchanged.timeout) == (record.metadata, record.stats, record.timeout)
    assert (await service.update(id_, stats={}, metadata={})).stats == {}


async def test_a_version_that_moved_is_refused(service: SessionService) -> None:
    record = (await service.create("ann")).record
    newer = await service.update(record.id, metadata={"a": 1}, version=record.version)
    assert newer.version == record.version + 1
    with pytest.raises(StaleWrite):
        await service.update(record.id, metadata={"a": 2}, version=record.version)
    assert (await service.get(record.id)).metadata == {"a": 1}


async def test_updates_at_once_lose_nothing(service: SessionService, store: FaultyStore) -> None:
    id_ = (await service.create("ann")).record.id
    await asyncio.gather(*(service.update(id_, metadata={str(n): n}) for n in range(30)), service.heartbeat(id_))
    assert set((await service.get(id_)).metadata) == {str(n) for n in range(30)}
    (document,) = await store.query("records")
    assert len(document.data["metadata"]) == 30


async def test_two_services_on_one_store_lose_nothing_of_each_other(store: FaultyStore, clock: ManualClock) -> None:
    one, two = SessionService(store, clock), SessionService(store, clock)
    id_ = (await one.create("ann")).record.id
    await two.load()
    for number in range(4):
        await (one, two)[number % 2].update(id_, metadata={str(number): number})
    clock.advance(10)
    await one.heartbeat(id_)
    await two.update(id_, metadata={"last": True})
    await one.flush()
    third = SessionService(store, clock)
    await third.load()
    record = await third.get(id_)
    assert set(record.metadata) == {"0", "1", "2", "3", "last"}
    assert record.left(clock.now()) == 1800


async def test_pages_repeat_nothing_and_leave_nothing_out(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(per_person=0))
    ids = []
    for number in range(57):
        ids.append((await service.create(f"u{number % 3}", device=str(number))).record.id)
        clock.advance(0.001 * (number % 2))  # some in the same millisecond
    assert [record.id for record in (await service.list(limit=100)).records] == sorted(ids)
    seen: list[str] = []
    page = await service.list(limit=10)
    while True:
        assert page.total == 57 - len(set(ids) - set(await stored_ids(service)))
        seen += [record.id for record in page.records]
        if page.after is None:
            break
        gone = seen[0]
        if gone in await stored_ids(service):  # one that was seen goes, and nothing slips over the edge of a page
            await service.delete(gone)
        page = await service.list(limit=10, after=page.after)
    assert sorted(seen) == sorted(ids)
    assert len(set(seen)) == len(seen)
    await service.close()


async def stored_ids(service: SessionService) -> list[str]:
    return [record.id for record in (await service.list(limit=100)).records]


async def test_lists_filter_by_user_and_state_and_cap_the_page(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(per_person=0))
    for number in range(MAX_PAGE + 20):
        made = await service.create("ann" if number % 2 else "ann~77", device=str(number))
        if number % 4 == 0:
            await service.update(made.record.id, state=ACTIVE)
    page = await service.list(limit=10_000)
    assert (len(page.records), page.total) == (MAX_PAGE, MAX_PAGE + 20)
    assert (await service.list(user_id="ann")).total == MAX_PAGE + 20  # a person with all accounts
    assert (await service.list(user_id="ann~77")).total == 60
    assert (await service.list(user_id="ann~77", state=ACTIVE)).total == 30
    assert (await service.list(user_id="an")).total == 0
    assert len((await service.list(limit=0)).records) == 1
    await service.close()


async def test_every_call_that_takes_an_id_checks_whose_it_is(store: FaultyStore, clock: ManualClock) -> None:
    noted: list[tuple[str, str, str, bool]] = []
    service = SessionService(
        store, clock, audit=lambda caller, action, user, *, allowed: noted.append((caller, action, user, allowed))
    )
    ann, eve, root = service.acting_as("ann"), service.acting_as("eve"), service.acting_as("root", admin=True)
    record = (await ann.create("ann")).record
    calls = [
        lambda who: who.get(record.id),
        lambda who: who.get_by_connection(str(record.connection)),
        lambda who: who.list(user_id="ann"),
        lambda who: who.update(record.id, metadata={"a": 1}),
        lambda who: who.heartbeat(record.id),
        lambda who: who.touch(record.id),
        lambda who: who.rotate_token(record.id),
        lambda who: who.create("ann"),
        lambda who: who.delete(record.id),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            await call(eve)
    for check in (eve.is_online, eve.devices):
        with pytest.raises(Forbidden):
            check("ann")
    assert len(noted) == 11
    assert {(caller, user, allowed) for caller, _, user, allowed in noted} == {("eve", "ann", False)}
    assert (await eve.list()).total == 0
    for call in calls[:-1]:
        await call(root)
        await call(ann)
    assert all(allowed for *_, allowed in noted[11:])
    assert {caller for caller, *_ in noted[11:]} == {"root"}
    await service.create("ann~5")
    assert (await ann.list()).total == (await root.list()).total == 2
    assert await ann.stats() == {"records": 2, "devices_online": 0}
    assert (await root.stats())["created"] == 2
    await ann.delete(record.id, reason="done")
    await service.close()
