"""A sandbox Telegram for each test, and the promise that no auth key is ever used twice at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient

from bybot.clock import SystemClock
from bybot.sandbox.firestore import FirestoreServer
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Store
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore
from tests.sessions.room import Room

PEOPLE: dict[str, Any] = {
    "accounts": [
        {"name": "Ann", "last_name": "Ash", "username": "ann", "phone": "+447700900101", "id": 5000100},
        {"name": "伟", "username": "liwei", "phone": "+8613800138000", "id": 5000200},
    ],
    "channels": [{"title": "Source", "username": "source", "id": 1000000100, "creator": "@liwei", "members": ["@ann"]}],
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A started sandbox; afterwards no request was unknown and no key was used from two places."""
    async with Sandbox(seed=PEOPLE) as running:
        # Telethon remembers the addresses of data centres for the whole process.
        TelegramClient._config = None
        yield running
        assert dict(running.counters.unknown) == {}
        assert running.counters.duplicate_violations == 0


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    room.store.down = False
    for process in room.processes:
        await process.ownership.stop()


@pytest.fixture(params=["memory", "local", "firestore"])
async def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each kind of store, opened."""
    server = FirestoreServer()
    makers: dict[str, Callable[[], Store]] = {
        "memory": lambda: MemoryStore(SystemClock()),
        "local": lambda: LocalFileStore(tmp_path, "bot", SystemClock()),
        "firestore": lambda: FirestoreStore("p", None, "bot", emulator_host=server.address),
    }
    await server.start()
    store = makers[request.param]()
    await store.open()
    yield store
    await store.close()
    await server.stop()
