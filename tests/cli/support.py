"""Running the command line, and what it is run against."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bybot.clock import SystemClock
from bybot.config import Settings
from bybot.deployment import Deployment
from bybot.parts import create_store
from bybot.sandbox.server import Sandbox
from bybot.sessions.vault import Vault
from bybot.stores.base import Store
from tests.sessions.support import plant_session
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent
ANN, LI_WEI = 5000100, 5000200


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Nothing of the machine's own configuration."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    fixed = {"PYTHONPATH": str(ROOT), "ENV_FILE": "/nonexistent", "COLUMNS": "200"}
    return {**inherited, **fixed, **variables}


class Forker:
    """See :mod:`tests.cli.forker`."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.cli.forker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT)

    def fork(self, variables: dict[str, str], arguments: tuple[str, ...]) -> Command:
        folder = tempfile.TemporaryDirectory(prefix="bybot-cli-")
        request = {"environment": environment(variables), "arguments": arguments, "folder": folder.name}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return Command(folder)

    def close(self) -> None:
        """End it, and whatever it still runs."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Command:
    """A running command."""

    def __init__(self, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._folder = folder

    def _read(self, name: str) -> str | None:
        path = Path(self._folder.name) / name
        return path.read_text() if path.exists() else None

    async def send_signal(self, number: int) -> None:
        os.kill(int(await until(lambda: self._read("pid"))), number)

    async def ended(self, seconds: float = 40) -> Done:
        """Wait for its end, and never leave it behind."""
        try:
            code = await until(lambda: self._read("code"), seconds=seconds)
            return Done(int(code), self._read("out") or "", self._read("err") or "")
        except TimeoutError:
            await self.send_signal(9)
            raise
        finally:
            self._folder.cleanup()


@cache
def forker() -> Forker:
    """The one of this run of the tests; ended in tests/cli/conftest.py."""
    return Forker()


def start(variables: dict[str, str], *arguments: str) -> Command:
    """Start ``python -m bybot ARGUMENTS`` with an empty standard input."""
    return forker().fork(variables, arguments)


async def bybot(variables: dict[str, str], *arguments: str) -> Done:
    """Run a command to its end."""
    return await start(variables, *arguments).ended()


async def script(variables: dict[str, str], *command: str) -> Done:
    """Run another program with this configuration, its standard input empty."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 40)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


def vault_of(settings: Settings) -> Vault:
    keys = [key.get_secret_value() for key in settings.session_encryption_keys]
    return Vault.from_text(keys, bot_id=settings.data_space)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of these settings."""
    store = create_store(settings, SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def plant(settings: Settings, sandbox: Sandbox, *users: int) -> dict[int, bytes]:
    """Store sessions that are logged in already. Returns their keys."""
    async with opened(settings) as store:
        seal = vault_of(settings)
        return {user: await plant_session(sandbox, store, user, user, seal=seal) for user in users}


@asynccontextmanager
async def deployed(settings: Settings) -> AsyncIterator[Deployment]:
    """A running deployment that holds the sessions."""
    async with Deployment(settings) as deployment:
        await deployment.ready()
        await until(lambda: deployment.manager.state == "active", seconds=20)
        await asyncio.wait_for(deployment.manager.wait_restored(), 20)
        yield deployment
