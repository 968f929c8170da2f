"""A sandbox, and the settings of a bot that runs against it."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bybot.config import Settings, load_settings
from bybot.sandbox.server import Sandbox
from tests.sandbox.conftest import BOT_TOKEN, TINY

KEY = base64.b64encode(bytes(range(1, 33))).decode()
MakeSettings = Callable[..., Settings]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """With Firestore and a proxy, and its keys on the disk."""
    state = tmp_path / "telegram"
    state.mkdir()
    async with Sandbox(seed=TINY, state_dir=state, firestore_port=0, socks_port=0) as running:
        yield running


def environment(sandbox: Sandbox, sessions: Path, **more: str) -> dict[str, str]:
    """The variables of a bot against the sandbox, with its data in files."""
    return {
        "BOT_TOKEN": BOT_TOKEN,
        "API_ID": "12345",
        "API_HASH": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "TELEGRAM_DC": sandbox.dc_spec,
        "TELEGRAM_RSA_KEY_FILE": sandbox.addresses()["rsa_key_file"] or "",
        "BOT_API_URL": sandbox.bot_api_url,
        "SESSIONS_DIR": str(sessions),
        "SESSION_ENCRYPTION_KEYS": KEY,
        "ALLOWED_USERS": "*",
        "PORT": "0",
        "PACE": "off",
        "LEASE_SECONDS": "1.5",
        **more,
    }


@pytest.fixture
def variables(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """The environment of a bot against the sandbox, in files."""
    return environment(sandbox, tmp_path / "sessions", ADMIN_IDS="5000100")


@pytest.fixture
def firestore(sandbox: Sandbox) -> dict[str, str]:
    """What changes for Firestore."""
    return {
        "USE_LOCAL_STORAGE": "false",
        "FIREBASE_PROJECT_ID": "bybot-test",
        "FIRESTORE_EMULATOR_HOST": sandbox.firestore_address,
    }


@pytest.fixture
def make_settings(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> MakeSettings:
    """Settings from the variables, changed as asked, and nothing of the machine's own environment."""

    def make(**changes: Any) -> Settings:
        for name in list(os.environ):
            if name.lower() in Settings.model_fields:
                monkeypatch.delenv(name)
        for name, value in {**variables, **changes}.items():
            monkeypatch.setenv(name, str(value))
        return load_settings("/nonexistent/env")

    return make
