"""A sandbox with several data centres."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telethon import TelegramClient

from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.server import Sandbox
from bybot.sessions import image as images
from bybot.sessions.datacenter import DataCenter
from bybot.sessions.model import session_key
from bybot.sessions.telegram import TelegramEndpoint
from bybot.stores.base import Store
from tests.sessions.conftest import PEOPLE
from tests.sessions.support import (
    ANN,
    vault,
)


def endpoint(sandbox: Sandbox, transport: str = "full") -> TelegramEndpoint:
    return TelegramEndpoint(
        12345,
        "0123456789abcdef0123456789abcdef",
        dc=DataCenter.parse_all(sandbox.dc_spec),
        rsa_pem=sandbox.rsa_public_key_pem,
        transport=transport,
    )


@pytest.fixture
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Data centres 2 and 4; afterwards no key was used from two places."""
    switches = getattr(request, "param", Switches())
    async with Sandbox(seed=PEOPLE, dcs=(2, 4), switches=switches) as running:
        TelegramClient._config = None
        yield running
        assert dict(running.counters.unknown) == {}
        assert running.counters.duplicate_violations == 0


async def stored_image(store: Store, user: str = "1") -> images.Image:
    """What is stored, opened."""
    document = await store.get(session_key(user))
    assert document is not None
    return images.read(vault().open(document.data["session_data"], user=user, purpose="session"))


def move(sandbox: Sandbox, dc: int = 4, account: int = ANN) -> None:
    sandbox.world.account(account).dc_id = dc
