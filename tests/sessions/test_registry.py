"""One auth key, one session: the registry, and logins that may not connect."""

from __future__ import annotations

import asyncio
import os

import pytest

from bybot.clock import SystemClock
from bybot.errors import KeyInUse, SessionDetached, WrongKey
from bybot.sandbox.server import Sandbox
from bybot.sessions.codec import Codec
from bybot.sessions.model import AUTH_KEYS, REGISTRY, session_key
from bybot.sessions.registry import open_registry
from bybot.stores.base import DELETE_FIELD, Delete, Patch, Put, Store
from bybot.stores.memory import MemoryStore
from tests.sessions.room import Room
from tests.sessions.support import ANN, FaultyStore, log_in, plant_session, running, vault


async def entries(store: Store) -> dict[str, str]:
    """Whose key each entry names."""
    return {document.key.id: document.data["user"] for document in await store.query(AUTH_KEYS)}


async def names(store: Store) -> dict[str, str]:
    """The name of each session's key, with the user, as the sessions tell it."""
    documents = await store.query("user_sessions")
    return {d.data["key_hmac"]: d.key.id for d in documents if "key_hmac" in d.data}


async def forget_names(store: Store) -> None:
    """Make the store look as an older version left it."""
    for document in await store.query("user_sessions"):
        await store.commit([Patch(document.key, {"key_hmac": DELETE_FIELD})])
    for document in await store.query(AUTH_KEYS):
        await store.commit([Delete(document.key)])


async def test_a_login_enters_its_key_in_the_commit_that_stores_it_and_deleting_takes_it_out(sandbox: Sandbox) -> None:
    store = FaultyStore()
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        (commit,) = [c for c in store.commits if any(w.key.collection == AUTH_KEYS for w in c)]
        assert session_key("1") in {write.key for write in commit}
        assert await entries(store) == await names(store) != {}
        await manager.delete_user_session(1)
        assert await entries(store) == {}


async def test_the_name_of_a_key_tells_nothing_about_it_and_differs_in_every_data_space() -> None:
    one, other = Codec(vault()), Codec(vault())
    await open_registry(MemoryStore(SystemClock()), one)
    await open_registry(MemoryStore(SystemClock()), other)
    key = os.urandom(256)
    assert one.key_name(key) != other.key_name(key)
    assert len(one.key_name(key) or "") == 64


async def test_a_new_login_of_the_same_person_moves_the_entry(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await log_in(manager, sandbox, 1)
        first = await names(store)
        await manager.delete_user_session(1)
        await log_in(manager, sandbox, 1)
        assert await entries(store) == await names(store)
        assert set(first).isdisjoint(await names(store))


async def test_sessions_of_an_older_version_are_entered_when_they_come_up(sandbox: Sandbox, store: MemoryStore) -> None:
    for user in range(12):
        await plant_session(sandbox, store, user)
    await forget_names(store)
    async with running(sandbox, store) as manager:
        assert len(manager.ready_users()) == 12
    assert len(await entries(store)) == 12
    assert await entries(store) == await names(store)


async def test_one_key_stored_for_two_people_connects_once_and_the_second_is_detached(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    document = await store.get(session_key("1"))
    assert document is not None
    codec = Codec(vault())
    data = codec.vault.open(document.data["session_data"], user="1", purpose="session")
    copy = {"session_data": codec.vault.seal(data, user="2", purpose="session")}
    await store.commit([Put(session_key("2"), {**document.data, **copy})])
    await forget_names(store)
    async with running(sandbox, store) as manager:
        statuses = {each["user_id"]: each["status"] for each in await manager.list_sessions()}
        assert sorted(statuses.values()) == ["active", "detached"]
        (loser,) = [user for user, status in statuses.items() if status == "detached"]
        with pytest.raises(SessionDetached):
            await manager.get_user_client(loser)
        info = await manager.get_session_info(loser)
        assert (info["status"], info["reason"]) == ("detached", "key_in_use")
        assert await manager.create_user_session(loser) is False
    kept = await store.get(session_key(loser))
    assert kept is not None
    assert kept.data["session_data"]  # refused, and not lost


async def test_a_detached_login_is_not_claimed_at_the_start_and_a_new_login_replaces_it(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    old = await names(store)
    await store.commit([Patch(session_key("1"), {"state": "detached", "reason": "exported"})])
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == []
        with pytest.raises(SessionDetached):
            await manager.get_user_client(1)
        assert sandbox.auth.keys.of_account(ANN)[0].newest_connection == 0
        await log_in(manager, sandbox, 1)
        assert manager.ready_users() == ["1"]
        assert set(await entries(store)).isdisjoint(old)
    assert len(await entries(store)) == 1


async def test_deleting_a_detached_login_removes_it_and_says_that_telegram_was_not_told(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    await store.commit([Patch(session_key("1"), {"state": "detached"})])
    async with running(sandbox, store) as manager:
        report = await manager.delete_user_session(1)
        assert (report.logged_out, "session" in report.removed) == (False, True)
        assert "detached" in report.failures[0]
    assert await entries(store) == {}


async def test_a_changed_key_moves_its_entry_also_after_a_lost_answer(room: Room) -> None:
    process = await room.process()
    claims = process.ownership.require()
    claim = await claims.create("1", {"state": "ready", "key_hmac": "a"})
    room.store.matches = lambda writes: any(write.key.collection == AUTH_KEYS for write in writes)
    room.store.lose_next = 1
    assert len(await claims.save_many([(claim, {"key_hmac": "b"})], rekey=True)) == 1
    assert await claims.save_many([(claim, {"key_hmac": "b", "note": 1})], rekey=True) == []
    assert await entries(room.store) == {"b": "1"}


async def test_a_key_that_another_session_holds_is_refused_and_nothing_is_written(room: Room) -> None:
    process = await room.process()
    claims = process.ownership.require()
    await claims.create("1", {"state": "ready", "key_hmac": "a"})
    with pytest.raises(KeyInUse) as caught:
        await claims.create("2", {"state": "ready", "key_hmac": "a"})
    assert caught.value.user_id == "1"
    assert "1" not in caught.value.message
    assert await room.store.get(session_key("2")) is None
    mine = await claims.create("3", {"state": "ready", "key_hmac": "c"})
    other = await claims.create("4", {"state": "ready", "key_hmac": "d"})
    failed = await claims.save_many([(mine, {"key_hmac": "e"}), (other, {"key_hmac": "e"})], rekey=True)
    assert [(claim.user, type(error)) for claim, error in failed] == [("4", KeyInUse)]
    assert await entries(room.store) == {"a": "1", "e": "3", "d": "4"}


async def test_an_entry_whose_session_holds_another_key_by_now_is_taken_over(room: Room) -> None:
    process = await room.process()
    claims = process.ownership.require()
    await claims.create("1", {"state": "ready", "key_hmac": "a"})
    await room.store.inner.commit([Patch(session_key("1"), {"key_hmac": "b"})])
    await claims.create("2", {"state": "ready", "key_hmac": "a"})
    assert (await entries(room.store))["a"] == "2"


async def test_two_processes_agree_on_the_secret_and_a_wrong_key_stops_the_start(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    codecs = [Codec(vault()), Codec(vault())]
    await asyncio.gather(*(open_registry(store, codec) for codec in codecs))
    key = os.urandom(256)
    assert codecs[0].key_name(key) == codecs[1].key_name(key)
    before = store._collections[REGISTRY.collection][REGISTRY.id]
    with pytest.raises(WrongKey):
        async with running(sandbox, store, seal=vault(bytes(32))):
            pass
    assert store._collections[REGISTRY.collection][REGISTRY.id] == before


async def test_when_the_registrys_secret_is_lost_all_keys_are_named_anew(sandbox: Sandbox, store: MemoryStore) -> None:
    key = await plant_session(sandbox, store, 1)
    former = await names(store)
    await store.commit([Delete(REGISTRY)])
    async with running(sandbox, store) as manager:
        assert manager.ready_users() == ["1"]
        assert await entries(store) == await names(store)
        assert set(former).isdisjoint(await names(store))
        await plant_session(sandbox, store, 2, data=key, register=False)
        with pytest.raises(SessionDetached):
            await manager.get_user_client(2)
