"""The local store keeps the contract on a disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.stores.local import LocalFileStore
from tests.contracts.store_contract import StoreContract


class TestLocalFileStore(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[LocalFileStore]:
        store = LocalFileStore(tmp_path, "bot", SystemClock())
        await store.open()
        yield store
        await store.close()
