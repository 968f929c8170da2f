"""The command line as a process of its own, against a sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.support import forker
from tests.deployment.conftest import firestore, make_settings, sandbox, variables

__all__ = ["firestore", "make_settings", "sandbox", "variables"]


@pytest.fixture(scope="session", autouse=True)
def no_command_is_left() -> Iterator[None]:
    """Ends what starts the commands, and every command that still runs."""
    yield
    if forker.cache_info().currsize:
        forker().close()
        forker.cache_clear()
