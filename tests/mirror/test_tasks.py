"""Tasks: further ranges of a pair, beside it, each with a memory of its own."""

from __future__ import annotations

from collections import Counter

from bybot.mirror import Everything, PairState
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]


async def task_states(mirror: Supervisor, pair_id: str) -> list[PairState]:
    """The newest task first."""
    return [status.state for status in await mirror.list_tasks(ANN, pair_id)]


async def test_history_beside_live_copies_each_post_once_with_no_hole_where_they_meet(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ANN)
    for n in range(150):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        sandbox.faults.add(kind="latency", method="forwardMessages", seconds=0.3, times=2)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        for n in range(150, 160):
            post(sandbox, f"post {n}")
        await until(lambda: len(texts(sandbox)) >= 160, 20)
        await until(lambda: len(p.heard.notices) > 0)
        (status,) = await p.mirror.list_pairs(ANN)
        (task,) = await p.mirror.list_tasks(ANN, pair.id)
    assert Counter(texts(sandbox)) == Counter(f"post {n}" for n in range(160))
    assert (status.counts.copied, task.counts.copied) == (10, 150)
    assert (status.state, task.state) == (PairState.LIVE, PairState.FINISHED)
