"""Records of sessions in use, by themselves: with a store in memory and a clock that the test moves."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.errors import (
    Forbidden,
    InvalidTransition,
    RecordExists,
    RecordExpired,
    RecordNotFound,
    StaleWrite,
    StoreUnavailable,
    TooManyRecords,
)
from bybot.sessions.records import ConnectionId, Record, RecordSettings, RecordState, SessionService
from bybot.sessions.records.reading import MAX_PAGE
from bybot.sessions.records.tokens import fits, hash_of, new_token
from bybot.stores.memory import MemoryStore
from tests.sessions.support import FaultyStore, until

ACTIVE, IDLE, CLOSED = RecordState.ACTIVE, RecordState.IDLE, RecordState.CLOSED
#: The whole table, written out once more: it is a promise to callers.
ALLOWED = {
    ("connecting", "active"),
    ("connecting", "disconnecting"),
    ("active", "idle"),
    ("active", "disconnecting"),
    ("idle", "active"),
    ("idle", "disconnecting"),
    ("disconnecting", "closed"),
}
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


# The ten scenes ------------------------------------------------------------------------------------------------


async def test_the_life_of_three_records_in_ten_scenes(service: SessionService, clock: ManualClock) -> None:
    # 1. Three are created.
    laptop = (await service.create("ann", device="laptop", metadata={"app": "notebook"})).record
    phone = (await service.create("ann", device="phone")).record
    short = (await service.create("li", device="script", timeout=2)).record
    # 2. They are found by id, by connection, by user, and all together.
    assert (await service.get(laptop.id)).device == "laptop"
    assert (await service.get_by_connection(str(phone.connection))).id == phone.id
    assert [r.id for r in (await service.list(user_id="ann")).records] == sorted([laptop.id, phone.id])
    assert (await service.list()).total == 3
    # 3. They connect.
    for record in (laptop, phone, short):
        assert record.state is RecordState.CONNECTING
        assert (await service.update(record.id, state=ACTIVE)).state is ACTIVE
    # 4. A heartbeat tells the time left.
    clock.advance(1.5)
    assert (await service.get(short.id)).left(clock.now()) == pytest.approx(0.5)
    assert await service.heartbeat(short.id) == 2
    # 5. A list gives the total before it is cut.
    page = await service.list(limit=2)
    assert (len(page.records), page.total) == (2, 3)
    # 6. Who is online, and with what?
    assert service.is_online("ann")
    assert not service.is_online("nobody")
    assert {device.device for device in service.devices("ann")} == {"laptop", "phone"}
    # 7. Numbers of one record are replaced, and those of all are counted.
    assert (await service.update(laptop.id, stats={"messages": 7})).stats == {"messages": 7}
    assert (await service.stats())["by_state"]["active"] == 3
    # 8. One is deleted, and the reason is kept.
    assert (await service.delete(phone.id, reason="signed out")).reason == "signed out"
    with pytest.raises(RecordNotFound) as caught:
        await service.get(phone.id)
    assert caught.value.reason == "signed out"
    # 9. The record of two seconds is gone after three.
    ended: list[Record] = []
    service.on_expired(ended.append)
    clock.advance(3)
    assert await service.sweep() == 1
    assert [record.id for record in ended] == [short.id]
    # 10. What is left goes on.
    assert [record.id for record in (await service.list()).records] == [laptop.id]
    assert (await service.stats()) | {"by_state": {}} == {
        "by_state": {},
        "records": 1,
        "created": 3,
        "expired": 1,
        "deleted": 1,
        "users_online": 1,
        "devices_online": 1,
    }


# What a record is ----------------------------------------------------------------------------------------------


async def test_a_record_knows_everything_about_itself_and_survives_json(
    service: SessionService, clock: ManualClock
) -> None:
    made = await service.create("ann", device="laptop", timeout=90, metadata={"名": ["a", 1, None, {"deep": True}]})
    record = await service.update(made.record.id, state=ACTIVE, stats={"bytes": 5})
    parsed = uuid.UUID(record.id)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert int(parsed.hex[:12], 16) == int(clock.now().timestamp() * 1000)
    assert ConnectionId.parse(str(record.connection)) == record.connection
    assert record.created == record.last_active == clock.now()
    assert (record.expires - record.created).total_seconds() == 90
    again = Record.from_json(record.to_json())
    assert again == record
    assert again.expires.tzinfo is not None


@pytest.mark.parametrize("text", ["{}", "[]", '{"id": 1}', "nothing"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a record|Expecting value"):
        Record.from_json(text)


async def test_readers_get_copies(service: SessionService) -> None:
    made = (await service.create("ann", metadata={"list": [1]})).record
    record = await service.get(made.id)
    with pytest.raises(FrozenInstanceError):
        record.state = ACTIVE  # type: ignore[misc]
    record.metadata["list"].append(2)  # type: ignore[index]
    made.metadata["list"].append(3)  # type: ignore[index]
    assert (await service.get(made.id)).metadata == {"list": [1]}
    assert (await service.list()).records[0].metadata == {"list": [1]}


# Making --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["", True, None, 1.5])
async def test_a_record_needs_a_user(service: SessionService, user: Any) -> None:
    with pytest.raises(ValueError, match="user id"):
        await service.create(user)
    assert (await service.list()).total == 0


async def test_a_record_has_its_own_timeout_or_the_services(service: SessionService, clock: ManualClock) -> None:
    assert (service.settings.timeout, service.settings.sweep_every) == (30 * 60, 5 * 60)
    assert (await service.create("ann")).record.timeout == 1800
    own = (await service.create("li", timeout=7.5)).record
    assert own.left(clock.now()) == 7.5
    for wrong in (0, -1, float("inf"), float("nan"), 1e30):
        with pytest.raises(ValueError, match="timeout"):
            await service.create("zoe", timeout=wrong)
        with pytest.raises(ValueError, match="timeout"):
            await service.update(own.id, timeout=wrong)
    assert (await service.get(own.id)).timeout == 7.5


@pytest.mark.parametrize("metadata", [{"a": object()}, {"a": float("nan")}, {"a": "x" * 20_000}, {"a": {1, 2}}])
async def test_metadata_are_plain_and_bounded(service: SessionService, metadata: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await service.create("ann", metadata=metadata)
    record = (await service.create("ann")).record
    with pytest.raises(ValueError, match="JSON"):
        await service.update(record.id, metadata=metadata)


async def test_a_live_record_is_resumed_instead_of_making_a_second(service: SessionService, clock: ManualClock) -> None:
    first = await service.create("ann", metadata={"a": 1})
    clock.advance(100)
    second = await service.create("ann", metadata={"b": 2})
    assert (second.record.id, second.resumed, second.token) == (first.record.id, True, None)
    assert second.record.metadata == {"a": 1, "b": 2}
    assert second.record.left(clock.now()) == 1800
    assert (await service.create("ann", device="other")).record.id != first.record.id
    with pytest.raises(RecordExists):
        await service.create("ann", resume=False)
    await service.delete(first.record.id)
    third = await service.create("ann", resume=False)
    assert third.record.id != first.record.id
    assert third.token != first.token


async def test_many_who_create_at_once_get_one_record(service: SessionService) -> None:
    made = await asyncio.gather(*(service.create("ann") for _ in range(20)))
    assert len({each.record.id for each in made}) == 1
    assert [each.resumed for each in made].count(False) == 1


async def test_a_person_has_a_maximum_over_all_accounts(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(per_person=2))
    first = (await service.create("ann")).record
    await service.create("ann~5", timeout=10)
    with pytest.raises(TooManyRecords) as caught:
        await service.create("ann", device="third")
    assert caught.value.most == 2
    await service.create("anna")  # another person
    clock.advance(11)  # one expired: its place is free before any sweep
    await service.create("ann", device="third")
    await service.delete(first.id)
    await service.create("ann", device="fourth")
    await service.close()


async def test_a_connection_belongs_to_one_record(service: SessionService) -> None:
    taken = (await service.create("ann", connection="host-1:4")).record
    assert taken.connection == ConnectionId("host-1", 4)
    with pytest.raises(RecordExists):
        await service.create("li", connection="host-1:4")
    other = (await service.create("li")).record
    with pytest.raises(RecordExists):
        await service.update(other.id, connection="host-1:4")
    with pytest.raises(ValueError, match="instance:generation"):
        await service.create("zoe", connection="no connection")
    moved = await service.update(taken.id, connection="host-1:5")
    assert (await service.get_by_connection("host-1:5")).id == moved.id
    with pytest.raises(RecordNotFound):
        await service.get_by_connection("host-1:4")


# States --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("present", list(RecordState))
@pytest.mark.parametrize("wanted", list(RecordState))
async def test_every_transition_is_in_the_table_or_refused(
    service: SessionService, present: RecordState, wanted: RecordState
) -> None:
    id_ = (await service.create("ann")).record.id
    record = await state_after(service, id_, STEPS[present])
    assert record.state is present
    if (present.value, wanted.value) in ALLOWED:
        assert (await service.update(id_, state=wanted)).state is wanted
    else:
        with pytest.raises(InvalidTransition):
            await service.update(id_, state=wanted)
        assert (await service.get(id_)).version == record.version


async def test_an_active_record_becomes_idle_and_active_again_on_use(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(timeout=3600, idle_after=60))
    id_ = (await service.create("ann")).record.id
    await service.update(id_, state=ACTIVE)
    clock.advance(59)
    await service.heartbeat(id_)  # a heartbeat is a sign of life, and no use
    assert (await service.get(id_)).state is ACTIVE
    clock.advance(1)
    assert (await service.get(id_)).state is IDLE
    assert not service.is_online("ann")
    assert (await service.list(state=IDLE)).total == 1
    assert (await service.touch(id_)).state is ACTIVE
    assert service.is_online("ann")
    clock.advance(59)
    await service.touch(id_)
    clock.advance(59)
    assert (await service.get(id_)).state is ACTIVE
    await service.close()


async def test_closed_is_final(service: SessionService) -> None:
    id_ = (await service.create("ann")).record.id
    await state_after(service, id_, STEPS[CLOSED])
    for call in (service.heartbeat(id_), service.touch(id_)):
        with pytest.raises(InvalidTransition):
            await call
    assert (await service.get(id_)).state is CLOSED
    assert not service.is_online("ann")
    assert (await service.create("ann")).record.id != id_  # nothing to resume


# Time ----------------------------------------------------------------------------------------------------------


async def test_a_heartbeat_extends_by_the_records_own_timeout_and_is_due_at_a_third(
    service: SessionService, clock: ManualClock
) -> None:
    record = (await service.create("ann", timeout=30)).record
    assert record.heartbeat_every == 10
    for _ in range(5):
        clock.advance(29)
        assert await service.heartbeat(record.id) == 30
    await service.update(record.id, timeout=60)
    assert await service.heartbeat(record.id) == 60
    clock.advance(60)
    with pytest.raises(RecordExpired):
        await service.heartbeat(record.id)
    with pytest.raises(RecordNotFound):
        await service.heartbeat("nothing")


async def test_an_expired_record_is_invisible_before_the_sweep(service: SessionService, clock: ManualClock) -> None:
    made = await service.create("ann", timeout=5)
    record = await service.update(made.record.id, state=ACTIVE)
    clock.advance(5)
    assert made.token is not None
    for call in (
        service.get(record.id),
        service.get_by_connection(record.connection),
        service.update(record.id, metadata={}),
        service.touch(record.id),
        service.delete(record.id),
        service.rotate_token(record.id),
        service.verify(record.id, made.token),
    ):
        with pytest.raises(RecordExpired):
            await call
    assert (await service.list()).total == (await service.list(user_id="ann")).total == 0
    assert not service.is_online("ann")
    assert service.devices("ann") == []
    assert (await service.stats())["records"] == 0
    await service.sweep()
    with pytest.raises(RecordExpired):
        await service.get(record.id)


async def test_the_callback_of_an_expiry_comes_once(service: SessionService, clock: ManualClock) -> None:
    ended: list[tuple[str, str | None]] = []

    async def failing(record: Record) -> None:
        raise RuntimeError("on purpose")

    service.on_expired(failing)
    service.on_expired(lambda record: ended.append((record.user, record.reason)))
    stop = service.on_expired(lambda record: ended.append(("never", None)))
    stop()
    await service.create("ann", timeout=5)
    await service.create("li", timeout=50)
    clock.advance(6)
    assert [await service.sweep() for _ in range(3)] == [1, 0, 0]
    assert ended == [("ann", "expired")]
    closed = await state_after(service, (await service.create("zoe", timeout=5)).record.id, STEPS[CLOSED])
    clock.advance(6)
    assert await service.sweep() == 1
    with pytest.raises(RecordExpired):
        await service.get(closed.id)
    assert len(ended) == 1  # whoever closed a record was told already
    assert service.expired == 1


async def test_the_sweep_runs_by_itself(store: FaultyStore, clock: ManualClock) -> None:
    service = SessionService(store, clock, RecordSettings(timeout=2, sweep_every=3))
    await service.start()
    ended: list[Record] = []
    service.on_expired(ended.append)
    await service.create("ann")
    await until(lambda: len(clock._sleepers) == 1)
    clock.advance(3)
    await until(lambda: len(ended) == 1)
    assert await store.query("records") == []
    await service.close()


# Tokens --------------------------------------------------------------------------------------------------------


async def test_a_token_is_long_shown_once_and_kept_as_a_hash(service: SessionService, store: FaultyStore) -> None:
    made = await service.create("ann")
    assert made.token is not None
    assert len(made.token) >= 43  # 32 bytes in base64
    assert made.token not in repr(made)
    assert made.token not in made.record.to_json()
    assert hash_of(made.token) not in made.record.to_json() + repr(made)
    (document,) = await store.query("records")
    assert made.token not in repr(document.data)
    assert document.data["token_hash"] == hash_of(made.token)
    assert len({new_token()[0] for _ in range(100)}) == 100
    assert (await service.verify(made.record.id, made.token)).id == made.record.id


async def test_a_wrong_token_is_forbidden_and_compared_in_constant_time(
    service: SessionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hmac

    made = await service.create("ann")
    compared: list[int] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(len(a)) or compare(a, b))  # type: ignore[func-returns-value]
    for wrong in ("", "x", made.token[:-1] if made.token else "", "\udcff" * 5, "a" * 10_000):
        with pytest.raises(Forbidden):
            await service.verify(made.record.id, wrong)
    assert compared == [64] * 5
    assert not fits("anything", None)


async def test_a_token_is_rotated_and_ends_with_its_record(service: SessionService, clock: ManualClock) -> None:
    made = await service.create("ann", timeout=60)
    assert made.token is not None
    fresh = await service.rotate_token(made.record.id)
    with pytest.raises(Forbidden):
        await service.verify(made.record.id, made.token)
    await service.verify(made.record.id, fresh)
    await service.delete(made.record.id)
    with pytest.raises(RecordNotFound):
        await service.verify(made.record.id, fresh)
    other = await service.create("ann", timeout=60)
    clock.advance(60)
    assert other.token is not None
    with pytest.raises(RecordExpired):
        await service.verify(other.record.id, other.token)


# Changing ------------------------------------------------------------------------------------------------------


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


# Lists ---------------------------------------------------------------------------------------------------------


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


# Ownership -----------------------------------------------------------------------------------------------------


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


# Stores and restarts -------------------------------------------------------------------------------------------


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
