"""A store with a daily budget of writes: the same guarantees, counted over restarts, stretched near the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.errors import QuotaUsedUp, StaleWrite, StoreUnavailable
from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.base import Condition, Key, Put, stretch_of
from bybot.stores.budget import Budget, BudgetedStore, State
from bybot.stores.firestore import FirestoreStore
from bybot.stores.memory import MemoryStore
from tests.contracts.store_contract import StoreContract
from tests.sessions.support import FaultyStore

NOON = datetime(2026, 3, 1, 20, tzinfo=UTC)  # in California


class TestBudgetedStore(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[BudgetedStore]:
        store = BudgetedStore(MemoryStore(SystemClock()), Budget(SystemClock(), 100))
        await store.open()
        yield store
        await store.close()


async def write(store: BudgetedStore, documents: int) -> None:
    for at in range(0, documents, 100):
        await store.commit([Put(Key("a", str(n)), {}) for n in range(min(100, documents - at))])


async def test_work_is_stretched_as_the_end_comes_near_and_a_new_day_begins_anew() -> None:
    clock = ManualClock(NOON)
    told: list[tuple[State, int, int]] = []
    budget = Budget(clock, 1000)
    budget.on_change = lambda *what: told.append(what)
    store = BudgetedStore(MemoryStore(clock), budget)
    await store.open()
    seen = []
    for _ in range(11):
        await write(store, 100)
        seen.append(stretch_of(store))
    assert seen[:4] == [1, 1, 1, 1]
    assert seen == sorted(seen)
    assert seen[-1] == 8
    assert [state for state, _, _ in told] == ["near", "used_up"]
    clock.advance(13 * 3600)
    assert (stretch_of(store), budget.used, budget.state) == (1, 0, "well")


async def test_the_count_goes_on_in_the_next_process() -> None:
    clock = ManualClock(NOON)
    inner = MemoryStore(clock)
    first = BudgetedStore(inner, Budget(clock, 20_000))
    await first.open()
    await write(first, 1_250)
    second = BudgetedStore(inner, Budget(clock, 20_000))
    await second.open()
    assert 1_000 <= second.budget.used <= first.budget.used
    clock.advance(86_400)
    third = BudgetedStore(inner, Budget(clock, 20_000))
    await third.open()
    assert third.budget.used == 0


async def test_what_may_have_been_written_counts_and_what_was_refused_does_not() -> None:
    inner = FaultyStore()
    store = BudgetedStore(inner, Budget(SystemClock(), 1000))
    inner.lose_next = 1
    with pytest.raises(StoreUnavailable):
        await store.commit([Put(Key("a", "1"), {})])
    assert store.budget.used == 1
    with pytest.raises(StaleWrite):
        await store.commit([Put(Key("a", "1"), {}, if_=Condition.ABSENT)])
    assert store.budget.used == 1


async def test_a_store_that_refuses_is_left_in_peace_for_a_while_without_any_number(server: FirestoreServer) -> None:
    clock = ManualClock(NOON)
    told: list[State] = []
    inner = FirestoreStore("p", None, "bot", emulator_host=server.address)
    store = BudgetedStore(inner, Budget(clock))
    await store.open()
    try:
        store.budget.on_change = lambda state, used, most: told.append(state)
        await store.commit([Put(Key("a", "1"), {})])
        assert stretch_of(store) == 1
        fault = server.faults.add("quota", rpc="Commit")
        with pytest.raises(QuotaUsedUp):
            await store.commit([Put(Key("a", "1"), {})])
        assert (store.budget.state, stretch_of(store)) == ("used_up", 8)
        server.faults.remove(fault)
        clock.advance(3600)
        await store.commit([Put(Key("a", "1"), {})])
        assert stretch_of(store) == 1
    finally:
        await store.close()
    assert told == ["used_up", "well"]


def test_a_store_without_a_budget_is_never_stretched() -> None:
    assert stretch_of(MemoryStore(SystemClock())) == 1
