"""Tasks: further ranges of a pair, beside it, each with a memory of its own."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bybot.clock import SystemClock
from bybot.errors import PairNotFound, TooManyTasks
from bybot.mirror import ByIds, Everything, Last, New, NoticeKind, PairState, rebuild, taskbook, taskcalls
from bybot.mirror.idmap import IdRuns
from bybot.mirror.pairs import users_key
from bybot.mirror.pairstate import chunk_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Message
from bybot.stores.base import Delete
from bybot.stores.memory import MemoryStore
from tests.mirror.test_exactly_once import MortalStore
from tests.mirror.test_supervisor import Heard, Process, channel, post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, running, until

__all__ = ["sandbox", "store"]

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


async def until_ended(p: Process, pair_id: str, task_id: str) -> None:
    async def ended() -> bool:
        tasks = await p.mirror.list_tasks(ANN, pair_id)
        return any(task.pair.id == task_id and task.pair.ended is not None for task in tasks)

    await until(ended)


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
                    assert run.task is not None
                    run.task.cancel()
            await mirror.stop()


@pytest.fixture
async def ann(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)


pytestmark = pytest.mark.usefixtures("ann")

# Beside live ----------------------------------------------------------------------------------------------------


async def test_history_beside_live_copies_each_post_once_with_no_hole_where_they_meet(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 150)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        write(sandbox, 150, 160)
        await until_tasks(p, pair.id, PairState.FINISHED)
        await until(lambda: len(texts(sandbox)) >= 160, 20)
        await until_counted(p, copied=10)
        (status,) = await p.mirror.list_pairs(ANN)
        (task,) = await p.mirror.list_tasks(ANN, pair.id)
    assert Counter(texts(sandbox)) == Counter(N[:160])
    for part in (N[:150], N[150:160]):  # each in its order
        assert [text for text in texts(sandbox) if text in part] == part
    assert (task.counts.copied, status.state) == (150, PairState.LIVE)


async def test_new_posts_do_not_wait_for_the_history_beside_them(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 100, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Last(60), history="beside")
        await until(lambda: len(texts(sandbox)) >= 1)
        write(sandbox, 100, 101)
        await until(lambda: N[100] in texts(sandbox))
        assert await states(p.mirror, pair.id) == [PairState.HISTORY]
        sandbox.faults.clear()
        await until_tasks(p, pair.id, PairState.FINISHED)
    assert Counter(texts(sandbox)) == Counter(N[40:101])


async def test_a_post_that_becomes_visible_late_below_the_border_is_copied_once(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    world, wei = sandbox.world, find_account(sandbox.world, "@liwei")
    write(sandbox, 0, 5)
    appear = world.sending.send_late(wei, channel(sandbox, "@source"), [Draft(text="late")])
    write(sandbox, 5, 8)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        write(sandbox, 8, 10)
        await until(lambda: len(texts(sandbox)) == 10)
        appear()
        await until(lambda: "late" in texts(sandbox))
        await until_tasks(p, pair.id, PairState.FINISHED)
        assert NoticeKind.HISTORY_DONE not in p.heard.kinds
    assert Counter(texts(sandbox)) == Counter([*N[:10], "late"])


@pytest.mark.parametrize("mode", [New(), ByIds(1, 5)])
async def test_what_has_no_history_or_an_end_has_nothing_to_put_beside_it(
    sandbox: Sandbox, store: MemoryStore, mode: New | ByIds
) -> None:
    write(sandbox, 0, 10)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", mode, history="beside")
        assert await p.mirror.list_tasks(ANN, pair.id) == []
        assert pair.mode == mode


async def test_many_tasks_run_at_a_time_and_each_copies_its_range_once(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 60)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 60)
        first, again = range_of(sandbox, 0, 19), range_of(sandbox, 10, 29)
        await p.mirror.add_task(ANN, pair.id, first)
        await p.mirror.add_task(ANN, pair.id, again)
        await p.mirror.add_task(ANN, pair.id, Last(5))
        await until_tasks(p, pair.id, *[PairState.FINISHED] * 3)
        write(sandbox, 60, 61)  # to the pair alone
        await until(lambda: N[60] in texts(sandbox))
        history = await p.mirror.task_history(ANN, pair.id)
        assert [status.pair.id for status in await p.mirror.list_all(ANN)] == [pair.id]
    assert Counter(texts(sandbox)) == Counter([*N[:61], *N[:20], *N[10:30], *N[55:60]])
    assert {record.mode: record.counts.copied for record in history} == {first: 20, again: 20, Last(5): 5}
    assert all(record.how == "finished" and record.started <= record.ended for record in history)


# Ends and beginnings of a process -------------------------------------------------------------------------------


@pytest.mark.parametrize("life", [killed, process])
async def test_two_tasks_go_on_after_the_process_ended_in_their_middle(
    sandbox: Sandbox, store: MemoryStore, life: object
) -> None:
    write(sandbox, 0, 80, chained=True)
    assert callable(life)
    async with life(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 49))
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 40, 79))
        await until(lambda: {N[0], N[40]} <= set(texts(sandbox)))
        assert await states(p.mirror, pair.id) == [PairState.HISTORY] * 2
    sandbox.faults.clear()
    write(sandbox, 80, 82)
    async with process(sandbox, store) as p:
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        await until(lambda: len(texts(sandbox)) >= 92)
        counts = [status.counts.copied for status in await p.mirror.list_tasks(ANN, pair.id)]
    assert Counter(texts(sandbox)) == Counter([*N[:50], *N[40:82]])
    assert counts == [40, 50]


async def test_a_handover_in_the_middle_of_a_task_goes_on_at_the_other_end(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 60, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        await until(lambda: texts(sandbox))
        await p.mirror._on_parting(ANN)  # as the session manager calls it before another process takes the session
        assert p.mirror._people[str(ANN)].runs == {}
        copied = len(texts(sandbox))
        assert copied < 60
    async with process(sandbox, store) as p:
        sandbox.faults.clear()
        await until_tasks(p, pair.id, PairState.FINISHED)
    assert texts(sandbox) == N[:60]


@pytest.mark.parametrize("seed", range(3))
async def test_kills_at_random_among_many_tasks_lose_and_double_nothing(
    sandbox: Sandbox, store: MemoryStore, seed: int
) -> None:
    chance = random.Random(seed)
    write(sandbox, 0, 120)
    wanted: Counter[str] = Counter()
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
    posted = 120
    for _ in range(5):
        async with killed(sandbox, store) as p:
            first, last = sorted(chance.sample(range(120), 2))
            await p.mirror.add_task(ANN, pair.id, range_of(sandbox, first, last))
            wanted.update(N[first : last + 1])
            await asyncio.sleep(chance.uniform(0, 0.08))
            write(sandbox, posted, posted + 3, chained=chance.random() < 0.5)
            wanted.update(N[posted : posted + 3])
            posted += 3
            await asyncio.sleep(chance.uniform(0, 0.05))
    async with process(sandbox, store) as p:
        await until_tasks(p, pair.id, *[PairState.FINISHED] * 5)
        await until(lambda: len(texts(sandbox)) >= wanted.total(), 20)
        counts = [status.counts.copied for status in await p.mirror.list_tasks(ANN, pair.id)]
    assert Counter(texts(sandbox)) == wanted
    assert sum(counts) == wanted.total() - (posted - 120)


async def test_ended_tasks_do_not_start_again_with_the_process(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 3)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_task(ANN, pair.id, Everything())
        await until_tasks(p, pair.id, PairState.FINISHED)
    async with process(sandbox, store) as p:
        await until(lambda: p.mirror._people and pair.id in p.mirror._people[str(ANN)].runs)
        assert list(p.mirror._people[str(ANN)].runs) == [pair.id]
        assert await states(p.mirror, pair.id) == [PairState.FINISHED]
        assert NoticeKind.FINISHED not in p.heard.kinds


async def test_a_lost_login_stops_tasks_like_pairs(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 60, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        await until(lambda: texts(sandbox))
        sandbox.auth.revoke(ANN)
        await until_tasks(p, pair.id, PairState.NO_SESSION)
        await until(lambda: NoticeKind.SESSION_LOST in p.heard.kinds)
        assert p.heard.kinds.count(NoticeKind.SESSION_LOST) == 1


# What a person does with them -----------------------------------------------------------------------------------


async def test_pausing_a_pair_takes_its_tasks_along_and_leaves_those_that_were_paused_alone(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 80, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        alone = await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 39))
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 40, 79))
        await p.mirror.pause(ANN, alone.id)
        await until(lambda: N[40] in texts(sandbox))
        await p.mirror.pause(ANN, pair.id)
        assert await states(p.mirror, pair.id) == [PairState.PAUSED] * 2
        assert p.mirror._people[str(ANN)].runs == {}
        sandbox.faults.clear()
        await p.mirror.resume(ANN, pair.id)
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.PAUSED)
        await p.mirror.resume(ANN, alone.id)
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
    assert Counter(texts(sandbox)) == Counter(N[:80])


async def test_a_cancelled_task_stops_for_good_keeps_its_copies_and_may_go_on(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 60, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        task = await p.mirror.add_task(ANN, pair.id, Everything())
        await until(lambda: texts(sandbox))
        await p.mirror.cancel(ANN, task.id)
        await p.mirror.cancel(ANN, task.id)  # nothing more happens
        assert await states(p.mirror, pair.id) == [PairState.CANCELLED]
        sandbox.faults.clear()
        copied = len(texts(sandbox))
        assert 0 < copied < 60
        (record,) = await p.mirror.task_history(ANN, pair.id)
        assert record.how == "cancelled"
        assert 0 < record.counts.copied <= copied
        with pytest.raises(PairNotFound):
            await p.mirror.cancel(ANN, pair.id)
    async with process(sandbox, store) as p:
        await p.mirror.resume(ANN, pair.id)  # not the task: it was cancelled
        assert await states(p.mirror, pair.id) == [PairState.CANCELLED]
        await p.mirror.resume(ANN, task.id)
        await until_tasks(p, pair.id, PairState.FINISHED)
        assert [record.how for record in await p.mirror.task_history(ANN, pair.id)] == ["finished"]
    assert Counter(texts(sandbox)) == Counter(N[:60])


async def test_undoing_one_task_leaves_all_other_copies_and_it_can_be_copied_again(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 40)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 40)
        kept = await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 9))
        task = await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 5, 19))
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        await p.mirror.undo(ANN, task.id)
        await until_tasks(p, pair.id, PairState.UNDONE, PairState.FINISHED)
        assert Counter(texts(sandbox)) == Counter([*N[:40], *N[:10]])
        hows = {record.id: record.how for record in await p.mirror.task_history(ANN, pair.id)}
        assert hows == {kept.id: "finished", task.id: "undone"}
        await p.mirror.resume(ANN, task.id)
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
    assert Counter(texts(sandbox)) == Counter([*N[:40], *N[:10], *N[5:20]])


async def test_undoing_a_pair_undoes_its_tasks(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 30)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        await until_tasks(p, pair.id, PairState.FINISHED)
        write(sandbox, 30, 32)
        await until(lambda: len(texts(sandbox)) == 32)
        await p.mirror.undo(ANN, pair.id)
        assert (await p.mirror.list_pairs(ANN))[0].state in (PairState.UNDOING, PairState.PAUSED)  # at once
        await until_tasks(p, pair.id, PairState.UNDONE)
        await until(lambda: p.heard.kinds.count(NoticeKind.UNDONE) == 2)
        assert texts(sandbox) == []


async def test_removing_a_pair_removes_all_that_is_stored_of_it_and_its_tasks(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 60, chained=True)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        gone = await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 4))
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 9))
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        await p.mirror.remove(ANN, gone.id)
        assert await states(p.mirror, pair.id) == [PairState.FINISHED]
        slow(sandbox)
        await p.mirror.add_task(ANN, pair.id, Everything())
        await until(lambda: len(texts(sandbox)) > 15)
        await p.mirror.remove(ANN, pair.id)
        assert await p.mirror.list_pairs(ANN) == []
        assert await store.query("pair_states") == []
        copies = len(texts(sandbox))
        await asyncio.sleep(0.3)
        assert copies <= len(texts(sandbox)) <= copies + 1  # they stay; one may have been under way


async def test_rules_of_a_pair_hold_for_its_tasks(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 60, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything(), history="beside")
        await until(lambda: texts(sandbox))
        await p.mirror.set_rules(ANN, pair.id, Rules(transforms=(Add(Rich("!"), "below"),)))
        sandbox.faults.clear()
        document = await store.get(users_key(ANN))
        assert document is not None
        assert ["rules" in item for item in document.data["channel_pairs"]] == [True, False]  # they stand there once
        await until_tasks(p, pair.id, PairState.FINISHED)
        before = len([text for text in texts(sandbox) if "!" not in text])
        assert 0 < before < 60
        assert [text.partition("\n")[0] for text in texts(sandbox)] == N[:60]


async def test_only_so_many_tasks_are_open_and_only_so_many_are_kept(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taskbook, "MOST_OPEN", 2)
    monkeypatch.setattr(taskcalls, "MOST_KEPT", 3)
    write(sandbox, 0, 5)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        tasks = [await p.mirror.add_task(ANN, pair.id, ByIds(1, 1000 + n)) for n in range(2)]
        with pytest.raises(TooManyTasks):
            await p.mirror.add_task(ANN, pair.id, Everything())
        with pytest.raises(PairNotFound):
            await p.mirror.add_task(ANN, tasks[0].id, Everything())
        with pytest.raises(ValueError, match="posts that are there"):
            await p.mirror.add_task(ANN, pair.id, New())
        await p.mirror.cancel(ANN, tasks[1].id)
        more = await p.mirror.add_task(ANN, pair.id, ByIds(1, 1000))
        with pytest.raises(TooManyTasks):
            await p.mirror.resume(ANN, tasks[1].id)
        assert await p.mirror.open_tasks(ANN, pair.id) == 2
        await p.mirror.remove(ANN, more.id)
        for n in range(3):
            tasks.append(await p.mirror.add_task(ANN, pair.id, Last(n + 1)))
            await until_ended(p, pair.id, tasks[-1].id)
        left = [status.pair.id for status in await p.mirror.list_tasks(ANN, pair.id)]
        assert left == [tasks[4].id, tasks[3].id, tasks[0].id]  # the open one stays, the oldest ended ones go


# What the parts of a pair know of each other --------------------------------------------------------------------


def reply(sandbox: Sandbox, text: str, to: Message) -> None:
    wei = find_account(sandbox.world, "@liwei")
    sandbox.world.send_message(wei, channel(sandbox, "@source").peer, text=text, reply_to=to.id)


def reply_of(sandbox: Sandbox, text: str) -> str | None:
    """The text that a copy replies to."""
    copies = {message.id: message for message in shown(sandbox)}
    copy = next(message for message in copies.values() if message.text == text)
    return copies[copy.reply_to].text if copy.reply_to else None


async def test_a_new_post_replies_to_a_post_that_a_task_copied(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 30)
    originals = shown(sandbox, "@source")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_task(ANN, pair.id, ByIds(1, 100_000))  # still open
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 20, 29))
        await until(lambda: len(texts(sandbox)) == 40)
        reply(sandbox, "to a task that runs", originals[5])
        await until(lambda: texts(sandbox).count("to a task that runs") == 2)
        assert reply_of(sandbox, "to a task that runs") == N[5]
    async with process(sandbox, store) as p:
        (_, runs) = await p.mirror.list_tasks(ANN, pair.id)
        await p.mirror.cancel(ANN, runs.pair.id)
        reply(sandbox, "to a task that ended", originals[25])
        await until(lambda: "to a task that ended" in texts(sandbox))
        assert reply_of(sandbox, "to a task that ended") == N[25]
        (status,) = await p.mirror.list_pairs(ANN)
        assert status.counts.reply_lost == 0


async def test_a_task_replies_to_a_post_that_only_its_pair_copied(sandbox: Sandbox, store: MemoryStore) -> None:
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        write(sandbox, 0, 1)
        reply(sandbox, "an answer", shown(sandbox, "@source")[0])
        await until(lambda: texts(sandbox) == [N[0], "an answer"])
        await p.mirror.add_task(ANN, pair.id, Last(1))
        await until_tasks(p, pair.id, PairState.FINISHED)
    first, second, again = shown(sandbox)
    assert (second.reply_to, again.text, again.reply_to) == (first.id, "an answer", first.id)


async def test_links_point_at_copies_that_other_parts_made_in_both_directions(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 3)
    old = shown(sandbox, "@source")[1]
    post(sandbox, f"early, see https://t.me/source/{old.id + 3}")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        post(sandbox, "new")
        await until(lambda: texts(sandbox) == ["new"])
        assert shown(sandbox, "@source")[-1].id == old.id + 3
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 2))
        await until_tasks(p, pair.id, PairState.FINISHED)
        await p.mirror.add_task(ANN, pair.id, ByIds(old.id + 2, old.id + 2))
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        post(sandbox, f"late, see https://t.me/source/{old.id}")
        await until(lambda: len(texts(sandbox)) == 6)
    copies = {message.text: message.id for message in shown(sandbox)}
    assert texts(sandbox)[4:] == [
        f"early, see https://t.me/target/{copies['new']}",
        f"late, see https://t.me/target/{copies[N[1]]}",
    ]


async def test_edits_and_deletions_of_what_an_ended_task_copied_follow_once(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 12)
    originals = shown(sandbox, "@source")
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 12)
        await p.mirror.add_task(ANN, pair.id, range_of(sandbox, 0, 4))
        await until_tasks(p, pair.id, PairState.FINISHED)
        sandbox.world.edit_message(wei, source, originals[2].id, text="edited")
        await until(lambda: texts(sandbox).count("edited") == 2)
        sandbox.world.delete_messages(wei, source, [originals[3].id])
        await until(lambda: N[3] not in texts(sandbox))
    sandbox.world.edit_message(wei, source, originals[4].id, text="edited while away")
    sandbox.world.delete_messages(wei, source, [originals[0].id])
    async with process(sandbox, store) as p:
        await until(lambda: texts(sandbox).count("edited while away") == 2 and N[0] not in texts(sandbox))
        await until_counted(p, edited=4, deleted=4)


async def test_a_task_whose_map_was_lost_takes_no_copies_of_another_for_its_own(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_ASKED", 1)  # only reading tells
    write(sandbox, 0, 12, chained=True)
    async with process(sandbox, store) as p:
        slow(sandbox)
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        kept, lost = [await p.mirror.add_task(ANN, pair.id, Last(12)) for _ in range(2)]
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        sandbox.faults.clear()
    document = await store.get(chunk_key(kept.id, 0))
    assert document is not None
    copies = [copy for _, copy in IdRuns.decode(document.data["runs"])]
    assert copies != list(range(copies[0], copies[0] + 12))  # those of both stand among each other
    await store.commit([Delete(chunk_key(lost.id, 0))])
    async with process(sandbox, store) as p:
        await p.mirror.undo(ANN, lost.id)
        await until_tasks(p, pair.id, PairState.UNDONE, PairState.FINISHED)
    assert [message.id for message in shown(sandbox)] == copies


class CountingStore(MortalStore):
    """Counts what is read."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.reads = 0

    async def get(self, key: object) -> object:
        self.reads += 1
        return await self._store.get(key)  # type: ignore[arg-type]


async def test_replies_of_a_pair_without_tasks_read_nothing_from_the_store(sandbox: Sandbox) -> None:
    store = CountingStore(MemoryStore(SystemClock()))
    async with process(sandbox, store) as p:  # type: ignore[arg-type]
        await plant_session(sandbox, store._store, ANN)
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        write(sandbox, 0, 1)
        await until(lambda: texts(sandbox) == [N[0]])
        reads, old = store.reads, shown(sandbox, "@source")[0]
        for n in range(20):
            reply(sandbox, f"reply {n}", old)
        await until(lambda: len(texts(sandbox)) == 21)
        assert store.reads == reads
