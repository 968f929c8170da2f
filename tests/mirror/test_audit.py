"""What a target lacks or has twice is found, filled in and deleted; all of a pair's copies can be undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from telethon import TelegramClient

from bybot.clock import SystemClock
from bybot.errors import PairNotFound
from bybot.mirror import Everything, New, NoticeKind, PairState, Sabotage, engine
from bybot.mirror.audit import Audit, compare
from bybot.mirror.figures import Figures
from bybot.mirror.idmap import IdRuns
from bybot.mirror.orders import Orders
from bybot.mirror.pairstate import chunk_key, state_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Put
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import PLACES, channel, post, process, state_of, texts
from tests.sessions.support import ANN, plant_session, until


@pytest.fixture
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    switches = Switches(repeated_forward=getattr(request, "param", "replay"))
    async with Sandbox(seed=PLACES, switches=switches) as started:
        TelegramClient._config = None
        yield started
        assert dict(started.counters.unknown) == {}
        assert started.counters.duplicate_violations == 0


@pytest.fixture
async def store(sandbox: Sandbox) -> MemoryStore:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, ANN)
    return store


def delete_copies(sandbox: Sandbox, *wanted: str) -> None:
    target = channel(sandbox, "@target")
    ids = [m.id for m in target.messages if m.text in wanted]
    sandbox.world.delete_messages(find_account(sandbox.world, "@ann"), target.peer, ids)


async def live(mirror: Any, count: int, sandbox: Sandbox) -> None:
    await until(lambda: len(texts(sandbox)) == count)
    await state(mirror, PairState.LIVE)


async def state(mirror: Any, wanted: PairState) -> None:
    async def reached() -> bool:
        return await state_of(mirror) is wanted

    await until(reached)


async def switched_off(mirror: Any) -> None:
    async def off() -> bool:
        status = (await mirror.list_pairs(ANN))[0]
        return status.state is PairState.PAUSED and not status.pair.enabled

    await until(off)


def message(id: int, text: str = "", *, out: bool = True, file: int = 0) -> Any:
    media = SimpleNamespace(document=SimpleNamespace(id=file)) if file else None
    return SimpleNamespace(id=id, message=text, out=out, media=media)


def test_comparing_names_what_is_missing_and_what_is_double() -> None:
    posts = [message(n, f"post {n}") for n in range(1, 7)]
    wanted = {post.id: post.message for post in posts if post.id != 6}
    copies = {1: 101, 2: 102, 3: 103, 4: 104}
    there = [message(101, "post 1"), message(102, "post 2"), message(104, "post 4")]
    there += [
        message(105, "post 1"),  # a second copy
        message(106, "post 2", out=False),  # somebody else's
        message(107, "post 5"),  # a copy that nobody noted
        message(108, "post 5"),  # and a second one
        message(109, "my own words"),
        message(110),  # a poll: nothing to compare
        message(111, "post 4"),  # another pair's
    ]
    found = compare(posts, wanted, copies, {m.id: m for m in there}, {101, 102, 104}, {111})
    assert found == Audit(looked=5, missing=(3,), doubled=(105, 108))


async def test_missing_posts_are_filled_in_and_second_copies_deleted(sandbox: Sandbox, store: MemoryStore) -> None:
    for n in range(40):
        post(sandbox, f"post {n}")
    async with process(sandbox, store, sabotage=Sabotage(drop=1, double=1)) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 40, sandbox)
        delete_copies(sandbox, "post 7", "post 8", "post 30")
        mine = p.mirror.acting_as(ANN)
        found = await mine.audit(ANN, pair.id)
        assert (found.looked, len(found.missing), len(found.doubled)) == (40, 4, 1)
        assert await mine.remove_doubles(ANN, pair.id) == 1
        assert await mine.fill_in(ANN, pair.id) == 4
        await until(lambda: len(texts(sandbox)) == 40)
        assert sorted(texts(sandbox)) == sorted(f"post {n}" for n in range(40))
        assert await mine.audit(ANN, pair.id) == Audit(looked=40)
        post(sandbox, "live")
        await until(lambda: texts(sandbox)[-1] == "live")
        with pytest.raises(PairNotFound):
            await mine.audit(ANN, "nothing")


async def test_what_rules_leave_out_is_not_missing(sandbox: Sandbox, store: MemoryStore) -> None:
    post(sandbox, "before the pair began")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.set_rules(ANN, pair.id, Rules((Words(("casino",)),)))
        for n in range(10):
            post(sandbox, f"{'casino' if n % 2 else 'ship'} {n}")
        await until(lambda: len(texts(sandbox)) == 5)
        delete_copies(sandbox, "ship 2")
        await p.mirror.set_rules(ANN, pair.id, Rules())
        found = await p.mirror.audit(ANN, pair.id)
        assert (found.looked, len(found.missing), found.doubled) == (5, 1, ())


async def test_a_look_at_random_ids_tells_once_and_counts(sandbox: Sandbox, store: MemoryStore) -> None:
    for n in range(30):
        post(sandbox, f"post {n}")
    async with process(sandbox, store, sabotage=Sabotage(double=1)) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 31, sandbox)
        delete_copies(sandbox, "post 9")
        for _ in range(3):
            await p.mirror.sample_all()
        await until(lambda: NoticeKind.GAPS in p.heard.kinds)
        facts = [notice.facts for notice in p.heard.notices if notice.kind is NoticeKind.GAPS]
        assert facts == [{"missing": 1, "doubled": 1}]
        assert p.mirror.figures() == Figures({"live": 1}, copied=30, missing=1, doubled=1)
        found = await p.mirror.audit(ANN, pair.id, last=3)  # what was found before is looked at again
        assert (len(found.missing), len(found.doubled)) == (1, 1)
        assert await p.mirror.remove_doubles(ANN, pair.id) == 1
        assert await p.mirror.fill_in(ANN, pair.id) == 1
        await live(p.mirror, 30, sandbox)
        assert p.mirror.figures() == Figures({"live": 1}, copied=30)
        assert await p.mirror.audit(ANN, pair.id) == Audit(looked=30)
        delete_copies(sandbox, "post 10")
        await p.mirror.sample_all()
        await until(lambda: p.heard.kinds.count(NoticeKind.GAPS) == 2)


async def test_undone_copies_are_deleted_and_cloning_again_works(sandbox: Sandbox, store: MemoryStore) -> None:
    for n in range(150):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 150, sandbox)
        mine = p.mirror.acting_as(ANN)
        await mine.undo(ANN, pair.id)
        await until(lambda: NoticeKind.UNDONE in p.heard.kinds)
        assert texts(sandbox) == []
        assert next(n for n in p.heard.notices if n.kind is NoticeKind.UNDONE).facts["count"] == 150
        await switched_off(p.mirror)
        post(sandbox, "while it rests")
    async with process(sandbox, store) as p:
        assert await state_of(p.mirror) is PairState.PAUSED
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: len(texts(sandbox)) == 151)
        assert texts(sandbox) == [*(f"post {n}" for n in range(150)), "while it rests"]


@pytest.mark.parametrize("sandbox", ["replay", "refuse"], indirect=True)
async def test_what_is_filled_in_is_not_doubled_when_a_process_dies_over_it(
    sandbox: Sandbox, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_STOP_SECONDS", 0.2)  # no answer will come
    for n in range(40):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 40, sandbox)
        delete_copies(sandbox, *(f"post {n}" for n in range(10, 20)))
        sandbox.faults.add(kind="cut", account=ANN, method="forwardMessages", nth=5, hold=True)
        assert await p.mirror.fill_in(ANN, pair.id) == 10
        await until(lambda: len(texts(sandbox)) == 35)
        noted = await stored(store, pair.id)
        assert len(Orders.from_value(noted["orders"]).wanted) == 10
    sandbox.faults.clear()
    # A process that dies has written nothing since: the next one finds what was noted first.
    await store.commit([Put(state_key(pair.id), noted)])
    async with process(sandbox, store) as p:
        post(sandbox, "afterwards")
        await until(lambda: texts(sandbox)[-1] == "afterwards")
        await state(p.mirror, PairState.LIVE)
        assert sorted(texts(sandbox)) == sorted([*(f"post {n}" for n in range(40)), "afterwards"])
        assert await p.mirror.audit(ANN, pair.id) == Audit(looked=41)


async def stored(store: MemoryStore, pair_id: str) -> dict[str, Any]:
    document = await store.get(state_key(pair_id))
    assert document is not None
    return dict(document.data)


async def test_what_may_have_been_sent_is_settled_before_the_epoch_is_raised(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    posts = [f"post {n}" for n in range(40)]
    for text in posts:
        post(sandbox, text)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 40, sandbox)
    delete_copies(sandbox, "post 3")
    # As if the process had died with ten posts noted of forty that were sent, and a person had asked for one of them.
    state = await stored(store, pair.id)
    ids = [m.id for m in channel(sandbox, "@source").messages if m.action is None]
    runs = await store.get(chunk_key(pair.id, 0))
    assert runs is not None
    copies = IdRuns()
    for source_id, target_id in list(IdRuns.decode(runs.data["runs"]))[:10]:
        copies.put(source_id, target_id)
    orders = Orders(asked={ids[3]}).to_value()
    state |= {"mark": ids[9], "above": [], "ceiling": ids[9] + 200, "orders": orders}
    await store.commit(
        [
            Put(state_key(pair.id), state),
            Put(chunk_key(pair.id, 0), {"pair": pair.id, "runs": copies.encode()}),
        ]
    )
    async with process(sandbox, store) as p:
        await live(p.mirror, 40, sandbox)
        assert texts(sandbox) == [text for text in posts if text != "post 3"] + ["post 3"]
        assert await p.mirror.audit(ANN, pair.id) == Audit(looked=40)


async def test_undoing_goes_on_after_a_restart(sandbox: Sandbox, store: MemoryStore) -> None:
    for n in range(250):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await live(p.mirror, 250, sandbox)
        sandbox.faults.add(kind="flood", account=ANN, method="deleteMessages", seconds=1, times=1)
        await p.mirror.undo(ANN, pair.id)
        await state(p.mirror, PairState.WAITING)
    async with process(sandbox, store) as p:
        await until(lambda: texts(sandbox) == [])
        await switched_off(p.mirror)
        await until(lambda: p.heard.kinds == [NoticeKind.UNDONE])
