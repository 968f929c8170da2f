"""Running the command line, and what it is run against."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


async def start(variables: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    """Start ``python -m bybot ARGUMENTS``."""
    return await script(variables, sys.executable, "-W", "error", "-m", "bybot", *arguments)


async def script(variables: dict[str, str], *command: str) -> asyncio.subprocess.Process:
    """Start a process with this configuration. Standard input is closed: nothing may read it."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        *command,
        env={**inherited, **variables, "PYTHONPATH": str(ROOT), "ENV_FILE": "/nonexistent"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process, seconds: float = 40) -> Done:
    """Wait for its end, and never leave it behind."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def bybot(variables: dict[str, str], *arguments: str) -> Done:
    """Run a command to its end."""
    return await ended(await start(variables, *arguments))


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
