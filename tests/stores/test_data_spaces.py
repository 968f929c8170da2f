"""Bots that share a disk or a database never see each other, and clearing one leaves the other as it is."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.base import SERVER_TIME, Condition, Delete, Document, Key, Patch, Put, Store, Where
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore

#: One name begins like the other, as careless prefixes would mix up.
MINE, THEIRS = "shop", "shop_2"
COLLECTIONS = ("user_sessions", "users", "bot_states", "logins", "auth_keys", "audit", "system", "instances")
USERS = ("5", "50", "5~7")

OpenStore = Callable[[str], Store]


@pytest.fixture(params=["local", "firestore"])
async def spaces(
    request: pytest.FixtureRequest, tmp_path: Path, server: FirestoreServer
) -> AsyncIterator[tuple[Store, Store]]:
    def make(bot_id: str) -> Store:
        if request.param == "local":
            return LocalFileStore(tmp_path, bot_id, SystemClock())
        return FirestoreStore("p", None, bot_id, emulator_host=server.address)

    stores = (make(MINE), make(THEIRS))
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


async def fill(store: Store, whose: str) -> None:
    for collection, user in itertools.product(COLLECTIONS, USERS):
        data = {"whose": whose, "at": SERVER_TIME}
        if collection == "user_sessions":
            data["session_data"] = whose.encode()
        await store.commit([Put(Key(collection, user), data, Condition.ABSENT)])


async def all_of(store: Store) -> dict[Key, Document]:
    return {document.key: document for collection in COLLECTIONS for document in await store.query(collection)}


def content(documents: dict[Key, Document]) -> dict[Key, tuple[str, dict[str, object]]]:
    return {key: (document.version, dict(document.data)) for key, document in documents.items()}


async def test_the_same_keys_hold_different_documents(spaces: tuple[Store, Store]) -> None:
    mine, theirs = spaces
    await fill(mine, "mine")
    assert await all_of(theirs) == {}
    await fill(theirs, "theirs")
    for store, whose in ((mine, "mine"), (theirs, "theirs")):
        found = await all_of(store)
        assert len(found) == len(COLLECTIONS) * len(USERS)
        assert {document.data["whose"] for document in found.values()} == {whose}
        assert len(await store.query("users", Where("whose", "theirs"))) == (len(USERS) if whose == "theirs" else 0)
        session = await store.get(Key("user_sessions", "5~7"))
        assert session is not None
        assert session.data["session_data"] == whose.encode()


async def test_clearing_one_leaves_every_byte_of_the_other(spaces: tuple[Store, Store]) -> None:
    mine, theirs = spaces
    await fill(mine, "mine")
    await fill(theirs, "theirs")
    before = content(await all_of(theirs))
    await mine.commit([Patch(Key("users", "5"), {"whose": "changed"})])
    for key in await all_of(mine):
        await mine.commit([Delete(key)])
    assert await all_of(mine) == {}
    assert content(await all_of(theirs)) == before
