"""What an operator does wrong or suffers, with the whole program: nothing is lost, nothing doubled, and it is said."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from telethon.errors import RPCError

from bybot.bot.migrations import SCHEMA
from bybot.bot.state import COLLECTION as STATES
from bybot.clock import SystemClock
from bybot.config import Settings
from bybot.deployment import Deployment
from bybot.errors import BybotError, SessionDetached, SessionRevoked, WrongKey
from bybot.parts import create_store
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import session_key
from bybot.stores.base import Condition, Put
from bybot.stores.local import LocalFileStore
from tests.bot.support import ANN, WEI, Person
from tests.deployment.test_deployment import vault_of
from tests.drills.conftest import MakeSettings
from tests.sessions.support import BOT_ID, plant_session, running
from tests.waiting import until

OTHER_KEY = "6r1cUvlTkNqfKqzXwLZkFVVKpHHTLqiyuHxpBm0b3Xk="
BOTH = ["files", "firestore"]


@pytest.fixture(autouse=True)
def no_key_is_doubled(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[None]:
    """Whatever happens: no key is used from two places, unless the test is about just that."""
    yield  # type: ignore[misc]
    if "doubled" not in request.node.name:
        assert sandbox.counters.duplicate_violations == 0


async def plant(sandbox: Sandbox, settings: Settings, *people: int) -> None:
    store = create_store(settings, SystemClock())
    await store.open()
    for person in people:
        await plant_session(sandbox, store, person, person, seal=vault_of(settings))
    await store.close()


@asynccontextmanager
async def deployed(settings: Settings, *ready: int) -> AsyncIterator[Deployment]:
    """A running program, as soon as these people's sessions are connected."""
    async with Deployment(settings) as deployment:
        await deployment.ready()
        await until(lambda: set(deployment.manager.ready_users()) >= set(map(str, ready)), 20)
        yield deployment


def fingerprint(folder: Path) -> dict[str, str]:
    """What every file holds, but for locks and what each process says of itself."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and ".lock" not in name and "/instances/" not in name and "/system/" not in name:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.parametrize("kind", BOTH)
async def test_an_old_backup_restored_beside_the_live_store_connects_nothing(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    live = make_settings(**(firestore if kind == "firestore" else {}))
    await plant(sandbox, live, ANN, WEI)
    backup = tmp_path / "old.bybot"
    async with deployed(live, ANN, WEI) as old:
        await old.manager.portable.backup(backup)
        other = make_settings(SESSIONS_DIR=str(tmp_path / "other"), BOT_ID=live.data_space)
        async with deployed(other) as beside:
            await beside.manager.wait_active()
            done = await beside.manager.portable.restore(backup)
            assert set(done.detached) == {str(ANN), str(WEI)}
            assert done.ready == ()
            with pytest.raises(SessionDetached):
                await beside.manager.get_user_client(ANN)
            assert beside.manager.ready_users() == []
        # In the live store itself nothing newer is overwritten, and everybody stays connected.
        again = await old.manager.portable.restore(backup)
        assert again.restored.get("user_sessions", 0) == 0
        for person in (ANN, WEI):
            client = await old.manager.get_user_client(person)
            assert client is not None
            assert (await client.get_me()).id == person


async def test_a_copied_directory_that_doubled_a_key_ends_in_words_and_not_in_a_storm(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    original, copied = (LocalFileStore(tmp_path / name, BOT_ID, SystemClock()) for name in ("original", "copied"))
    async with AsyncExitStack() as stack:
        await original.open()
        stack.push_async_callback(original.close)
        await plant_session(sandbox, original, ANN, ANN)
        await plant_session(sandbox, original, WEI, WEI)
        shutil.copytree(tmp_path / "original", tmp_path / "copied")
        await copied.open()
        stack.push_async_callback(copied.close)
        first = await stack.enter_async_context(running(sandbox, original))
        second = await stack.enter_async_context(running(sandbox, copied))
        for manager in (first, second):  # Telegram ends the key at the first request of the older one
            with contextlib.suppress(BybotError, ConnectionError, RPCError):
                client = await manager.get_user_client(ANN)
                assert client is not None
                await client.get_me()
        for manager in (first, second):
            await until(partial(_is_over, manager), 20)
            with pytest.raises(SessionRevoked):
                await manager.get_user_client(ANN)
            info = await manager.get_session_info(ANN)
            assert (info["status"], info["reason"]) == ("revoked", "duplicated")
        asked = sandbox.counters.calls_of("users.getUsers", ANN)
        await asyncio.sleep(1.0)
        assert sandbox.counters.calls_of("users.getUsers", ANN) == asked
        # Another person's session in the same two directories is not drawn into it.
        assert (await second.get_session_info(WEI))["status"] == "active"


async def _is_over(manager: UserSessionManager) -> bool:
    return (await manager.get_session_info(ANN))["status"] == "revoked"


@pytest.mark.parametrize("kind", BOTH)
async def test_a_wrong_key_is_named_and_everything_is_as_it_was_with_the_right_one(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, product: Path, kind: str
) -> None:
    more = firestore if kind == "firestore" else {}
    settings = make_settings(**more)
    await plant(sandbox, settings, ANN)
    async with deployed(settings, ANN):
        pass
    before = fingerprint(product)
    async with Deployment(make_settings(**more, SESSION_ENCRYPTION_KEYS=OTHER_KEY)) as wrong:
        with pytest.raises(WrongKey) as caught:
            await wrong.ready()
        assert OTHER_KEY not in str(caught.value)
        health = await wrong.health()
        assert health["status"] == "error"
    assert fingerprint(product) == before
    async with deployed(make_settings(**more), ANN):
        pass


@pytest.mark.parametrize("kind", BOTH)
async def test_another_bot_id_sees_nothing_and_touches_nothing(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, product: Path, kind: str
) -> None:
    more = firestore if kind == "firestore" else {}
    settings = make_settings(**more)
    await plant(sandbox, settings, ANN)
    async with deployed(settings, ANN):
        pass
    old = product / "sessions" / settings.data_space
    before = fingerprint(old)
    async with deployed(make_settings(**more, BOT_ID="somebody_else")) as changed:
        await changed.manager.wait_active()
        assert await changed.manager.get_user_client(ANN) is None
        assert (await changed.manager.get_session_stats())["total_sessions"] == 0
    assert fingerprint(old) == before
    async with deployed(make_settings(**more), ANN):
        pass


@pytest.mark.parametrize("rpc", ["Commit", None])
async def test_an_exhausted_quota_stops_the_work_loses_nothing_and_ends_by_itself(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, rpc: str | None
) -> None:
    settings = make_settings(**firestore)
    await plant(sandbox, settings, ANN)
    assert sandbox._firestore is not None
    async with deployed(settings, ANN) as deployment:
        token = deployment.manager.token(ANN)
        fault = sandbox._firestore.faults.add("quota", rpc=rpc)
        # Without a renewal this process may not act: it says so, and speaks no more.
        await until(lambda: deployment.manager.state == "waiting", 20)
        assert deployment.manager.ready_users() == []
        assert (await deployment.health())["status"] in ("degraded", "error")
        with pytest.raises(BybotError):
            await deployment.manager.get_user_client(ANN)
        sandbox._firestore.faults.remove(fault)
        await until(lambda: deployment.manager.ready_users() == [str(ANN)], 20)
        assert deployment.manager.token(ANN) > token
        client = await deployment.manager.get_user_client(ANN)
        assert client is not None
        assert (await client.get_me()).id == ANN


@pytest.mark.parametrize("kind", BOTH)
async def test_a_new_version_that_dies_again_and_again_leaves_the_old_one_at_work(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, kind: str
) -> None:
    settings = make_settings(**(firestore if kind == "firestore" else {}))
    await plant(sandbox, settings, ANN)
    async with deployed(settings, ANN) as old:
        token = old.manager.token(ANN)
        for _ in range(3):
            new = Deployment(settings)
            await new.start()
            await asyncio.sleep(0.3)
            assert new.manager.state in ("starting", "waiting")
            await new.manager._ownership.halt()  # as if it were killed: it says nothing to the store
            await new.stop()
        assert old.manager.state == "active"
        assert old.manager.token(ANN) == token


async def test_after_a_rollback_what_a_newer_version_wrote_is_kept_and_said(
    make_settings: MakeSettings, sandbox: Sandbox, ann: Person
) -> None:
    settings = make_settings()
    await plant(sandbox, settings, ANN)
    store = create_store(settings, SystemClock())
    await store.open()
    try:
        async with deployed(settings, ANN):
            await ann.say_and_wait("/start")
        documents = await store.query(STATES)
        assert documents
        newer = {d.key: {**d.data, "schema": SCHEMA + 1, "readable_from": SCHEMA + 1, "x": {"y": 1}} for d in documents}
        await store.commit([Put(key, data, if_=Condition.EXISTS) for key, data in newer.items()])
        async with deployed(settings, ANN) as older:
            await ann.say_and_wait("/start")  # an answer, whatever it says: nobody is left alone
            assert (await older.manager.get_session_info(ANN))["status"] == "active"
        for key, data in newer.items():
            document = await store.get(key)
            assert document is not None
            assert document.data == data
        assert await store.get(session_key(str(ANN))) is not None
    finally:
        await store.close()
