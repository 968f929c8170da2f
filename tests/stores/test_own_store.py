"""A store that somebody writes for themselves is held to the same contract: the example in SQLite is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest

from bybot.clock import SystemClock
from bybot.stores.base import Key, Put, Store
from tests.contracts.store_contract import StoreContract

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_store.py"


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("own_store", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_store"] = module
    spec.loader.exec_module(module)
    return module


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store: Store = _example().SqliteStore(tmp_path / "bybot.db", SystemClock())
        await store.open()
        yield store
        await store.close()

    async def test_what_was_committed_is_there_for_another_process(self, store: Store, tmp_path: Path) -> None:
        await store.commit([Put(Key("things", "1"), {"a": b"\x00"})])
        other: Store = _example().SqliteStore(tmp_path / "bybot.db", SystemClock())
        await other.open()
        found = await other.get(Key("things", "1"))
        assert found is not None
        assert dict(found.data) == {"a": b"\x00"}
        await other.close()
