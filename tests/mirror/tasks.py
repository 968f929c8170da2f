"""Ann with tasks: planted posts, slow copying, ends and kills of processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bybot.mirror import ByIds, PairState
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Message
from bybot.stores.memory import MemoryStore
from tests.mirror.test_exactly_once import MortalStore
from tests.mirror.test_supervisor import Heard, Process, channel
from tests.sessions.support import ANN, plant_session, running, until

N = [f"post {n}" for n in range(400)]
ENDS = {PairState.FINISHED, PairState.CANCELLED, PairState.UNDONE}


def write(sandbox: Sandbox, first: int, last: int, *, chained: bool = False) -> None:
    """Posts in the source; ``chained``: each replies to the one before, so that they are copied one by one."""
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    before = None
    for n in range(first, last):
        before = sandbox.world.send_message(wei, source, text=N[n], reply_to=before).id
        before = before if chained else None


def shown(sandbox: Sandbox, name: str = "@target") -> list[Message]:
    return [message for message in channel(sandbox, name).messages if message.action is None]


def range_of(sandbox: Sandbox, first: int, last: int) -> ByIds:
    """The posts that :func:`write` numbered so, both included."""
    by_text = {message.text: message.id for message in shown(sandbox, "@source")}
    return ByIds(by_text[N[first]], by_text[N[last]])


async def states(mirror: Supervisor, pair_id: str) -> list[PairState]:
    """Of a pair's tasks, the one that was added last first."""
    return [status.state for status in await mirror.list_tasks(ANN, pair_id)]


async def until_tasks(p: Process, pair_id: str, *wanted: PairState) -> None:
    async def reached() -> bool:
        tasks = await p.mirror.list_tasks(ANN, pair_id)
        noted = all(task.pair.ended is not None for task in tasks if task.state in ENDS)
        return noted and [task.state for task in tasks] == list(wanted)

    await until(reached, 20)


async def until_counted(p: Process, **wanted: int) -> None:
    """Wait for what the only pair has noted."""

    async def counted() -> bool:
        (status,) = await p.mirror.list_pairs(ANN)
        return wanted.items() <= status.counts.to_value().items()

    await until(counted)


def slow(sandbox: Sandbox, seconds: float = 0.03) -> None:
    """Every request takes its time, so that a task can be met in the middle."""
    for method in ("forwardMessages", "sendMessage"):
        sandbox.faults.add(kind="latency", method=method, seconds=seconds, times=None)


@asynccontextmanager
async def killed(sandbox: Sandbox, store: MemoryStore) -> AsyncIterator[Process]:
    """A process that dies at the end: nothing that the mirror does from then on is written."""
    heard, mortal = Heard(), MortalStore(store)
    async with running(sandbox, store) as manager:
        mirror = Supervisor(manager, mortal, pace="off", notices=heard, poll_seconds=0.3)
        await mirror.start()
        try:
            yield Process(manager, mirror, heard)
        finally:
            mortal.dead = True
            for person in mirror._people.values():
                for run in person.runs.values():
                    if run.task is not None:  # else it rests
                        run.task.cancel()
            await mirror.stop()


@pytest.fixture
async def ann(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
