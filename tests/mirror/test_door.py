"""Pairs start a few at a time, and none waits for long for another."""

from __future__ import annotations

import asyncio

import pytest

from bybot.mirror import New
from bybot.mirror.door import Door
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]


async def entered(door: Door, *names: str) -> list[str]:
    """Those of these who are inside after a few moments; the others still wait."""
    tasks = {name: asyncio.create_task(door.enter(name)) for name in names}
    for _ in range(3):
        await asyncio.sleep(0)
    inside = [name for name, task in tasks.items() if task.done()]
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    return inside


async def test_only_so_many_are_inside_and_who_leaves_lets_one_in() -> None:
    door = Door(2)
    assert await entered(door, "a", "b", "c") == ["a", "b"]
    assert await entered(door, "c") == []
    door.leave("a")
    door.leave("a")  # its place is free once
    door.leave("nobody")
    assert await entered(door, "c", "d") == ["c"]
    for name in "bc":
        door.leave(name)


async def test_who_stays_inside_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bybot.mirror.door._SECONDS", 0.01)
    door = Door(1)
    await door.enter("a")
    await door.enter("b")
    door.leave("a")  # too late to make room: that was given away
    assert await entered(door, "c") == []
    door.leave("b")


async def test_a_pair_whose_start_hangs_keeps_no_other_from_starting(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pairs = [
            await p.mirror.add_pair(ANN, "@source", "@target", New()),
            await p.mirror.add_pair(ANN, -1001000000500, "@second_copy", New()),
        ]
        for pair in pairs:
            await p.mirror.pause(ANN, pair.id)
        p.mirror._settings.door = Door(1)
        post(sandbox, "to be read")
        hangs = sandbox.faults.add(kind="latency", method="messages.getHistory", seconds=30, times=1)
        for pair in pairs:
            await p.mirror.resume(ANN, pair.id)
        post(sandbox, "one", "Inside")
        await until(lambda: texts(sandbox, "@second_copy") == ["one"])
        assert hangs.fired == 1
