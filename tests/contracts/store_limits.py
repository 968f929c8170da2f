"""What every store must refuse, and at which size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import pytest

from bybot.errors import DocumentTooLarge
from bybot.stores.base import (
    DELETE_FIELD,
    MAX_COMMIT_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_VALUES,
    MAX_WRITES,
    SERVER_TIME,
    Condition,
    Delete,
    Key,
    Patch,
    Put,
    Store,
)

KEY = Key("things", "one")


class Colour(Enum):
    RED = "red"


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"d": value}
    return value


REFUSED: list[tuple[str, Any, str]] = [
    ("a tuple", (1, 2), "field: tuple"),
    ("a set", {1}, "field: set"),
    ("an object", object(), "field: object"),
    ("an enum", Colour.RED, "field: an Enum"),
    ("a long integer", 2**63, "field: an integer outside"),
    ("a long negative integer", -(2**63) - 1, "field: an integer outside"),
    ("a time without a zone", datetime(2026, 1, 1), "field: a time without"),  # noqa: DTZ001
    ("half a surrogate pair", "\ud800", "field: text with half"),
    ("a list in a list", [1, [2]], r"field\[1\]: a list directly"),
    ("a number as a name", {"a": {3: 4}}, r"field\.a\.3: a name must be a str"),
    ("an empty name", {"": 1}, "an empty name"),
    ("a reserved name", {"__a__": 1}, "field.__a__: names between"),
    ("a long name", {"n" * 1_501: 1}, "a name longer"),
    ("a deep value", _deep(30), "nested deeper"),
    ("a nested server time", {"at": SERVER_TIME}, r"field\.at: SERVER_TIME"),
    ("a bad value far inside", {"a": [{"b": {1}}]}, r"field\.a\[0\]\.b: set"),
]


class LimitsContract:
    """Part of the store contract."""

    @pytest.mark.parametrize(("value", "words"), [(v, w) for _, v, w in REFUSED], ids=[n for n, _, _ in REFUSED])
    async def test_a_value_that_no_store_can_hold_is_refused_by_name(
        self, store: Store, value: Any, words: str
    ) -> None:
        await store.commit([Put(KEY, {"a": 1})])
        for make in (Put, Patch):
            with pytest.raises(ValueError, match=words) as caught:
                await store.commit([Put(Key("things", "other"), {}), make(KEY, {"field": value})])
            assert "things/one" in str(caught.value)
        assert await store.get(Key("things", "other")) is None
        read = await store.get(KEY)
        assert read is not None
        assert dict(read.data) == {"a": 1}

    @pytest.mark.parametrize("name", ["", "__x__", "_n", 5])
    async def test_a_top_level_name_that_no_store_can_hold_is_refused(self, store: Store, name: Any) -> None:
        with pytest.raises(ValueError, match="name"):
            await store.commit([Put(KEY, {name: 1})])

    async def test_the_deepest_value_is_held(self, store: Store) -> None:
        await store.commit([Put(KEY, {"d": _deep(18)})])
        read = await store.get(KEY)
        assert read is not None
        assert read.data["d"] == _deep(18)

    @pytest.mark.parametrize(
        "write",
        [
            lambda: Put(KEY, {"a": DELETE_FIELD}),
            lambda: Patch(KEY, {"a": 1}, if_=Condition.ABSENT),
            lambda: Delete(KEY, if_=Condition.ABSENT),
        ],
        ids=["DELETE_FIELD in Put", "Patch if absent", "Delete if absent"],
    )
    async def test_writes_that_make_no_sense_are_refused(self, store: Store, write: Callable[[], Any]) -> None:
        with pytest.raises(ValueError, match=r"DELETE_FIELD|must be absent"):
            await store.commit([write()])

    async def test_a_document_twice_in_one_commit_is_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="things/one is written twice"):
            await store.commit([Put(KEY, {}), Delete(KEY)])
        assert await store.get(KEY) is None

    async def test_a_commit_holds_as_many_writes_as_promised_and_no_more(self, store: Store) -> None:
        writes = [Put(Key("things", f"{n:04}"), {"n": n, "at": SERVER_TIME}) for n in range(MAX_WRITES + 1)]
        with pytest.raises(ValueError, match="at most 500"):
            await store.commit(writes)
        assert await store.query("things") == []
        done = await store.commit(writes[:-1])
        assert len(done.versions) == MAX_WRITES
        assert len(await store.query("things", fields=[])) == MAX_WRITES

    @pytest.mark.parametrize("value", [b"x" * 999_000, "é" * 499_500, ["y" * 998] * 1_000])
    async def test_a_document_just_below_the_limit_is_held(self, store: Store, value: Any) -> None:
        await store.commit([Put(KEY, {"v": value})])
        read = await store.get(KEY)
        assert read is not None
        assert read.data["v"] == value

    async def test_a_session_of_three_quarters_of_the_limit_is_held(self, store: Store) -> None:
        key = Key("user_sessions", "1")
        await store.commit([Put(key, {"session_data": b"\x81" * 749_000})])
        read = await store.get(key)
        assert read is not None
        assert read.data["session_data"] == b"\x81" * 749_000
        with pytest.raises(DocumentTooLarge):
            await store.commit([Patch(key, {"session_data": b"\x81" * 751_000})])

    async def test_a_document_above_the_limit_is_refused_and_nothing_written(self, store: Store) -> None:
        with pytest.raises(DocumentTooLarge, match="things/one"):
            await store.commit([Put(Key("things", "other"), {}), Put(KEY, {"v": "x" * MAX_DOCUMENT_BYTES})])
        assert await store.query("things") == []

    async def test_a_patch_that_makes_a_document_too_large_is_refused(self, store: Store) -> None:
        await store.commit([Put(KEY, {"a": b"x" * 700_000})])
        with pytest.raises(DocumentTooLarge):
            await store.commit([Patch(KEY, {"b": b"x" * 700_000})])
        read = await store.get(KEY)
        assert read is not None
        assert set(read.data) == {"a"}

    async def test_a_document_of_too_many_values_is_refused(self, store: Store) -> None:
        await store.commit([Put(KEY, {"l": [1] * (MAX_VALUES - 1)})])
        for data in ({"l": [1] * MAX_VALUES}, {"m": {f"{n}": [n] for n in range(MAX_VALUES // 2)}}):
            with pytest.raises(DocumentTooLarge, match="values"):
                await store.commit([Put(KEY, data)])
        with pytest.raises(DocumentTooLarge, match="values"):
            await store.commit([Patch(Key("things", "two"), {"a": [1] * MAX_VALUES})])

    async def test_a_commit_of_too_many_bytes_is_refused_and_nothing_written(self, store: Store) -> None:
        part = MAX_COMMIT_BYTES // 10
        with pytest.raises(DocumentTooLarge, match="The commit"):
            await store.commit([Put(Key("things", f"{n}"), {"v": b"x" * part}) for n in range(10)])
        assert await store.query("things") == []
