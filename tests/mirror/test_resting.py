"""A live pair that is quiet: it has no task and hardly anything in memory, and whatever happens wakes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from bybot.clock import Clock, SystemClock
from bybot.mirror import ChannelPair, New, NoticeKind, PairState
from bybot.mirror.journal import Journal
from bybot.mirror.pairstate import state_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.settings import Run
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import Process, channel, post, process, sandbox, state_of, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]


@pytest.fixture(autouse=True)
def _written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair rests when all of it is written: do not wait five minutes for that."""
    monkeypatch.setattr("bybot.mirror.journal.FLUSH_SECONDS", 0.02)
    monkeypatch.setattr("bybot.mirror.journal._SOON_SECONDS", 0.02)


class Ahead(SystemClock):
    """The time of day, and some more."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


def run_of(p: Process, pair: ChannelPair) -> Run:
    return p.mirror._people[str(ANN)].runs[pair.id]


def rests(p: Process, pair: ChannelPair) -> bool:
    """Whether it has no task, nor anything that works, and is live all the same."""
    run = p.mirror._people[str(ANN)].runs.get(pair.id)
    at_rest = run is not None and run.running and run.task is None and run.engine is not None and run.engine.resting
    named = [task for task in asyncio.all_tasks() if task.get_name() == f"pair {pair.id}"]
    return at_rest and not named


@asynccontextmanager
async def at_rest(
    sandbox: Sandbox, store: MemoryStore, rules: Rules | None = None, clock: Clock | None = None
) -> AsyncIterator[tuple[Process, ChannelPair]]:
    """A pair that has copied two posts, and rests."""
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store, clock=clock) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        if rules is not None:
            await p.mirror.set_rules(ANN, pair.id, rules)
        for text in ("one", "two"):
            post(sandbox, text)
        await until(lambda: texts(sandbox) == ["one", "two"])
        await until(lambda: rests(p, pair))
        yield p, pair


async def test_a_quiet_pair_is_live_without_a_task_and_a_post_wakes_it(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        assert await state_of(p.mirror) is PairState.LIVE
        assert p.mirror.figures().pairs == {"live": 1}
        post(sandbox, "three")
        await until(lambda: texts(sandbox) == ["one", "two", "three"])
        await until(lambda: rests(p, pair))
        (status,) = await p.mirror.list_pairs(ANN)
        assert status.counts.copied == 3


async def test_a_pair_that_starts_and_finds_nothing_to_do_rests_at_once(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store):
        pass
    async with process(sandbox, store) as p:
        await until(lambda: str(ANN) in p.mirror._people)
        await until(lambda: [rests(p, run.pair) for run in p.mirror._people[str(ANN)].runs.values()] == [True])
        post(sandbox, "three")
        await until(lambda: texts(sandbox) == ["one", "two", "three"])


async def test_a_post_that_is_not_pushed_wakes_it_by_the_look_at_all_sources(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with at_rest(sandbox, store):
        sandbox.faults.add(kind="lost_push", account=ANN, times=None)
        post(sandbox, "three")
        await until(lambda: texts(sandbox) == ["one", "two", "three"])


async def test_looks_that_find_nothing_let_it_rest(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        before = run_of(p, pair).engine
        asked = sandbox.counters.calls_of("getPeerDialogs")
        await until(lambda: sandbox.counters.calls_of("getPeerDialogs") >= asked + 3)
        assert rests(p, pair)
        assert run_of(p, pair).engine is before


async def test_an_edit_a_pin_and_a_deletion_wake_it(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store, Rules(pins="follow")) as (p, pair):
        source, editor = channel(sandbox, "@source"), find_account(sandbox.world, "@liwei")
        first, second = [message.id for message in source.messages if message.action is None]
        sandbox.world.edit_message(editor, source.peer, first, text="changed")
        await until(lambda: texts(sandbox) == ["changed", "two"])
        await until(lambda: rests(p, pair))
        sandbox.world.pins.pin(editor, source.peer, first)
        await until(lambda: [m.text for m in channel(sandbox, "@target").messages if m.pinned] == ["changed"])
        await until(lambda: rests(p, pair))
        sandbox.world.delete_messages(editor, source.peer, [second])
        await until(lambda: texts(sandbox) == ["changed"])


async def test_what_changed_while_the_account_was_away_is_found_by_a_pair_that_rested(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        source, editor = channel(sandbox, "@source"), find_account(sandbox.world, "@liwei")
        sandbox.faults.add(kind="lost_push", account=ANN, times=None)
        sandbox.world.edit_message(editor, source.peer, list(source.messages)[-1].id, text="changed")
        await p.mirror._people[str(ANN)].start()  # as when the session is ready again
        await until(lambda: texts(sandbox) == ["one", "changed"])
        await until(lambda: rests(p, pair))


async def test_a_pair_that_rested_holds_a_post_back_and_sends_it_when_it_may_go(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.mirror.gate._LOOK_SECONDS", 0.02)
    clock, held = Ahead(), Rules(schedule=Schedule(per_hour=3))
    async with at_rest(sandbox, store, held, clock) as (p, pair):
        post(sandbox, "three")
        await until(lambda: len(texts(sandbox)) == 3)
        await until(lambda: rests(p, pair))
        post(sandbox, "four")
        await until(lambda: not rests(p, pair))
        engine = run_of(p, pair).engine
        assert engine is not None
        await until(lambda: engine.progress.due is not None)
        clock.by = timedelta(hours=1)
        await until(lambda: texts(sandbox) == ["one", "two", "three", "four"])
        await until(lambda: rests(p, pair))


async def test_paused_at_rest_it_copies_nothing_and_resumed_it_copies_all(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        await p.mirror.pause(ANN, pair.id)
        assert await state_of(p.mirror) is PairState.PAUSED
        post(sandbox, "three")
        await p.mirror._people[str(ANN)].rest()
        assert texts(sandbox) == ["one", "two"]
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: texts(sandbox) == ["one", "two", "three"])


async def test_removed_at_rest_it_leaves_nothing_in_the_store(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        await p.mirror.remove(ANN, pair.id)
        post(sandbox, "three")
        assert await store.query("pair_states") == []
        assert await p.mirror.list_pairs(ANN) == []
    assert texts(sandbox) == ["one", "two"]


async def test_an_account_that_parts_takes_its_resting_pairs_along_and_they_go_on_elsewhere(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        await p.mirror._on_parting(ANN)  # as the session manager calls it before another process takes the session
        document = await store.get(state_key(pair.id))
        assert document is not None
        assert document.data["ceiling"] == document.data["mark"]  # closed in order: nothing is uncertain
        post(sandbox, "three")
    async with process(sandbox, store):
        await until(lambda: texts(sandbox) == ["one", "two", "three"])


@pytest.mark.parametrize("turns", range(0, 12, 2))
async def test_stopped_while_it_wakes_it_loses_and_doubles_nothing(
    sandbox: Sandbox, store: MemoryStore, turns: int
) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        engine = run_of(p, pair).engine
        assert engine is not None
        assert engine.inbox is not None
        post(sandbox, "three")
        engine.inbox.hint()  # it wakes now
        for _ in range(turns):
            await asyncio.sleep(0)
        await p.mirror.pause(ANN, pair.id)
        assert pair.id not in p.mirror._people[str(ANN)].runs
        await p.mirror.resume(ANN, pair.id)
        post(sandbox, "four")
        await until(lambda: len(texts(sandbox)) >= 4)
        await until(lambda: rests(p, pair))
    assert texts(sandbox) == ["one", "two", "three", "four"]


async def test_what_an_audit_notes_in_a_pair_at_rest_is_written(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        target, ann = channel(sandbox, "@target"), find_account(sandbox.world, "@ann")
        copy = list(target.messages)[-1].id
        sandbox.world.delete_messages(ann, target.peer, [copy])
        found = await p.mirror.audit(ANN, pair.id)
        assert len(found.missing) == 1

        async def written() -> bool:
            document = await store.get(state_key(pair.id))
            return document is not None and bool(document.data["missing"])

        await until(written)
        await until(lambda: rests(p, pair))


async def test_a_pair_at_rest_that_somebody_else_took_over_starts_anew(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        other = Journal(store, pair.id, "somebody else", SystemClock())
        await other.open()
        for n in range(3):
            post(sandbox, f"more {n}")
        await until(lambda: len(texts(sandbox)) >= 5)
        await until(lambda: rests(p, pair))
    assert texts(sandbox) == ["one", "two", "more 0", "more 1", "more 2"]


async def test_a_limit_of_the_account_stops_its_resting_pairs_too(sandbox: Sandbox, store: MemoryStore) -> None:
    async with at_rest(sandbox, store) as (p, pair):
        other = await p.mirror.add_pair(ANN, -1001000000500, "@second_copy", New())
        await until(lambda: rests(p, other))
        sandbox.faults.add(kind="error", method="forwardMessages", code=400, message="PEER_FLOOD", times=None)
        post(sandbox, "for the other", "Inside")
        await until(lambda: NoticeKind.LIMITED in p.heard.kinds)
        await until(lambda: not run_of(p, pair).running)
        assert {status.state for status in await p.mirror.list_pairs(ANN)} == {PairState.LIMITED}
        post(sandbox, "three")
        sandbox.faults.clear()
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: texts(sandbox) == ["one", "two", "three"])
