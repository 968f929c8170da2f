"""Clients of stored sessions: opened once, shared, repaired, and never at the price of what is stored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telethon import TelegramClient

from bybot.errors import SessionRevoked, TelegramUnreachable
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, log_in, plant_session, running, until
from bybot.sessions.model import session_key


async def test_a_stored_session_gives_a_real_telethon_client(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, "user_123")
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session("user_123") is True
        client = await manager.get_user_client("user_123")
        assert type(client) is TelegramClient
        assert (await client.get_me()).id == ANN


async def test_without_a_session_there_is_no_client_and_the_status_says_so(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        assert await manager.create_user_session("nobody") is False
        assert await manager.get_user_client("nobody") is None
        assert (await manager.get_session_info("nobody"))["status"] == "no_session"
