"""What a query of a store must give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bybot.stores.base import Delete, Key, Put, Store, Where, query_prefix


async def fill(store: Store, collection: str, data: dict[str, dict[str, Any]]) -> None:
    await store.commit([Put(Key(collection, id_), fields) for id_, fields in data.items()])


class QueryContract:
    """Part of the store contract."""

    async def test_a_collection_that_nobody_wrote_is_empty(self, store: Store) -> None:
        assert await store.query("nothing") == []

    async def test_documents_come_in_the_order_of_their_ids(self, store: Store) -> None:
        ids = ["b", "B", "a", "A", "10", "9", "-1", "_", "~", "a~1", "a%2Eb", "a:b", "aa", "Z9"]
        await fill(store, "things", {id_: {"id": id_} for id_ in ids})
        found = await store.query("things")
        assert [d.key for d in found] == [Key("things", id_) for id_ in sorted(ids)]
        assert [d.data["id"] for d in found] == sorted(ids)

    async def test_ids_that_differ_in_case_are_two_documents(self, store: Store) -> None:
        for collection in ("things", "user_sessions"):
            await fill(store, collection, {"aB": {"session_data": b"1"}, "Ab": {"session_data": b"2"}})
            for id_, value in (("aB", b"1"), ("Ab", b"2")):
                read = await store.get(Key(collection, id_))
                assert read is not None
                assert read.data["session_data"] == value

    async def test_other_collections_are_not_seen(self, store: Store) -> None:
        await fill(store, "things", {"1": {}})
        await fill(store, "things_too", {"2": {}})
        assert [d.key.id for d in await store.query("things")] == ["1"]

    @pytest.mark.parametrize(
        ("value", "ids"),
        [
            ("x", ["text"]),
            (1, ["float", "int"]),
            (1.0, ["float", "int"]),
            (True, ["true"]),
            (None, ["none"]),
            (b"x", ["bytes"]),
            (datetime(2026, 5, 6, 7, 8, 9, 12, UTC), ["time"]),
            ("absent", []),
        ],
    )
    async def test_a_filter_finds_equal_values_only(self, store: Store, value: Any, ids: list[str]) -> None:
        made = {
            "text": "x",
            "int": 1,
            "float": 1.0,
            "true": True,
            "none": None,
            "bytes": b"x",
            "time": datetime(2026, 5, 6, 7, 8, 9, 12, UTC),
            "list": ["x"],
            "map": {"x": "x"},
        }
        await fill(store, "things", {id_: {"f": v} for id_, v in made.items()} | {"without": {"g": "x"}})
        assert [d.key.id for d in await store.query("things", Where("f", value))] == ids

    async def test_a_filter_takes_any_field_name(self, store: Store) -> None:
        await fill(store, "things", {"1": {"a.b": 1, "`": 2}, "2": {"a": {"b": 1}}})
        assert [d.key.id for d in await store.query("things", Where("a.b", 1))] == ["1"]
        assert [d.key.id for d in await store.query("things", Where("`", 2))] == ["1"]

    async def test_a_filter_by_session_bytes(self, store: Store) -> None:
        await fill(store, "user_sessions", {"1": {"session_data": b"one"}, "2": {"session_data": b"two"}})
        found = await store.query("user_sessions", Where("session_data", b"two"))
        assert [d.key.id for d in found] == ["2"]

    @pytest.mark.parametrize("value", [[1], {"a": 1}, float("nan")])
    async def test_a_filter_compares_plain_values_only(self, store: Store, value: Any) -> None:
        with pytest.raises(ValueError, match="filter"):
            await store.query("things", Where("f", value))

    async def test_only_the_wanted_fields_come(self, store: Store) -> None:
        await fill(store, "user_sessions", {"1": {"a": 1, "b.c": [2], "session_data": b"x"}, "2": {"b": 3}})
        found = await store.query("user_sessions", fields=["a", "b.c", "zz"])
        assert [dict(d.data) for d in found] == [{"a": 1, "b.c": [2]}, {}]
        assert [dict(d.data) for d in await store.query("user_sessions", fields=[])] == [{}, {}]
        assert [
            d.data["session_data"] for d in await store.query("user_sessions", fields=["session_data"], limit=1)
        ] == [b"x"]
        assert found[0].version == (await store.query("user_sessions"))[0].version

    async def test_limit_and_after_walk_through_a_collection(self, store: Store) -> None:
        ids = [f"{n:03}" for n in range(25)]
        await fill(store, "things", {id_: {"even": int(id_) % 2 == 0} for id_ in ids})
        assert [d.key.id for d in await store.query("things", limit=4)] == ids[:4]
        assert [d.key.id for d in await store.query("things", limit=4, after="003")] == ids[4:8]
        assert [d.key.id for d in await store.query("things", after="0225")] == ids[23:]
        assert await store.query("things", after="024") == []
        assert await store.query("things", limit=0) == []
        found = await store.query("things", Where("even", True), limit=3, after="004")
        assert [d.key.id for d in found] == ["006", "008", "010"]

    async def test_a_large_collection_comes_whole(self, store: Store) -> None:
        ids = [f"{n:05}" for n in range(1_100)]
        for start in range(0, len(ids), 500):
            await fill(store, "things", {id_: {"n": int(id_), "f": 1} for id_ in ids[start : start + 500]})
        assert [d.data["n"] for d in await store.query("things")] == list(range(1_100))
        assert len(await store.query("things", Where("f", 1))) == 1_100
        assert [d.key.id for d in await store.query("things", limit=700, after="00099")] == ids[100:800]

    async def test_a_prefix_finds_what_goes_on_after_it_and_nothing_else(self, store: Store) -> None:
        for collection in ("things", "user_sessions"):
            beside = {id_: {} for id_ in ("5", "50", "5-", "5_1", "6", "4~1", "6~1")}
            await fill(store, collection, beside | {f"5~{n:03}": {"n": n, "other": "x"} for n in range(107)})
            found = await query_prefix(store, collection, "5~", fields=["n"])
            assert [dict(document.data) for document in found] == [{"n": n} for n in range(107)]
            assert await query_prefix(store, collection, "7~") == []
            assert [document.key.id for document in await query_prefix(store, collection, "6~")] == ["6~1"]

    async def test_a_deleted_document_is_no_longer_found(self, store: Store) -> None:
        await fill(store, "things", {"1": {}, "2": {}})
        await store.commit([Delete(Key("things", "1"))])
        assert [d.key.id for d in await store.query("things")] == ["2"]
