"""What the store loses of a pair is made again: nothing twice, nothing missing, and the map as it was."""

from __future__ import annotations

from collections import Counter

import pytest

from bybot.errors import StaleWrite
from bybot.mirror import Everything, Last, NoticeKind, PairState
from bybot.mirror.copymap import CopyMap
from bybot.mirror.pairs import PairBook
from bybot.mirror.pairstate import chunk_key, state_key
from bybot.sandbox.samples import media_of
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Delete, Put
from bybot.stores.memory import MemoryStore
from tests.mirror.tasks import N, ann, killed, shown, write
from tests.mirror.test_supervisor import Process, channel, process, sandbox, store, texts
from tests.sessions.support import ANN, until

__all__ = ["ann", "sandbox", "store"]

pytestmark = pytest.mark.usefixtures("ann")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps of several documents, without ten thousand posts."""
    monkeypatch.setattr("bybot.mirror.idmap.CHUNK_IDS", 50)
    monkeypatch.setattr("bybot.mirror.copymap.CHUNK_IDS", 50)
    monkeypatch.setattr("bybot.mirror.rebuild.CHUNK_IDS", 50)


async def mapped(store: MemoryStore, pair_id: str) -> dict[int, int]:
    """The map as it is stored."""
    document = await store.get(state_key(pair_id))
    assert document is not None
    assert not document.data.get("lost")
    stored = CopyMap(store, pair_id, document.data["chunks"])
    return {source: target for number in stored.numbers for source, target in await stored.pairs_of(number)}


async def lose(store: MemoryStore, pair_id: str, what: str, number: int = 1, *, how: str) -> None:
    """Delete or damage the state, one chunk or all chunks."""
    document = await store.get(state_key(pair_id))
    assert document is not None
    numbers = document.data["chunks"] if what in ("chunks", "all") else [number] if "chunk" in what else []
    keys = [chunk_key(pair_id, each) for each in numbers]
    keys += [state_key(pair_id)] if "state" in what or what == "all" else []
    assert all([await store.get(key) for key in keys])
    await store.commit([Delete(key) if how == "gone" else Put(key, {"nonce": "x", "runs": b"\xff"}) for key in keys])


@pytest.mark.parametrize(
    ("what", "how", "end"),
    [
        ("chunk", "gone", "in order"),
        ("chunk", "damaged", "killed"),
        ("chunks", "gone", "killed"),
        ("state", "gone", "killed"),
        ("state", "damaged", "in order"),
        ("state and chunk", "gone", "in order"),
        ("all", "gone", "killed"),
        ("all", "damaged", "in order"),
    ],
)
async def test_whatever_is_lost_is_found_again(
    sandbox: Sandbox, store: MemoryStore, what: str, how: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "state and chunk":  # as in a long history: its beginning is not read as if it was in doubt
        monkeypatch.setattr("bybot.mirror.rebuild.SETTLE_IDS", 10)
    write(sandbox, 0, 120)
    async with (process if end == "in order" else killed)(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 120, 20)
        if end == "killed":
            person = p.mirror._people[str(ANN)]
            run = person.runs[pair.id]
            assert run.engine is not None
            journal = run.engine.journal
            await until(lambda: journal.counts.copied == 120)
            await journal.flush()  # then ten more, of which nobody notes anything
            write(sandbox, 120, 130)
            await until(lambda: len(texts(sandbox)) == 130)
    before = dict(zip([m.id for m in shown(sandbox, "@source")], [m.id for m in shown(sandbox)], strict=True))
    await lose(store, pair.id, what, how=how)
    write(sandbox, 130, 140)
    async with process(sandbox, store) as p:
        await until(lambda: N[139] in texts(sandbox), 20)
        old = shown(sandbox, "@source")[60]
        wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
        sandbox.world.edit_message(wei, source, old.id, text="edited long after")
        answer = sandbox.world.send_message(wei, source, text="an answer", reply_to=old.id)
        await until(lambda: "edited long after" in texts(sandbox) and "an answer" in texts(sandbox), 20)
        assert shown(sandbox)[-1].reply_to == before[old.id]

        async def live() -> bool:
            (status,) = await p.mirror.list_pairs(ANN)
            return status.state is PairState.LIVE

        await until(live)
        rebuilt = [notice for notice in p.heard.notices if notice.kind is NoticeKind.REBUILT]
    count = 120 if end == "in order" else 130
    expected = [*N[:60], "edited long after", *N[61:count], *N[130:140], "an answer"]
    assert texts(sandbox) == expected
    after = await mapped(store, pair.id)
    assert {id_: after.get(id_) for id_ in before} == before
    assert after[answer.id] == shown(sandbox)[-1].id
    assert rebuilt


async def test_equal_posts_and_deleted_copies_of_a_lost_map_are_asked_for(sandbox: Sandbox, store: MemoryStore) -> None:
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    posts = [sandbox.world.send_message(wei, source, text=text) for text in ("ok", "ok", "ok", "one", "ok", "two")]
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 6)
    copies = [message.id for message in shown(sandbox)]
    target = channel(sandbox, "@target")
    sandbox.world.delete_messages(sandbox.world.account(target.creator_id), target.peer, [copies[1]])
    document = await store.get(state_key(pair.id))
    assert document is not None
    await lose(store, pair.id, "chunk", document.data["chunks"][0], how="gone")
    async with process(sandbox, store):
        sandbox.world.send_message(wei, source, text="new")
        await until(lambda: "new" in texts(sandbox))
    assert texts(sandbox) == ["ok", "ok", "one", "ok", "two", "new"]
    after = await mapped(store, pair.id)
    assert [after[post.id] for post in posts] == copies


async def test_copies_that_were_made_again_after_an_undo_are_not_made_a_third_time(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 20)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Last(10))
        await until(lambda: texts(sandbox) == N[10:20])
        await p.mirror.undo(ANN, pair.id)
        await until(lambda: NoticeKind.UNDONE in p.heard.kinds and not texts(sandbox))
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: texts(sandbox) == N[10:20])
    (known,) = await PairBook(store).of(ANN)
    assert known.origin is not None
    assert known.origin.epoch == 2
    await lose(store, pair.id, "all", how="gone")
    write(sandbox, 20, 22)
    async with process(sandbox, store):
        await until(lambda: N[21] in texts(sandbox))
    assert texts(sandbox) == N[10:22]


async def test_a_part_of_the_source_in_which_nothing_was_ever_copied_is_no_part_of_the_map(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.mirror.rebuild.SETTLE_IDS", 10)
    write(sandbox, 0, 160)
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    gone = [message.id for message in shown(sandbox, "@source") if 50 <= message.id < 100]
    sandbox.world.delete_messages(wei, source, gone)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 160 - len(gone), 20)
    before = await mapped(store, pair.id)
    await lose(store, pair.id, "state", how="gone")
    async with process(sandbox, store) as p:
        write(sandbox, 160, 162)
        await until(lambda: N[161] in texts(sandbox), 20)
        assert NoticeKind.FAILED not in p.heard.kinds
    assert len(texts(sandbox)) == 162 - len(gone)
    assert before.items() <= (await mapped(store, pair.id)).items()


async def test_what_is_filled_in_after_a_loss_gets_random_ids_that_were_never_used(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    write(sandbox, 0, 10)
    target = channel(sandbox, "@target")

    async def fill_in_the_fifth(p: Process) -> None:
        await until(lambda: len(texts(sandbox)) == 10)
        copy = next(message for message in shown(sandbox) if message.text == N[5])
        sandbox.world.delete_messages(sandbox.world.account(target.creator_id), target.peer, [copy.id])
        (status,) = await p.mirror.list_pairs(ANN)

        async def missing() -> bool:
            return await p.mirror.fill_in(ANN, status.pair.id) == 1

        await until(missing)
        await until(lambda: N[5] in texts(sandbox))

    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await fill_in_the_fifth(p)
    await lose(store, pair.id, "state", how="gone")
    async with process(sandbox, store) as p:
        await until(lambda: NoticeKind.REBUILT in p.heard.kinds)
        await fill_in_the_fifth(p)
    assert Counter(texts(sandbox)) == Counter(N[:10])


async def test_a_pair_that_was_removed_is_not_made_again(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 5)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 5)
        await PairBook(store).remove(ANN, pair.id)
        await lose(store, pair.id, "all", how="gone")
        run = p.mirror._people[str(ANN)].runs[pair.id]
        assert run.engine is not None
        with pytest.raises(StaleWrite):
            await run.engine.journal.flush()
        write(sandbox, 5, 6)
        await until(lambda: run.task is not None and run.task.done())
        assert await store.get(state_key(pair.id)) is None
        assert NoticeKind.REBUILT not in p.heard.kinds


async def test_a_lost_part_without_any_copy_left_is_looked_for_once(sandbox: Sandbox, store: MemoryStore) -> None:
    write(sandbox, 0, 5)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 5)
    target = channel(sandbox, "@target")
    sandbox.world.delete_messages(sandbox.world.account(target.creator_id), target.peer, [m.id for m in shown(sandbox)])
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    sandbox.world.delete_messages(wei, source, [m.id for m in shown(sandbox, "@source")])
    await lose(store, pair.id, "chunks", how="gone")
    async with process(sandbox, store) as p:
        for number in (5, 6, 7):
            write(sandbox, number, number + 1)
            await until(lambda wanted=N[number]: wanted in texts(sandbox))  # type: ignore[misc]
        assert p.heard.kinds.count(NoticeKind.REBUILT) == 1


@pytest.mark.parametrize("how", ["gone", "damaged"])
async def test_an_undo_finds_the_copies_of_a_lost_map_first(sandbox: Sandbox, store: MemoryStore, how: str) -> None:
    write(sandbox, 0, 70)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) == 70)
    await lose(store, pair.id, "chunk", how=how)
    async with process(sandbox, store) as p:
        await p.mirror.undo(ANN, pair.id)
        await until(lambda: NoticeKind.UNDONE in p.heard.kinds)
    assert texts(sandbox) == []


async def test_an_audit_does_not_miss_the_copies_of_a_lost_map(sandbox: Sandbox, store: MemoryStore) -> None:
    wei, source = find_account(sandbox.world, "@liwei"), channel(sandbox, "@source").peer
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        for _ in range(10):
            sandbox.world.send_message(wei, source, media=media_of(sandbox.world, "poll", 1))
        await until(lambda: len(shown(sandbox)) == 10)
        await p.mirror.pause(ANN, pair.id)
        document = await store.get(state_key(pair.id))
        assert document is not None
        await lose(store, pair.id, "chunk", document.data["chunks"][0], how="gone")
        assert (await p.mirror.audit(ANN, pair.id)).missing == ()
