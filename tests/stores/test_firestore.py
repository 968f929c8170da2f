"""The Firestore store keeps the contract on the sandbox's server, and on Google's emulator where it is found."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.firestore import FirestoreStore
from tests.contracts.store_contract import StoreContract

_spaces = itertools.count(1)


class TestFirestoreStoreOnTheSandbox(StoreContract):
    @pytest.fixture
    async def store(self, server: FirestoreServer) -> AsyncIterator[FirestoreStore]:
        store = FirestoreStore("p", None, "bot", emulator_host=server.address)
        await store.open()
        yield store
        await store.close()


class TestFirestoreStoreOnGooglesEmulator(StoreContract):
    @pytest.fixture
    async def store(self, emulator: str) -> AsyncIterator[FirestoreStore]:
        store = FirestoreStore("p", None, f"bot{next(_spaces)}", emulator_host=emulator)
        await store.open()
        yield store
        await store.close()
