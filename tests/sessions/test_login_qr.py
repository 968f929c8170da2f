"""Logging in by a QR code."""

from __future__ import annotations

import asyncio

import pytest
from telethon.tl import functions

from bybot.errors import (
    LoginCancelled,
)
from bybot.sandbox.server import Sandbox
from bybot.sessions.login import LoggedIn, PasswordNeeded, QrShown
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import ready_client
from tests.sessions.support import (
    ANN,
    live_client,
    running,
)


async def test_a_scan_of_the_qr_code_logs_in(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        shown = await manager.begin_qr(1)
        assert shown.url.startswith("tg://login?token=")
        assert await manager.wait_qr(1, 0.05) == shown
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await scan(sandbox)
        done = await waiting
        assert isinstance(done, LoggedIn)
        assert done.account_id == ANN
        await live_client(manager)


async def scan(sandbox: Sandbox) -> None:
    login = sandbox.auth.newest_qr()
    assert login is not None
    async with ready_client(sandbox, sandbox.world.account(ANN)) as phone:
        await phone(functions.auth.AcceptLoginTokenRequest(login.token))


async def test_a_scan_may_need_the_password_too(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.auth.set_password(sandbox.world.account(ANN), "correct horse", "a horse")
    async with running(sandbox, store) as manager:
        await manager.begin_qr(1)
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await scan(sandbox)
        assert await waiting == PasswordNeeded("a horse")
        assert (await manager.submit_password(1, "correct horse")).account_id == ANN


async def test_an_expired_qr_code_is_renewed(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        shown = await manager.begin_qr(1)
        attempt = manager._desk.attempts["1"]
        attempt.qr = QrShown(shown.url, manager._clock.now())
        renewed = await manager.wait_qr(1, 5)
        assert isinstance(renewed, QrShown)
        assert renewed.url != shown.url


async def test_cancelling_ends_a_wait_for_a_scan(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        await manager.begin_qr(1)
        waiting = asyncio.create_task(manager.wait_qr(1, 10))
        await asyncio.sleep(0.05)
        await manager.cancel_login(1)
        with pytest.raises(LoginCancelled):
            await waiting
