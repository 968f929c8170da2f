"""Tasks: further ranges of a pair, beside it, each with a memory of its own."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from bybot.mirror import ByIds, Everything, Last, New, NoticeKind, PairState
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.messages import Draft
from bybot.stores.memory import MemoryStore
from tests.mirror.tasks import N, ann, killed, range_of, slow, states, until_counted, until_tasks, write
from tests.mirror.test_supervisor import channel, process, sandbox, store, texts
from tests.sessions.support import ANN, until

__all__ = ["ann", "sandbox", "store"]

pytestmark = pytest.mark.usefixtures("ann")


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
