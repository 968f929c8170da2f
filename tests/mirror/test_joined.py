"""Commits that travel together keep every guarantee of the store below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from bybot.clock import SystemClock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.joined import JoinedStore
from bybot.stores.base import Committed, Condition, Key, Put, Write
from bybot.stores.memory import MemoryStore
from tests.contracts.store_contract import StoreContract


class TestJoinedStore(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[JoinedStore]:
        store = JoinedStore(MemoryStore(SystemClock()))
        await store.open()
        yield store
        await store.close()


class Slow(MemoryStore):
    """Counts its commits, each of which takes a moment, and loses answers when told so."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.sizes: list[int] = []
        self.lose = False

    async def commit(self, writes: Sequence[Write]) -> Committed:
        await asyncio.sleep(0)
        self.sizes.append(len(writes))
        done = await super().commit(writes)
        if self.lose:
            raise StoreUnavailable("no answer")
        return done


def _put(number: int, condition: Condition = Condition.ANY) -> list[Write]:
    return [Put(Key("things", str(number)), {"number": number}, condition)]


async def test_what_is_asked_for_while_a_commit_is_under_way_is_the_next_one() -> None:
    slow = Slow()
    store = JoinedStore(slow)
    first = asyncio.create_task(store.commit(_put(0)))
    await asyncio.sleep(0)
    done = await asyncio.gather(first, *(store.commit(_put(number)) for number in range(1, 8)))
    assert sum(slow.sizes) == 8
    assert len(slow.sizes) <= 2
    for number, committed in enumerate(done):
        document = await store.get(Key("things", str(number)))
        assert document is not None
        assert document.version == committed.versions[document.key]


async def test_a_stale_write_refuses_its_own_commit_alone() -> None:
    store = JoinedStore(Slow())
    await store.commit(_put(3))
    asked = [store.commit(_put(number, Condition.ABSENT)) for number in range(6)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found] == [StaleWrite if number == 3 else Committed for number in range(6)]


async def test_nobody_knows_the_outcome_of_commits_whose_answer_is_lost() -> None:
    slow = Slow()
    store = JoinedStore(slow)
    slow.lose = True
    found = await asyncio.gather(*(store.commit(_put(number)) for number in range(3)), return_exceptions=True)
    assert all(isinstance(each, StoreUnavailable) for each in found)
    assert await store.get(Key("things", "2")) is not None


async def test_a_document_is_written_once_in_a_commit_and_in_the_order_of_asking() -> None:
    slow = Slow()
    store = JoinedStore(slow)
    await asyncio.gather(*(store.commit([Put(Key("things", "x"), {"number": n})]) for n in range(4)))
    document = await store.get(Key("things", "x"))
    assert document is not None
    assert document.data["number"] == 3
    assert slow.sizes == [1, 1, 1, 1]


async def test_a_commit_goes_on_when_its_caller_has_given_up() -> None:
    store = JoinedStore(Slow())
    asking = asyncio.create_task(store.commit(_put(1)))
    await asyncio.sleep(0)
    asking.cancel()
    await store.settle()
    assert await store.get(Key("things", "1")) is not None
    assert (await store.commit(_put(2))).versions
