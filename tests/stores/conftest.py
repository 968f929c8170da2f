"""Firestore servers for the tests: the sandbox's, and Google's emulator where it is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bybot.sandbox.firestore import FirestoreServer
from tests.stores.emulator import running_emulator, why_missing


@pytest.fixture
async def server() -> AsyncIterator[FirestoreServer]:
    """The sandbox's Firestore, started. No test may ask it for a call that it does not have."""
    server = FirestoreServer()
    await server.start()
    yield server
    await server.stop()
    assert not server.counts.unknown


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Google's emulator; the test is skipped where there is none."""
    reason = why_missing()
    if reason is not None:
        pytest.skip(reason)
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as address:
        yield address
