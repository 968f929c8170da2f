"""What a person does with tasks: pausing, cancelling, undoing, removing."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bybot.errors import PairNotFound, TooManyTasks
from bybot.mirror import ByIds, Everything, Last, New, NoticeKind, PairState, taskbook, taskcalls
from bybot.mirror.pairs import users_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.tasks import N, ann, range_of, slow, states, until_tasks, write
from tests.mirror.test_supervisor import Process, process, sandbox, store, texts
from tests.sessions.support import ANN, until

__all__ = ["ann", "sandbox", "store"]

pytestmark = pytest.mark.usefixtures("ann")


async def until_ended(p: Process, pair_id: str, task_id: str) -> None:
    async def ended() -> bool:
        tasks = await p.mirror.list_tasks(ANN, pair_id)
        return any(task.pair.id == task_id and task.pair.ended is not None for task in tasks)

    await until(ended)


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
        # Who waits for a copy that this task was to make need not wait any more.
        ends = [part.ended for part in p.mirror._people[str(ANN)].family.parts(pair)]
        assert ends == [None, "cancelled"]
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


async def test_of_ended_tasks_those_without_copies_are_forgotten_first(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taskcalls, "MOST_KEPT", 2)
    write(sandbox, 0, 5)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        kept = await p.mirror.add_task(ANN, pair.id, Last(1))
        undone = await p.mirror.add_task(ANN, pair.id, Last(2))
        await until_tasks(p, pair.id, PairState.FINISHED, PairState.FINISHED)
        await p.mirror.undo(ANN, undone.id)
        await until_tasks(p, pair.id, PairState.UNDONE, PairState.FINISHED)
        last = await p.mirror.add_task(ANN, pair.id, Last(3))
        left = [status.pair.id for status in await p.mirror.list_tasks(ANN, pair.id)]
    assert left == [last.id, kept.id]
