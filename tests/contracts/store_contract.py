"""The guarantees of :mod:`bybot.stores.base` as tests, for every store.

A store of your own can be held to them as well (``examples/own_store.py`` is one, ``tests/stores/test_own_store.py``
holds it to them): subclass, give a fixture, and let pytest collect the class::

    from tests.contracts.store_contract import StoreContract

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self):
            store = MyStore(...)          # opened, with a data space that nothing else uses
            await store.open()
            yield store
            await store.close()

Override ``durable`` with False when nothing survives a close() and a new store on the same place, else give a
``reopened`` fixture: a callable that makes a second, opened store on the same data.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bybot.errors import StaleWrite
from bybot.stores.base import (
    DELETE_FIELD,
    SERVER_TIME,
    Condition,
    Delete,
    Key,
    Patch,
    Put,
    Store,
)
from tests.contracts.store_limits import LimitsContract
from tests.contracts.store_queries import QueryContract
from tests.contracts.values import documents

KEY = Key("things", "one")
OTHER = Key("things", "two")


async def data_of(store: Store, key: Key) -> Any:
    found = await store.get(key)
    return None if found is None else dict(found.data)


def same(left: Any, right: Any) -> bool:
    """Equality that also compares types: 1, 1.0 and True are three values, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


class StoreContract(QueryContract, LimitsContract):
    """Subclass it with a ``store`` fixture."""

    async def test_an_absent_document_is_none(self, store: Store) -> None:
        assert await store.get(KEY) is None

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(data=documents)
    async def test_whatever_a_document_holds_comes_back_the_same(self, store: Store, data: dict[str, Any]) -> None:
        await store.commit([Put(KEY, data)])
        assert same(await data_of(store, KEY), data)
        (found,) = await store.query("things")
        assert same(dict(found.data), data)

    async def test_session_bytes_come_back_the_same(self, store: Store) -> None:
        key = Key("user_sessions", "7")
        data = {"session_data": bytes(range(256)) * 9, "owner": "me", "other": b"\x00\xff"}
        await store.commit([Put(key, data)])
        assert same(await data_of(store, key), data)
        await store.commit([Patch(key, {"owner": "you"})])
        assert await data_of(store, key) == {**data, "owner": "you"}
        await store.commit([Patch(key, {"session_data": b""})])
        assert (await data_of(store, key))["session_data"] == b""
        await store.commit([Patch(key, {"session_data": DELETE_FIELD})])
        assert await data_of(store, key) == {"owner": "you", "other": b"\x00\xff"}
        await store.commit([Delete(key)])
        assert await store.get(key) is None

    async def test_what_is_changed_afterwards_by_the_caller_does_not_change_the_store(self, store: Store) -> None:
        inner = [1, {"deep": [2]}]
        await store.commit([Put(KEY, {"list": inner})])
        inner[1]["deep"].append(3)  # type: ignore[index]
        read = await store.get(KEY)
        assert read is not None
        assert read.data["list"] == [1, {"deep": [2]}]
        read.data["list"].append("mine")
        assert await data_of(store, KEY) == {"list": [1, {"deep": [2]}]}

    async def test_put_replaces_the_whole_document(self, store: Store) -> None:
        await store.commit([Put(KEY, {"a": 1, "b": 2})])
        await store.commit([Put(KEY, {"b": 3})])
        assert await data_of(store, KEY) == {"b": 3}

    async def test_patch_replaces_fields_whole_and_keeps_the_others(self, store: Store) -> None:
        await store.commit([Put(KEY, {"a": {"x": 1, "y": 2}, "b": 2, "c": [1], "d.e": 4})])
        await store.commit([Patch(KEY, {"a": {"x": 9}, "c": DELETE_FIELD, "d.e": 5, "`q\\": 6, "no": DELETE_FIELD})])
        assert await data_of(store, KEY) == {"a": {"x": 9}, "b": 2, "d.e": 5, "`q\\": 6}

    async def test_patch_of_an_absent_document_is_refused(self, store: Store) -> None:
        for condition in (Condition.EXISTS, Condition.ANY):
            with pytest.raises(StaleWrite):
                await store.commit([Patch(KEY, {"a": 1}, if_=condition)])
        assert await store.get(KEY) is None

    async def test_put_if_absent_happens_once(self, store: Store) -> None:
        await store.commit([Put(KEY, {"a": 1}, if_=Condition.ABSENT)])
        with pytest.raises(StaleWrite):
            await store.commit([Put(KEY, {"a": 2}, if_=Condition.ABSENT)])
        assert await data_of(store, KEY) == {"a": 1}

    async def test_put_and_delete_if_exists_are_refused_when_absent(self, store: Store) -> None:
        with pytest.raises(StaleWrite):
            await store.commit([Put(KEY, {}, if_=Condition.EXISTS)])
        with pytest.raises(StaleWrite):
            await store.commit([Delete(KEY, if_=Condition.EXISTS)])
        await store.commit([Delete(KEY)])
        assert await store.get(KEY) is None

    async def test_a_version_is_good_for_one_write(self, store: Store) -> None:
        first = (await store.commit([Put(KEY, {"a": 1})])).versions[KEY]
        second = (await store.commit([Patch(KEY, {"a": 2}, if_=first)])).versions[KEY]
        for write in (Put(KEY, {}, if_=first), Patch(KEY, {}, if_=first), Delete(KEY, if_=first)):
            with pytest.raises(StaleWrite):
                await store.commit([write])
        third = (await store.commit([Put(KEY, {"a": 3}, if_=second)])).versions[KEY]
        await store.commit([Delete(KEY, if_=third)])
        assert await store.get(KEY) is None

    async def test_a_version_of_a_deleted_document_is_stale_even_when_it_was_made_again(self, store: Store) -> None:
        first = (await store.commit([Put(KEY, {"a": 1})])).versions[KEY]
        await store.commit([Delete(KEY)])
        with pytest.raises(StaleWrite):
            await store.commit([Put(KEY, {"a": 2}, if_=first)])
        await store.commit([Put(KEY, {"a": 1})])
        with pytest.raises(StaleWrite):
            await store.commit([Put(KEY, {"a": 2}, if_=first)])

    async def test_the_version_of_a_commit_is_the_version_that_is_read(self, store: Store) -> None:
        committed = await store.commit([Put(KEY, {"a": 1}), Put(OTHER, {"a": 1})])
        read = await store.get(KEY)
        assert read is not None
        assert read.version == committed.versions[KEY]
        assert {d.key: d.version for d in await store.query("things")} == committed.versions

    async def test_a_write_that_changes_nothing_still_changes_the_version(self, store: Store) -> None:
        versions = {(await store.commit([Put(KEY, {"a": 1})])).versions[KEY] for _ in range(3)}
        versions |= {(await store.commit([Patch(KEY, {"a": 1})])).versions[KEY] for _ in range(3)}
        versions |= {(await store.commit([Patch(KEY, {})])).versions[KEY] for _ in range(2)}
        assert len(versions) == 8

    async def test_a_commit_with_one_stale_write_changes_nothing(self, store: Store) -> None:
        version = (await store.commit([Put(KEY, {"a": 1}), Put(OTHER, {"a": 1})])).versions[KEY]
        await store.commit([Patch(KEY, {"a": 2})])
        new = Key("others", "new")
        with pytest.raises(StaleWrite):
            await store.commit([Put(new, {}), Delete(OTHER), Put(KEY, {"a": 3}, if_=version)])
        assert await data_of(store, KEY) == {"a": 2}
        assert await data_of(store, OTHER) == {"a": 1}
        assert await store.get(new) is None

    async def test_one_commit_writes_many_collections_and_kinds(self, store: Store) -> None:
        await store.commit([Put(KEY, {"a": 1}), Put(OTHER, {"a": 1})])
        session = Key("user_sessions", "1")
        done = await store.commit(
            [Put(session, {"session_data": b"x"}), Patch(KEY, {"b": 2}), Delete(OTHER), Put(Key("system", "x"), {})]
        )
        assert set(done.versions) == {session, KEY, Key("system", "x")}
        assert await data_of(store, session) == {"session_data": b"x"}
        assert await data_of(store, KEY) == {"a": 1, "b": 2}
        assert await store.get(OTHER) is None
        assert await data_of(store, Key("system", "x")) == {}

    async def test_server_time_is_the_stores_own(self, store: Store) -> None:
        before = await store.now()
        done = await store.commit([Put(KEY, {"at": SERVER_TIME, "a": 1})])
        await store.commit([Patch(KEY, {"later": SERVER_TIME})])
        read = await store.get(KEY)
        assert read is not None
        second = timedelta(seconds=2)
        assert abs(read.data["at"] - done.time) < second
        assert before <= done.time < read.update_time <= read.read_time <= await store.now()
        assert read.data["at"] <= read.data["later"] <= read.read_time
        assert all(t.utcoffset() == timedelta(0) for t in (read.data["at"], done.time, read.read_time, before))

    async def test_times_of_commits_rise(self, store: Store) -> None:
        times = [(await store.commit([Put(KEY, {"a": n})])).time for n in range(10)]
        assert times == sorted(set(times))

    async def test_commits_awaited_one_after_another_take_effect_in_order(self, store: Store) -> None:
        for n in range(20):
            await store.commit([Put(KEY, {"n": n})])
            assert await data_of(store, KEY) == {"n": n}

    async def test_many_tasks_that_count_by_version_lose_nothing(self, store: Store) -> None:
        await store.commit([Put(KEY, {"n": 0})])
        refused = 0

        async def count_up(times: int) -> None:
            nonlocal refused
            while times:
                read = await store.get(KEY)
                assert read is not None
                try:
                    await store.commit([Patch(KEY, {"n": read.data["n"] + 1}, if_=read.version)])
                    times -= 1
                except StaleWrite:
                    refused += 1

        await asyncio.gather(*(count_up(5) for _ in range(6)))
        assert await data_of(store, KEY) == {"n": 30}
        assert refused > 0

    async def test_many_tasks_that_create_one_document_make_it_once(self, store: Store) -> None:
        attempts = [store.commit([Put(KEY, {"by": n}, if_=Condition.ABSENT)]) for n in range(8)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        winners = [n for n, result in enumerate(results) if not isinstance(result, BaseException)]
        assert len(winners) == 1
        assert all(isinstance(r, StaleWrite) for n, r in enumerate(results) if n not in winners)
        assert await data_of(store, KEY) == {"by": winners[0]}

    async def test_an_empty_commit_tells_the_time(self, store: Store) -> None:
        done = await store.commit([])
        assert done.versions == {}
        assert done.time <= await store.now()

    async def test_closing_twice_is_fine(self, store: Store) -> None:
        await store.close()
        await store.close()
