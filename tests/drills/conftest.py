"""A sandbox with people, and the variables of a bot that runs against it as a process of its own."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from tests.bot.support import ANN, PHONES, SEED, TOKEN, Person
from tests.deployment.conftest import MakeSettings, environment, firestore, make_settings

__all__ = ["MakeSettings", "firestore", "make_settings"]

KEY = base64.b64encode(bytes(range(1, 33))).decode()
API_HASH = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """With Firestore. What it keeps on disk is Telegram's, not ours."""
    state = tmp_path / "telegram"
    state.mkdir()
    async with Sandbox(seed=SEED, state_dir=state, firestore_port=0) as running:
        yield running
        assert dict(running.counters.unknown) == {}


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[ControlClient]:
    async with ControlClient(sandbox.control_url) as client:
        yield client


@pytest.fixture
def ann(control: ControlClient) -> Person:
    """Her account has a second password."""
    return Person(control, ANN, PHONES[ANN])


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """The folder of everything that the product writes."""
    folder = tmp_path / "product"
    folder.mkdir()
    return folder


@pytest.fixture
def variables(sandbox: Sandbox, product: Path) -> dict[str, str]:
    own = {"BOT_TOKEN": TOKEN, "API_HASH": API_HASH, "SESSION_ENCRYPTION_KEYS": KEY}
    return environment(sandbox, product / "sessions", ADMIN_IDS=str(ANN), HOST="127.0.0.1", **own)
