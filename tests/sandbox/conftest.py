"""A running sandbox for each test, and the promise that no request went unanswered for want of a handler."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import rsa as client_rsa

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.faults import PROCESS_UNKNOWN
from bybot.sandbox.server import Sandbox

BOT_TOKEN = "7000000009:AAHq2Wd8sXv4LbTn6ZkRj0PcYg3MfEu5oIx"
TINY: dict[str, Any] = {
    "accounts": [
        {"name": "Ann", "last_name": "Ash", "username": "ann", "phone": "+447700900101", "id": 5000100},
        {"name": "伟", "username": "liwei", "phone": "+8613800138000", "id": 5000200, "lang_code": "zh-hans"},
    ],
    "bots": [{"name": "Tiny", "username": "tiny_bot", "token": BOT_TOKEN}],
    "channels": [
        {"title": "Source", "username": "source", "id": 1000000100, "creator": "@liwei", "members": ["@ann"]},
        {"title": "Target", "id": 1000000200, "creator": "@ann"},
    ],
}


@pytest.fixture(scope="session", autouse=True)
def no_request_is_unknown() -> Iterator[None]:
    """At the end of the session every request that a client made had a handler."""
    yield
    assert dict(PROCESS_UNKNOWN) == {}, f"requests without a handler: {dict(PROCESS_UNKNOWN)}"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A started sandbox with two people, a bot and two channels; Telethon trusts its key."""
    async with Sandbox(seed=TINY) as running:
        client_rsa.add_key(running.rsa_public_key_pem, old=False)
        # Telethon remembers the addresses of data centres for the whole process.
        TelegramClient._config = None
        yield running


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[ControlClient]:
    """The control surface of :func:`sandbox`."""
    async with ControlClient(sandbox.control_url) as client:
        yield client
