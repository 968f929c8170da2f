"""The memory store keeps the contract, on a clock that stands still as well."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.stores.base import Key, Put
from bybot.stores.memory import MemoryStore
from tests.contracts.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[MemoryStore]:
        store = MemoryStore(SystemClock())
        await store.open()
        yield store
        await store.close()


async def test_times_rise_even_when_the_clock_stands_or_goes_back() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    first = (await store.commit([Put(Key("a", "1"), {})])).time
    second = (await store.commit([Put(Key("a", "1"), {})])).time
    clock.jump_wall(-3600)
    third = (await store.commit([Put(Key("a", "1"), {})])).time
    assert first < second < third <= await store.now()
