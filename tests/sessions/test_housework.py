"""What is done by itself at intervals, over restarts: cleaning up with a warning, backups, the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.errors import BybotError, Forbidden, StoreUnavailable
from bybot.sandbox.server import Sandbox
from bybot.sessions.auditlog import AUDIT, Audit
from bybot.sessions.housework import HouseworkSettings
from bybot.sessions.idle import Idle, Limits
from bybot.sessions.model import session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.sessions.schedule import SCHEDULES, Job, Schedule
from bybot.stores.base import Patch, Put, Store
from bybot.stores.memory import MemoryStore
from tests.sessions.room import settle
from tests.sessions.support import ANN, LI_WEI, FaultyStore, plant_session, running, until

DAY = 86_400.0
MONTH = HouseworkSettings(cleanup_days=30)

# Schedules --------------------------------------------------------------------------------------------------------


class Work:
    """A piece of work that counts, and fails when told to."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = False
        self.told: list[tuple[NewsKind, dict[str, str]]] = []

    async def __call__(self) -> None:
        if self.fails:
            raise BybotError("no")
        self.done += 1

    @asynccontextmanager
    async def process(self, store: Any, clock: ManualClock) -> AsyncIterator[None]:
        schedule = Schedule(store, clock, lambda kind, facts: self.told.append((kind, facts)))
        schedule.jobs.append(Job("work", DAY, self))
        task = asyncio.create_task(schedule.run())
        await settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def advance(clock: ManualClock, seconds: float, step: float = 1800.0) -> None:
    while seconds > 0:
        clock.advance(min(step, seconds))
        seconds -= step
        await settle()


async def test_work_is_done_once_in_an_interval_whatever_restarts_come_between() -> None:
    clock = ManualClock()
    store, work = FaultyStore(clock), Work()
    async with work.process(store, clock):
        assert work.done == 1
        await advance(clock, DAY / 2)
    for _ in range(3):
        async with work.process(store, clock):
            assert work.done == 1
    async with work.process(store, clock):
        await advance(clock, DAY * 0.49)
        assert work.done == 1
        await advance(clock, DAY * 0.03)
        assert work.done == 2
        await advance(clock, DAY * 3)
        assert work.done == 5
    assert len(store.commits) == 5  # one write each time


async def test_work_that_fails_is_tried_again_and_told_once() -> None:
    clock = ManualClock()
    store, work = FaultyStore(clock), Work()
    work.fails = True
    async with work.process(store, clock):
        await advance(clock, DAY / 4, 60)
        assert work.told == [(NewsKind.JOB_FAILED, {"job": "work", "error": "error"})]
        assert store.commits == []
        work.fails = False
        await advance(clock, DAY / 12, 60)
        assert work.done == 1
        assert work.told[1:] == [(NewsKind.JOB_WORKS, {"job": "work"})]


async def test_a_mistake_in_scheduled_work_ends_nothing_else() -> None:
    clock = ManualClock()
    store, work, other = FaultyStore(clock), Work(), Work()

    async def mistaken() -> None:
        raise KeyError("a mistake")

    schedule = Schedule(store, clock, lambda kind, facts: work.told.append((kind, facts)))
    schedule.jobs += [Job("mistaken", DAY, mistaken), Job("other", DAY, other)]
    task = asyncio.create_task(schedule.run())
    await advance(clock, DAY * 2.1)
    assert (other.done, work.told) == (3, [(NewsKind.JOB_FAILED, {"job": "mistaken", "error": "KeyError"})])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_outage_of_the_store_puts_work_off_and_is_no_news() -> None:
    clock = ManualClock()
    store, work = FaultyStore(clock), Work()
    store.down = True
    async with work.process(store, clock):
        await advance(clock, DAY / 12, 60)
        assert work.done == 0
        store.down = False
        await advance(clock, DAY / 12, 60)
        assert (work.done, work.told) == (1, [])


async def test_what_another_process_has_done_is_not_written_again() -> None:
    clock = ManualClock()
    store, work = FaultyStore(clock), Work()
    schedule = Schedule(store, clock, lambda kind, facts: None)
    async with work.process(store, clock):
        assert await schedule.last("work") is not None
    await schedule._done(Job("work", DAY, work), None)  # this one began before the other had written
    assert len(store.commits) == 1
    assert await store.get(SCHEDULES) is not None


# Cleaning up ------------------------------------------------------------------------------------------------------


async def age(store: Store, user: str, **days: float) -> None:
    now = datetime.now(UTC)
    data = {f"{name}_at": now - timedelta(days=value) for name, value in days.items()}
    await store.commit([Patch(session_key(user), data)])


async def tomorrow(store: MemoryStore) -> None:
    """The last round was yesterday."""
    await store.commit([Put(SCHEDULES, {"cleanup_at": datetime.now(UTC) - timedelta(days=1.1)})])


async def rounds(manager: Any, store: MemoryStore) -> None:
    await until(lambda: manager.housework.schedule.last("cleanup"))


async def test_people_are_warned_a_week_before_and_then_logged_out_at_telegram(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    await age(store, "1", last_used=40)
    await age(store, "2", last_used=20)
    told: list[SessionNews] = []
    async with running(sandbox, store, housework=MONTH) as manager:
        manager.on_news(told.append)
        await until(lambda: told)
        await rounds(manager, store)
        assert [(news.kind, news.user_id) for news in told] == [(NewsKind.UNUSED, "1")]
        left = told[0].facts["until"] - datetime.now(UTC)
        assert timedelta(days=6.9) < left <= timedelta(days=7)
        assert (await manager.get_session_info(1))["warned_at"] is not None
        await manager.news_told(1)
        assert len(sandbox.auth.keys.of_account(ANN)) == 1
    await age(store, "1", last_used=43, warned=3)
    await tomorrow(store)
    async with running(sandbox, store, housework=MONTH) as manager:
        manager.on_news(told.append)
        await until(lambda: is_new_round(manager))
        assert len(told) == 1
    await age(store, "1", last_used=48, warned=7.1)
    await tomorrow(store)
    async with running(sandbox, store, housework=MONTH) as manager:
        manager.on_news(told.append)
        await until(lambda: len(told) == 2)
        assert told[1] == SessionNews(NewsKind.CLEANED, "1", {"days": 30})
        assert sandbox.auth.keys.of_account(ANN) == []
        assert [each["user_id"] for each in await manager.list_sessions()] == ["2"]


async def is_new_round(manager: Any) -> bool:
    last = await manager.housework.schedule.last("cleanup")
    return last is not None and datetime.now(UTC) - last < timedelta(hours=1)


async def test_whoever_comes_back_is_warned_anew_a_month_later(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await age(store, "1", last_used=25, warned=60)
    async with running(sandbox, store, housework=MONTH) as manager:
        await until(lambda: is_new_round(manager))
        info = await manager.get_session_info(1)
        assert info["status"] == "active"
        assert datetime.now(UTC) - info["warned_at"] < timedelta(hours=1)


async def test_mirroring_is_use_and_what_is_revoked_or_odd_needs_no_warning(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    for user in ("mirroring", "used", "odd", "over"):
        await plant_session(sandbox, store, user)
        await age(store, user, last_used=100)
    await store.commit([Patch(session_key("odd"), {"last_used_at": 5, "created_at": "?"})])
    await store.commit([Patch(session_key("over"), {"state": "revoked", "reason": "revoked"})])

    async def mirrors(user_id: str) -> str | None:
        return "mirroring" if user_id == "mirroring" else None

    await tomorrow(store)
    async with running(sandbox, store) as manager, manager.use("used"):
        manager.housework.keep_while(mirrors)
        told: list[SessionNews] = []
        manager.on_news(told.append)
        report = await manager.cleanup_inactive_sessions(30)
        assert report.skipped == {"mirroring": "mirroring", "used": "in use", "odd": "malformed"}
        assert report.removed == ["over"]
        assert report.warned == []
        assert told == []


async def test_a_warning_that_cannot_be_written_is_not_given(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    await store.commit([Patch(session_key("1"), {"last_used_at": datetime.now(UTC) - timedelta(days=40)})])
    store.matches = lambda writes: any("warned_at" in getattr(write, "data", {}) for write in writes)
    store.drop_next = 1
    async with running(sandbox, store, housework=MONTH) as manager:
        told: list[SessionNews] = []
        manager.on_news(told.append)
        await until(lambda: is_new_round(manager))
        assert (store.drop_next, told) == (0, [])


async def test_a_process_that_only_visits_does_no_housework(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    await age(store, "1", last_used=40)
    both = HouseworkSettings(cleanup_days=30, backup_hours=1)
    async with running(sandbox, store, housework=both, restore=False) as manager:
        assert await manager.get_user_client(1) is not None
        assert (await manager.get_session_info(1))["warned_at"] is None
    assert await store.get(SCHEDULES) is None


# Backups ----------------------------------------------------------------------------------------------------------


async def test_backups_are_made_by_themselves(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    for _ in range(2):  # the second start comes too soon for another one
        async with running(sandbox, store, housework=HouseworkSettings(backup_hours=24)) as manager:
            await until(lambda: manager.housework.schedule.last("backup"))
            assert len(await manager.portable.list_backups()) == 1


# The audit log ----------------------------------------------------------------------------------------------------


async def test_the_audit_log_is_stored_and_administrators_read_it(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, admin_ids=[99]) as manager:
        for _ in range(5):
            with pytest.raises(Forbidden):
                await manager.acting_as(7).get_user_client(1)
        assert await manager.acting_as(99).get_session_info(1)
    async with running(sandbox, store, admin_ids=[99]) as manager:
        with pytest.raises(Forbidden):
            await manager.acting_as(7).list_audit()
        records = await manager.acting_as(99).list_audit(user_id=1)
        said = [(r.caller, r.action, r.user, r.allowed, r.count) for r in records]
        assert said == [("99", "get_session_info", "1", True, 1), ("7", "get_user_client", "1", False, 5)]
        refused = await manager.acting_as(99).list_audit(allowed=False)
        assert {record.action for record in refused} == {"get_user_client", "list_audit"}


async def test_many_audit_records_are_one_write_and_survive_an_outage() -> None:
    clock = ManualClock()
    store = FaultyStore(clock)
    audit = Audit(clock, store)
    task = asyncio.create_task(audit.run())
    store.down = True
    for number in range(300):
        audit.note("1", "use", str(number), allowed=False)
    await advance(clock, 60, 5)
    assert store.commits == []
    store.down = False
    await advance(clock, 60, 5)
    assert len(store.commits) == 1
    assert len(await audit.list(limit=1000)) == 300
    audit.note("1", "use", "2", allowed=True)
    assert (await audit.list(limit=1))[0].allowed
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_audit_log_is_bounded_in_parts_and_in_time() -> None:
    clock = ManualClock()
    store = FaultyStore(clock)
    audit = Audit(clock, store)
    for number in range(1000):
        audit.note("1", "use", str(number), allowed=False)
    await audit.flush()
    assert len(await store.query(AUDIT)) == 3
    clock.advance(31 * DAY)
    audit.note("1", "use", "2", allowed=False)
    await audit.flush()
    assert [document.key.id for document in await store.query(AUDIT)] == ["2026-02-01~00"]


async def test_two_processes_write_one_audit_log() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    first, second = Audit(clock, store), Audit(clock, store)
    first.note("1", "use", "2", allowed=False)
    second.note("3", "use", "4", allowed=True)
    await asyncio.gather(first.flush(), second.flush())
    assert {record.caller for record in await first.list()} == {"1", "3"}


async def test_a_person_is_forgotten_by_the_audit_log() -> None:
    clock = ManualClock()
    store = FaultyStore(clock)
    audit = Audit(clock, store)
    audit.note("5", "use", "6", allowed=False)
    audit.note("1", "use", "5~77", allowed=True)
    await audit.flush()
    audit.note("7", "use", "5", allowed=False)
    audit.note("55", "use", "6", allowed=False)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await audit.erase("5")
    store.down = False
    assert await audit.erase("5") == 2  # the one that was not stored yet went before
    assert [record.caller for record in await audit.list()] == ["55"]
    await audit.flush()
    assert [record.caller for record in await Audit(clock, store).list()] == ["55"]


# On every store ---------------------------------------------------------------------------------------------------


async def test_warnings_schedules_and_the_audit_log_are_kept_by_every_store(sandbox: Sandbox, any_store: Store) -> None:
    store = any_store
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    await age(store, "1", last_used=40)
    both = HouseworkSettings(cleanup_days=30, backup_hours=24)
    async with running(sandbox, store, housework=both, admin_ids=[99]) as manager:
        await until(partial(has_untold, store))
        await until(lambda: manager.housework.schedule.last("backup"))
        with pytest.raises(Forbidden):
            await manager.acting_as(7).get_user_client(1)
        sandbox.auth.revoke(LI_WEI)
        assert (await manager.force_refresh(2))["status"] == "revoked"
    async with running(sandbox, store, housework=both, admin_ids=[99], active=False) as manager:
        told: list[SessionNews] = []
        manager.on_news(told.append)
        await until(lambda: len(told) == 2)
        assert {(news.kind, news.user_id) for news in told} == {(NewsKind.UNUSED, "1"), (NewsKind.OVER, "2")}
        for user in (1, 2):
            await manager.news_told(user)
        assert [record.caller for record in await manager.acting_as(99).list_audit(user_id=1)] == ["7"]
        assert await manager.audit.erase("1") == 1
        assert await manager.audit.list(person="1") == []
        await manager.housework.keep("1")
        info = await manager.get_session_info(1)
        assert (info["warned_at"], info["status"]) == (None, "active")


async def has_untold(store: Store) -> bool:
    document = await store.get(session_key("1"))
    return document is not None and document.data.get("untold") is True


async def test_a_mistake_in_one_loop_ends_neither_it_nor_the_others(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant_session(sandbox, store, 1)
    looked = 0

    async def sweep(self: Idle) -> int:
        nonlocal looked
        looked += 1
        raise KeyError("a mistake")

    monkeypatch.setattr(Idle, "sweep", sweep)
    async with running(sandbox, store, health_seconds=0.5, limits=Limits(idle_seconds=0.2)) as manager:
        await until(lambda: looked >= 2)
        count = manager.health.vitals["1"].count
        await until(lambda: manager.health.vitals["1"].count > count)
