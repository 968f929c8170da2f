"""Records beside real clients: the pool tells what becomes of them, and whoever makes a record gets a connection."""

from __future__ import annotations

import asyncio

import pytest

from bybot.errors import Forbidden, NoSession, OwnedElsewhere, RecordExpired, RecordNotFound
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.records import Record, RecordSettings, RecordState
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, FaultyStore, live_client, log_in, plant_session, running, until
from tests.sessions.test_idle import idle_for

SHORT = RecordSettings(timeout=30, sweep_every=0.05, flush_every=0.05)


async def record_of(manager: UserSessionManager, user: str = "1") -> Record:
    (record,) = (await manager.records.list(user_id=user)).records
    return record


async def test_every_client_has_one_record_with_the_traffic_of_its_connection(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        record = await record_of(manager)
        assert (record.user, record.state, record.attached) == ("1", RecordState.ACTIVE, True)
        assert record.connection.instance == manager.instance
        assert (await manager.records.get_by_connection(str(record.connection))).id == record.id
        async with manager.use(1) as client:
            for _ in range(3):
                await client.get_me()
        after = (await manager.records.get(record.id)).stats["traffic"]
        assert after["requests"] >= record.stats["traffic"]["requests"] + 3
        assert after["bytes_sent"] > record.stats["traffic"]["bytes_sent"] > 0
        assert after["bytes_received"] > 0
        assert after["messages_received"] > 0
        assert after["latency_ms"] > 0
        assert (await manager.records.get(record.id)).last_active > record.last_active
        assert manager.records.is_online(1)
        assert [device.device for device in manager.records.devices("1")] == ["bybot"]
    assert await store.query("records") == []


async def test_a_closed_idle_client_is_idle_and_active_again_on_use(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        before = await record_of(manager)
        idle_for(1801, manager)
        assert await manager._idle.sweep() == 1
        asleep = await record_of(manager)
        assert (asleep.id, asleep.state) == (before.id, RecordState.IDLE)
        assert not manager.records.is_online(1)
        await manager.get_user_client(1)
        awake = await record_of(manager)
        assert (awake.id, awake.state) == (before.id, RecordState.ACTIVE)
        assert awake.connection.generation > asleep.connection.generation
        with pytest.raises(RecordNotFound):
            await manager.records.get_by_connection(before.connection)


async def test_a_repaired_connection_is_a_new_generation_of_the_same_record(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        before = await record_of(manager)
        sandbox.mtproto.close_connections(ANN)
        await until(lambda: manager._pool.live["1"].claim.traffic.reconnects == 1)
        after = await record_of(manager)
        assert after.id == before.id
        assert after.connection.generation == before.connection.generation + 1
        assert after.stats["traffic"]["reconnects"] == 1


async def test_a_client_that_does_not_open_leaves_no_record(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        assert await manager.get_user_client(1) is None
        assert (await manager.records.list()).total == 0
        with pytest.raises(NoSession):
            await manager.records.create(1)
        assert (await manager.records.list()).total == 0
        assert await store.query("records") == []


async def test_creating_a_record_wakes_the_session_and_keeps_it_connected(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, restore=False) as manager:
        made = await manager.records.create(1, device="laptop")
        assert made.record.state is RecordState.ACTIVE
        assert manager.ready_users() == ["1"]
        again = await manager.records.create("1", device="laptop")
        assert (again.record.id, again.resumed) == (made.record.id, True)
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
        assert {device.device for device in manager.records.devices(1)} == {"bybot", "laptop"}
        for live in manager._pool.live.values():
            live.opened -= 10_000
            live.last_used = None
        assert await manager._idle.sweep() == 0  # the record needs it
        await manager.records.delete(made.record.id)
        assert manager.ready_users() == []  # and nobody else did
        assert (await manager.get_session_info(1))["status"] == "active"


async def test_an_expired_record_disconnects_its_client_and_the_login_stays(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, records=SHORT) as manager:
        ended: list[str] = []
        manager.records.on_expired(lambda record: ended.append(record.id))
        client = await live_client(manager)
        made = await manager.records.create(1, timeout=0.3)
        await until(lambda: not client.is_connected())
        await until(lambda: ended == [made.record.id])
        with pytest.raises(RecordExpired):
            await manager.records.get(made.record.id)
        again = await live_client(manager)
        assert (await again.get_me()).id == ANN
        assert ended == [made.record.id]


async def test_an_expiry_leaves_a_client_alone_that_somebody_else_uses(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, records=SHORT) as manager:
        ended: list[str] = []
        manager.records.on_expired(lambda record: ended.append(record.id))
        async with manager.use(1) as client:
            await manager.records.create(1, timeout=0.2)
            await until(lambda: len(ended) == 1)
            assert (await client.get_me()).id == ANN


async def test_records_and_tokens_survive_a_restart_of_the_process(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        made = await manager.records.create(1, metadata={"script": "report"})
        first = manager.instance
    async with running(sandbox, store) as manager:
        await until(lambda: manager.records.ledger.book.get(made.record.id) is not None)
        assert made.token is not None
        record = await manager.records.verify(made.record.id, made.token)
        assert record.metadata == {"script": "report"}
        assert record.connection.instance == manager.instance != first
        assert (await manager.records.create(1)).resumed


async def test_a_deleted_session_takes_its_records_along(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        made = await manager.records.create(1)
        await manager.delete_user_session(1)

        async def gone() -> bool:
            return (await manager.records.list()).total == 0 and await store.query("records") == []

        await until(gone)
        with pytest.raises(RecordNotFound) as caught:
            await manager.records.get(made.record.id)
        assert caught.value.reason == "deleted"


async def test_a_revoked_session_takes_its_records_along(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager:
        made = await manager.records.create(1)
        sandbox.auth.revoke(ANN)
        client = await live_client(manager)
        with pytest.raises(Exception, match="key"):
            await client.get_dialogs()

        async def gone() -> bool:
            return (await manager.records.list()).total == 0

        await until(gone)
        with pytest.raises(RecordNotFound):
            await manager.records.heartbeat(made.record.id)


async def test_the_manager_with_a_callers_rights_gives_their_records_only(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store, admin_ids=[9]) as manager:
        one, admin = manager.acting_as(1).records, manager.acting_as(9).records
        assert [record.user for record in (await one.list()).records] == ["1"]
        assert (await admin.list()).total == 2
        foreign = await record_of(manager, "2")
        with pytest.raises(Forbidden):
            await one.delete(foreign.id)
        assert manager.audit.records[-1].action == "records.delete"
        assert manager.audit.records[-1].allowed is False
        assert (await admin.get(foreign.id)).user == "2"


async def test_a_process_that_may_not_act_says_who_may(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager, running(sandbox, store, active=False) as other:
        made = await manager.records.create(1)
        await until(lambda: other._ownership.holder is not None)
        for call in (
            other.records.create(1),
            other.records.list(),
            other.records.get(made.record.id),
            other.records.heartbeat(made.record.id),
            other.records.verify(made.record.id, made.token or ""),
            other.records.update(made.record.id, metadata={"a": 1}),
            other.records.delete(made.record.id),
            other.records.stats(),
        ):
            with pytest.raises(OwnedElsewhere):
                await call
        with pytest.raises(OwnedElsewhere):
            other.records.is_online(1)
        assert other.measure().records["active"] == 0


async def test_an_idle_process_writes_no_record(sandbox: Sandbox) -> None:
    store = FaultyStore()
    for user in range(5):
        await plant_session(sandbox, store, user)
    async with running(sandbox, store, records=SHORT, lease_seconds=0.6) as manager:
        await until(lambda: manager._core.recount is False)
        store.commits.clear()
        await until(lambda: len(store.commits) >= 4)
        assert {write.key.collection for writes in store.commits for write in writes} == {"instances"}
        assert (await manager.records.list()).total == 5


async def test_creating_at_once_opens_one_client(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, restore=False) as manager:
        made = await asyncio.gather(*(manager.records.create(1, device=str(n % 2)) for n in range(10)))
        assert len({each.record.id for each in made}) == 2
        assert len(manager._pool.live) == 1


async def test_erasing_a_person_erases_their_records(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, "a.b c")
        await manager.records.create("a.b c", metadata={"secret": "plan"})
        await manager.forget_person("a.b c")
        assert await store.query("records") == []
        assert (await manager.records.list()).total == 0
