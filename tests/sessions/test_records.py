"""Records of sessions in use, by themselves: what they are, how they are made, and their states."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.errors import (
    InvalidTransition,
    RecordExists,
    RecordNotFound,
    TooManyRecords,
)
from bybot.sessions.records import ConnectionId, Record, RecordSettings, RecordState, SessionService
from tests.sessions.records import ACTIVE, CLOSED, IDLE, STEPS, clock, service, state_after, store
from tests.sessions.support import FaultyStore

__all__ = ["clock", "service", "store"]

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
