"""A process is killed at every step of a move to another data centre. The login is there afterwards, and once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.stores.local import LocalFileStore
from tests.sessions.conftest import PEOPLE
from tests.sessions.holder import BOT_ID
from tests.sessions.support import ANN, plant_session, until
from tests.sessions.test_two_processes import holder

STEPS: dict[str, dict[str, Any]] = {
    "the export is asked for": {"kind": "latency", "method": "auth.exportAuthorization", "seconds": 30},
    "the export is given": {"kind": "cut", "method": "auth.exportAuthorization", "hold": True},
    "the import is asked for": {"kind": "latency", "method": "auth.importAuthorization", "seconds": 30},
    "the import is done": {"kind": "cut", "method": "auth.importAuthorization", "hold": True},
    "the new key is about to speak": {"kind": "latency", "method": "users.getUsers", "seconds": 30},
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=PEOPLE, dcs=(2, 4)) as running:
        yield running
        running.faults.clear()
        assert dict(running.counters.unknown) == {}
        assert running.counters.duplicate_violations == 0


async def prepare(sandbox: Sandbox, directory: Path) -> dict[str, Any]:
    """A directory with Ann's stored session. Returns what a holder must know."""
    store = LocalFileStore(directory, BOT_ID, SystemClock())
    await store.open()
    await plant_session(sandbox, store, 1)
    await store.close()
    return {"directory": str(directory), "lease": 1.5, "every": 0.01}


async def check_the_login(sandbox: Sandbox, directory: Path, facts: dict[str, Any]) -> None:
    """A new process speaks for the account, where it lives now; the account has this one login."""
    sandbox.faults.clear()
    async with holder(sandbox, "after", **facts) as after:
        await until(lambda: after.count("spoke") > 2, 20)
        assert after.count("lost") == 0
        after.process.terminate()
        await until(lambda: after.count("stopped"), 20)
    store = LocalFileStore(directory, BOT_ID, SystemClock())
    await store.open()
    try:
        document = await store.get(session_key("1"))
        assert document is not None
        assert (document.data["dc_id"], document.data["state"]) == (4, "ready")
        [entry] = await store.query("auth_keys")
        assert entry.key.id == document.data["key_hmac"]
    finally:
        await store.close()
    assert len(sandbox.auth.keys.of_account(ANN)) == 1


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_during_a_move_loses_nothing(sandbox: Sandbox, tmp_path: Path, step: str) -> None:
    facts = await prepare(sandbox, tmp_path)
    async with holder(sandbox, "before", **facts) as before:
        await until(lambda: before.count("spoke") > 2, 20)
        if step == "the new key is about to speak":
            sandbox.world.account(ANN).dc_id = 4
            await until(lambda: sandbox.counters.calls_of("auth.importAuthorization"), 20)
        held = sandbox.faults.add(account=None if "import" in step else ANN, **STEPS[step])
        sandbox.world.account(ANN).dc_id = 4
        assert await sandbox.faults.wait_fired(held.id, 20)
        before.process.kill()
    await check_the_login(sandbox, tmp_path, facts)


async def test_a_kill_at_any_moment_around_the_save_loses_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    facts = await prepare(sandbox, tmp_path)
    dice, home = random.Random(7), 2
    for _ in range(4):
        async with holder(sandbox, "before", **facts) as before:
            await until(lambda: before.count("spoke") > 2, 20)
            sandbox.counters.calls.clear()
            home = 6 - home
            sandbox.world.account(ANN).dc_id = home
            await until(lambda: sandbox.counters.calls_of("auth.importAuthorization"), 20)
            await asyncio.sleep(dice.uniform(0, 0.02))
            before.process.kill()
    sandbox.world.account(ANN).dc_id = 4
    await check_the_login(sandbox, tmp_path, facts)
