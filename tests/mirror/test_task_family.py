"""What the parts of a pair know of each other: replies, links, edits, lost maps."""

from __future__ import annotations

import pytest

from bybot.clock import SystemClock
from bybot.mirror import ByIds, Everything, Last, New, PairState, rebuild
from bybot.mirror.idmap import IdRuns
from bybot.mirror.pairstate import chunk_key
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Message
from bybot.stores.base import Delete
from bybot.stores.memory import MemoryStore
from tests.mirror.tasks import N, ann, range_of, shown, slow, until_counted, until_tasks, write
from tests.mirror.test_exactly_once import MortalStore
from tests.mirror.test_supervisor import channel, post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["ann", "sandbox", "store"]

pytestmark = pytest.mark.usefixtures("ann")


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
