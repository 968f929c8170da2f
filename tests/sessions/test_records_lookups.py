"""Whatever is created, changed, deleted and expires in whatever order: all ways to find a record agree."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bybot.clock import ManualClock
from bybot.errors import BybotError, InvalidTransition, RecordExists, RecordExpired, RecordNotFound
from bybot.sessions.records import RecordSettings, RecordState, SessionService
from bybot.stores.memory import MemoryStore

USERS = ["ann", "ann~1", "li"]
CONNECTIONS = ["h:1", "h:2", "h:3"]

create = st.tuples(st.just("create"), st.sampled_from(USERS), st.sampled_from("abc"), st.integers(1, 20))
on_one = st.tuples(st.sampled_from(["delete", "heartbeat", "touch"]), st.integers(0, 9))
connect = st.tuples(st.just("connect"), st.integers(0, 9), st.sampled_from(CONNECTIONS))
state = st.tuples(st.just("state"), st.integers(0, 9), st.sampled_from(list(RecordState)))
wait = st.tuples(st.just("wait"), st.integers(1, 15))
sweep = st.tuples(st.just("sweep"))


class Model:
    """What must be there, kept in the plainest way: id to (user, connection, seconds at which it expires, timeout)."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, str, float, float]] = {}
        self.now = 0.0
        self.made: list[str] = []

    def live(self) -> dict[str, tuple[str, str, float, float]]:
        return {id_: facts for id_, facts in self.records.items() if facts[2] > self.now}


async def carry_out(service: SessionService, clock: ManualClock, model: Model, step: Any) -> None:
    kind, *arguments = step
    if kind == "create":
        user, device, timeout = arguments
        made = await service.create(user, device=device, timeout=timeout)
        record = made.record
        if not made.resumed:
            model.made.append(record.id)
        model.records[record.id] = (user, str(record.connection), model.now + timeout, timeout)
        return
    if kind == "wait":
        clock.advance(arguments[0])
        model.now += arguments[0]
        return
    if kind == "sweep":
        await service.sweep()
        return
    if not model.made:
        return
    id_ = model.made[arguments[0] % len(model.made)]
    user, connection, expires, timeout = model.records.get(id_, ("", "", 0.0, 0.0))
    there = id_ in model.live()
    try:
        if kind == "delete":
            await service.delete(id_)
            del model.records[id_]
        elif kind == "heartbeat":
            await service.heartbeat(id_)
            model.records[id_] = (user, connection, model.now + timeout, timeout)
        elif kind == "touch":
            await service.touch(id_)
        elif kind == "state":
            await service.update(id_, state=arguments[1])
        else:
            await service.update(id_, connection=arguments[1])
            model.records[id_] = (user, arguments[1], expires, timeout)
    except (RecordNotFound, RecordExpired):
        assert not there
    except InvalidTransition:
        assert there
    except RecordExists:
        holders = [other for other, facts in model.records.items() if facts[1] == arguments[1]]
        assert holders
        assert holders != [id_]
    else:
        assert there


async def agree(service: SessionService, model: Model) -> None:
    live = model.live()
    assert [record.id for record in (await service.list(limit=100)).records] == sorted(live)
    for user in USERS:
        wanted = [i for i, facts in live.items() if facts[0] == user or (user == "ann" and facts[0] == "ann~1")]
        page = await service.list(user_id=user, limit=100)
        assert [record.id for record in page.records] == sorted(wanted)
        assert page.total == len(wanted)
        online = [record.id for record in page.records if record.state is RecordState.ACTIVE]
        assert [device.record for device in service.devices(user)] == online
        assert service.is_online(user) == bool(online)
    connections = {facts[1]: id_ for id_, facts in live.items()}
    for connection in {*CONNECTIONS, *connections}:
        try:
            found = (await service.get_by_connection(connection)).id
        except BybotError:
            found = None
        assert found == connections.get(connection)
    for id_ in model.made:
        try:
            record = await service.get(id_)
        except BybotError:
            assert id_ not in live
        else:
            assert (record.user, str(record.connection)) == live[id_][:2]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(create, on_one, connect, state, wait, sweep), max_size=25))
def test_all_ways_to_find_a_record_agree(steps: list[Any]) -> None:
    async def play() -> None:
        clock = ManualClock()
        service, model = SessionService(MemoryStore(clock), clock, RecordSettings(per_person=0)), Model()
        for step in steps:
            await carry_out(service, clock, model, step)
            await agree(service, model)
        await service.close()

    asyncio.run(play())
