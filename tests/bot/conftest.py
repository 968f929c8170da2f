"""A sandbox with people and channels, and the product running against it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.faults import PROCESS_UNKNOWN
from bybot.sandbox.server import Sandbox
from tests.bot.support import ANN, PHONES, SEED, STRANGER, WEI, Person, Product, running

# python-telegram-bot warns when it makes a RetryAfter unless one says which kind of number is wanted.
os.environ.setdefault("PTB_TIMEDELTA", "true")


@pytest.fixture(scope="session", autouse=True)
def no_request_is_unknown() -> Iterator[None]:
    """At the end of the session every request that the product made had a handler."""
    yield
    assert dict(PROCESS_UNKNOWN) == {}, f"requests without a handler: {dict(PROCESS_UNKNOWN)}"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=SEED) as running_sandbox:
        yield running_sandbox


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[ControlClient]:
    async with ControlClient(sandbox.control_url) as client:
        yield client


@pytest.fixture
async def product(sandbox: Sandbox) -> AsyncIterator[Product]:
    async with running(sandbox) as product:
        yield product


@pytest.fixture
def ann(control: ControlClient) -> Person:
    """Speaks English; her account has a second password."""
    return Person(control, ANN, PHONES[ANN])


@pytest.fixture
def wei(control: ControlClient) -> Person:
    """His Telegram speaks Chinese; his account has no second password."""
    return Person(control, WEI, PHONES[WEI])


@pytest.fixture
def stranger(control: ControlClient) -> Person:
    return Person(control, STRANGER)
