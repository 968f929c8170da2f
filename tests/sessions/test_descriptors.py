"""What open sessions cost the operating system: a socket each, and nothing else."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.sessions.support import live_client, plant_session, running

SESSIONS = 200


def descriptors() -> Counter[str]:
    """How many of each kind this process has open."""
    kinds: Counter[str] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:  # the one that listed this folder
            continue
        kinds["socket" if target.startswith("socket:") else "other"] += 1
    return kinds


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_open_sessions_use_no_descriptors_beyond_their_sockets(sandbox: Sandbox, store: MemoryStore) -> None:
    for user in range(1, SESSIONS + 1):
        await plant_session(sandbox, store, user, sandbox.world.create_account(f"Person {user}").id)
    before = descriptors()
    async with running(sandbox, store) as manager:
        stats = await manager.get_session_stats()
        assert stats["active_sessions"] == SESSIONS
        during = descriptors()
        # The sandbox is in this process too: each connection has two ends here.
        assert during["socket"] - before["socket"] == 2 * SESSIONS
        assert during["other"] <= before["other"]
        for user in range(1, SESSIONS + 1):
            await live_client(manager, user)
        assert descriptors() == during
    assert descriptors()["socket"] <= before["socket"] + SESSIONS
