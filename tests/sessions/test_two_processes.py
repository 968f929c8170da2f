"""Real processes on one store: killed, frozen, cut off. The sandbox counts every key that two of them use."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bybot.clock import SystemClock
from bybot.sandbox.firestore.server import FirestoreServer
from bybot.sandbox.server import Sandbox
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from tests.sessions.holder import BOT_ID
from tests.sessions.support import ANN, plant_session, until

LEASE = 2.0


class Holder:
    """A child process and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(json.loads(line))

    def count(self, event: str) -> int:
        return sum(each["event"] == event for each in self.events)

    @property
    def times(self) -> list[float]:
        """When it spoke, by the machine's clock."""
        return [each["at"] for each in self.events if each["event"] == "spoke"]

    @property
    def tokens(self) -> list[int]:
        return [each["token"] for each in self.events if each["event"] == "spoke"]

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def holder(sandbox: Sandbox, label: str, **facts: Any) -> AsyncIterator[Holder]:
    everything = {"dc": sandbox.dc_spec, "pem": sandbox.rsa_public_key_pem, "user": "1", "label": label} | facts
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sessions.holder", json.dumps(everything), stdout=asyncio.subprocess.PIPE
    )
    child = Holder(process)
    try:
        yield child
    finally:
        await child.end()


@asynccontextmanager
async def firestore(sandbox: Sandbox) -> AsyncIterator[str]:
    """A Firestore server with one stored session."""
    server = FirestoreServer(SystemClock())
    address = await server.start()
    store = FirestoreStore("p", None, BOT_ID, emulator_host=address)
    try:
        await store.open()
        await plant_session(sandbox, store, 1)
        yield address
    finally:
        await store.close()
        await server.stop()


async def plant_local(sandbox: Sandbox, directory: Path) -> None:
    store = LocalFileStore(directory, BOT_ID, SystemClock())
    await store.open()
    await plant_session(sandbox, store, 1)
    await store.close()


async def test_after_a_kill_the_other_process_takes_over_on_lapse(sandbox: Sandbox) -> None:
    async with firestore(sandbox) as address:
        facts = {"firestore": address, "lease": LEASE}
        async with holder(sandbox, "a", **facts) as a, holder(sandbox, "b", **facts) as b:
            await until(lambda: a.count("spoke") + b.count("spoke") > 5, 20)
            first, second = (a, b) if a.count("spoke") else (b, a)
            await until(lambda: second.count("started"), 20)
            assert second.count("spoke") == 0
            first.process.kill()
            await until(lambda: second.count("spoke") > 5, 20)
            assert min(second.tokens) > max(first.tokens)
    assert sandbox.counters.duplicate_violations == 0
    assert len(sandbox.auth.keys.of_account(ANN)) == 1


async def test_a_frozen_process_never_speaks_again_with_what_it_held(sandbox: Sandbox) -> None:
    async with firestore(sandbox) as address:
        facts = {"firestore": address, "lease": LEASE, "every": 0.01}
        async with holder(sandbox, "a", **facts) as a, holder(sandbox, "b", **facts) as b:
            await until(lambda: a.count("spoke") + b.count("spoke") > 5, 20)
            first, second = (a, b) if a.count("spoke") else (b, a)
            await until(lambda: second.count("started"), 20)
            first.process.send_signal(signal.SIGSTOP)
            await until(lambda: second.count("spoke") > 5, 20)
            taken = min(second.tokens)
            first.process.send_signal(signal.SIGCONT)
            await until(lambda: first.count("lost"), 30)
            said = second.count("spoke")
            await until(lambda: second.count("spoke") > said + 20)
            assert all(token < taken for token in first.tokens)
    assert sandbox.counters.duplicate_violations == 0


async def test_a_process_that_is_stopped_politely_hands_over_at_once(sandbox: Sandbox) -> None:
    async with firestore(sandbox) as address:
        facts = {"firestore": address, "lease": LEASE}
        async with holder(sandbox, "a", **facts) as a:
            await until(lambda: a.count("spoke") > 2, 20)
            async with holder(sandbox, "b", **facts) as b:
                await until(lambda: b.count("started"), 20)
                a.process.send_signal(signal.SIGTERM)
                await until(lambda: b.count("spoke") > 2, LEASE + 3)
                await until(lambda: a.count("stopped"), 10)
                assert await a.process.wait() == 0
    assert sandbox.counters.duplicate_violations == 0


@pytest.mark.parametrize("kind", ["files", "firestore"])
async def test_a_later_process_that_asks_goes_on_without_a_gap(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    async with AsyncExitStack() as stack:
        facts: dict[str, Any] = {"lease": 1.0}
        if kind == "files":
            await plant_local(sandbox, tmp_path)
            facts["directory"] = str(tmp_path)
        else:
            facts["firestore"] = await stack.enter_async_context(firestore(sandbox))
        old = await stack.enter_async_context(holder(sandbox, "a", **facts))
        await until(lambda: old.count("spoke") > 5, 20)
        new = await stack.enter_async_context(holder(sandbox, "b", ask=True, **facts))
        await until(lambda: new.count("spoke") > 5, 20)
        assert max(old.tokens) < min(new.tokens)
        assert 0 < min(new.times) - max(old.times) < 2
    assert sandbox.counters.duplicate_violations == 0


async def test_a_process_killed_while_it_gives_is_taken_over_once_it_lapsed(sandbox: Sandbox) -> None:
    async with firestore(sandbox) as address:
        facts = {"firestore": address, "lease": 1.0}
        async with holder(sandbox, "a", hang=True, **facts) as old:
            await until(lambda: old.count("spoke") > 5, 20)
            async with holder(sandbox, "b", ask=True, **facts) as new:
                await until(lambda: old.count("parting"), 20)
                assert new.count("spoke") == 0
                old.process.kill()
                await until(lambda: new.count("spoke") > 5, 20)
    assert sandbox.counters.duplicate_violations == 0


async def test_a_process_that_hangs_past_its_lease_ends_itself(sandbox: Sandbox) -> None:
    async with firestore(sandbox) as address:
        facts = {"firestore": address, "lease": 1.0, "watchdog": True}
        async with holder(sandbox, "a", **facts) as a:
            await until(lambda: a.count("spoke") > 2, 20)
            a.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(1.6)
            a.process.send_signal(signal.SIGCONT)
            # Either the watchdog ended it, or it noticed by itself; it never went on as if nothing had been.
            said = a.count("spoke")
            await until(lambda: a.process.returncode is not None or a.count("lost"), 10)
            assert a.count("spoke") == said or a.count("lost")


async def test_on_one_disk_the_lock_of_a_killed_process_is_free_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    await plant_local(sandbox, tmp_path)
    facts = {"directory": str(tmp_path)}
    async with holder(sandbox, "a", **facts) as a:
        await until(lambda: a.count("spoke") > 5, 20)
        async with holder(sandbox, "b", **facts) as b:
            await until(lambda: b.count("started"), 20)
            await asyncio.sleep(0.5)
            assert b.count("spoke") == 0
            a.process.kill()
            await until(lambda: b.count("spoke") > 5, 10)
            assert min(b.tokens) > max(a.tokens)
    assert sandbox.counters.duplicate_violations == 0
