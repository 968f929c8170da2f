"""What pairs that start ask about their sources: together, and only for what they need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bybot.mirror import New, NoticeKind
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import Process, channel, post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]

PAIRS = (("@source", "@target"), (-1001000000500, "@second_copy"))


@asynccontextmanager
async def started_again(sandbox: Sandbox, store: MemoryStore) -> AsyncIterator[Process]:
    """Two pairs that copied a post each, in a process of its own that has just begun."""
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        for source, target in PAIRS:
            await p.mirror.add_pair(ANN, source, target, New())
        post(sandbox, "one")
        post(sandbox, "one", "Inside")
        await until(lambda: texts(sandbox) == texts(sandbox, "@second_copy") == ["one"])
    sandbox.counters.calls.clear()
    async with process(sandbox, store) as p:
        yield p


async def live(p: Process) -> None:
    await until(lambda: p.mirror.figures().pairs == {"live": 2})


async def test_sources_without_anything_new_are_looked_at_in_one_request_and_not_read(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with started_again(sandbox, store) as p:
        await live(p)
        calls = sandbox.counters.calls_of
        assert calls("getHistory") == calls("getChannels") == 0
        assert calls("getPeerDialogs") <= 2  # one of them may be the look of every minute
        for n in range(2):
            post(sandbox, f"live {n}")
        await until(lambda: texts(sandbox) == ["one", "live 0", "live 1"])


async def test_a_look_that_is_refused_keeps_nothing_from_being_copied(sandbox: Sandbox, store: MemoryStore) -> None:
    sandbox.faults.add(kind="error", method="getPeerDialogs", code=400, message="CHANNEL_INVALID", times=None)
    async with started_again(sandbox, store) as p:
        await live(p)
        post(sandbox, "two")
        await until(lambda: texts(sandbox) == ["one", "two"])
        assert texts(sandbox, "@second_copy") == ["one"]


async def test_what_was_posted_meanwhile_is_read_and_nothing_else(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        for source, target in PAIRS:
            await p.mirror.add_pair(ANN, source, target, New())
        post(sandbox, "one")
        await until(lambda: texts(sandbox) == ["one"])
    for n in range(3):
        post(sandbox, f"meanwhile {n}")
    async with process(sandbox, store) as p:
        await until(lambda: len(texts(sandbox)) >= 4)
        await live(p)
    assert texts(sandbox) == ["one", "meanwhile 0", "meanwhile 1", "meanwhile 2"]


async def test_a_wait_that_telegram_asks_of_looks_is_waited_out_and_pairs_start_without(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    flood = sandbox.faults.add(kind="flood", method="getPeerDialogs", seconds=3600, times=None)
    async with started_again(sandbox, store) as p:
        await live(p)
        post(sandbox, "two")
        await until(lambda: texts(sandbox) == ["one", "two"])
        assert flood.fired == 1, "known to the next process, which asks not even once"


async def test_a_source_that_became_protected_is_known_to_be_from_the_look(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with started_again(sandbox, store) as p:
        await live(p)
    channel(sandbox, "@source").noforwards = True
    post(sandbox, "not to be taken")
    sandbox.counters.calls.clear()
    async with process(sandbox, store) as p:
        await until(lambda: NoticeKind.PROTECTED in p.heard.kinds)
        assert sandbox.counters.calls_of("getChannels") == sandbox.counters.calls_of("forwardMessages") == 0
    assert texts(sandbox) == ["one"]
