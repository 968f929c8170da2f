"""``Mirror`` without the bot: looking first, copying, checking, mending, undoing, also while it copies."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bybot.errors import PairNotFound, TelegramUnreachable
from bybot.mirror import ByIds, Everything, Last, New, NoticeKind
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.mirror.rules.transforms import Replace
from bybot.mirror.script import Mirror
from tests.mirror.support import Ground, ground, until


@pytest.fixture
async def g() -> AsyncIterator[Ground]:
    async with ground() as made:
        yield made


def texts(g: Ground) -> list[str]:
    return [message.text for message in g.copies()]


def delete(g: Ground, *at: int) -> None:
    """Take copies out of the target behind the mirror's back."""
    ids = [g.copies()[index].id for index in at]
    g.world.delete_messages(g.ann, g.target.peer, ids)


async def test_one_looks_first_and_nothing_is_sent(g: Ground) -> None:
    for n in range(30):
        g.post(f"post {n}")
    g.post("spam")
    mirror = g.mirror(await g.client(), Last(10), rules=Rules((Words(("spam",)),)))
    assert (await mirror.estimate()).count == 10
    tried = await mirror.try_rules()
    assert [(each.before, each.left_out) for each in tried[-2:]] == [("post 29", ""), ("spam", "words")]
    other = await mirror.try_rules(Rules(transforms=(Replace("post", "letter"),)), 2)
    assert [each.after for each in other] == ["letter 29", "spam"]
    assert (mirror.progress, mirror.counts) == (None, None)
    with pytest.raises(PairNotFound):
        await mirror.audit()
    assert texts(g) == []


async def test_it_does_not_wait_for_ever_for_an_answer_when_it_begins(
    g: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bybot.mirror.chats._TIMEOUT", 0.2)
    client = await g.client()
    g.faults.add(kind="latency", method="users.getUsers", seconds=60)
    with pytest.raises(TelegramUnreachable):
        await asyncio.wait_for(g.mirror(client).run(), 10)


async def test_what_is_missing_is_filled_in_while_it_copies_and_while_it_does_not(g: Ground) -> None:
    for n in range(12):
        g.post(f"post {n}")
    client = await g.client()
    async with g.running_mirror(client) as mirror:
        await until(lambda: len(texts(g)) == 12)
        delete(g, 2, 3, 4)
        found = await mirror.audit()
        assert (found.looked, len(found.missing), found.doubled) == (12, 3, ())
        assert await mirror.fill_in() == 3
        await until(lambda: texts(g)[-3:] == ["post 2", "post 3", "post 4"])
        assert (await mirror.audit()).missing == ()
        assert await mirror.fill_in() == 0
        g.post("live")
        await until(lambda: texts(g)[-1] == "live")
        delete(g, 0)
    later = g.mirror(client)
    assert await later.fill_in() == 1
    assert len(texts(g)) == 12, "the next run does it"
    async with g.running_mirror(client) as mirror:
        await until(lambda: texts(g)[-1] == "post 0")
        assert mirror.counts is not None
        assert (mirror.counts.refilled, mirror.counts.copied) == (4, 13)


async def test_second_copies_are_deleted(g: Ground) -> None:
    g.post("once")
    async with g.running_mirror(await g.client()) as mirror:
        await until(lambda: texts(g) == ["once"])
        for _ in range(2):
            g.world.send_message(g.ann, g.target.peer, text="once")
        assert len((await mirror.audit()).doubled) == 2
        assert await mirror.remove_doubles() == 2
        assert texts(g) == ["once"]
        engine = mirror._engine
        assert engine is not None
        assert engine.journal.doubled == set()
        assert await mirror.remove_doubles() == 0


async def test_as_many_second_copies_as_posts_are_all_seen(g: Ground) -> None:
    async with g.running_mirror(await g.client()) as mirror:
        for n in range(6):
            g.post(f"post {n}")
            await until(lambda n=n: len(texts(g)) == 2 * n + 1)  # type: ignore[misc]
            g.world.send_message(g.ann, g.target.peer, text=f"post {n}")
        found = await mirror.audit(last=6)
        assert (found.missing, len(found.doubled)) == ((), 6)


async def test_all_is_undone_and_nothing_is_copied_until_it_begins_again(g: Ground) -> None:
    for n in range(5):
        g.post(f"post {n}")
    client = await g.client()
    mirror = g.mirror(client)
    running = asyncio.create_task(mirror.run())
    await until(lambda: len(texts(g)) == 5)
    await mirror.undo()
    await asyncio.wait_for(running, 10)
    assert texts(g) == []
    assert [facts for kind, facts in g.notices if kind is NoticeKind.UNDONE] == [{"count": 5}]
    again = g.mirror(client)
    await asyncio.wait_for(again.run(), 10)
    assert texts(g) == [], "it was undone on purpose"
    await again.begin_again()
    async with g.running_mirror(client):
        await until(lambda: texts(g) == [f"post {n}" for n in range(5)])


async def test_rules_change_while_it_copies(g: Ground) -> None:
    async with g.running_mirror(await g.client(), mode=New()) as mirror:
        await until(lambda: mirror.progress is not None and mirror.progress.phase == "live")
        g.post("before")
        await until(lambda: texts(g) == ["before"])
        await mirror.set_rules(Rules(transforms=(Replace("after", "later"),)))
        g.post("after")
        await until(lambda: texts(g) == ["before", "later"])


async def test_many_questions_at_once_leave_one_engine_at_work(g: Ground) -> None:
    for n in range(8):
        g.post(f"post {n}")
    async with g.running_mirror(await g.client()) as mirror:
        await until(lambda: len(texts(g)) == 8)
        delete(g, 1, 2)
        await asyncio.gather(
            mirror.fill_in(), *(mirror.set_rules(Rules(window=100 + n)) for n in range(5)), mirror.audit()
        )
        await until(lambda: len(texts(g)) == 8)
        g.post("live")
        await until(lambda: texts(g)[-1] == "live")
    assert sorted(texts(g)) == sorted([*(f"post {n}" for n in range(8)), "live"])


async def test_a_stop_ends_it_also_while_something_is_asked(g: Ground) -> None:
    g.post("one")
    mirror = g.mirror(await g.client())
    running = asyncio.create_task(mirror.run())
    await until(lambda: texts(g) == ["one"])
    await asyncio.gather(mirror.set_rules(Rules(edits="ignore")), mirror.stop())
    await asyncio.wait_for(running, 10)


async def test_a_further_copy_of_the_same_chats_has_a_name_and_a_memory_of_its_own(g: Ground) -> None:
    for n in range(4):
        g.post(f"post {n}")
    client = await g.client()
    first, last = g.originals()[0].id, g.originals()[1].id
    async with g.running_mirror(client):
        await until(lambda: len(texts(g)) == 4)
        extra = g.mirror(client, ByIds(first, last), name="again")
        await asyncio.wait_for(extra.run(), 10)
        assert texts(g)[4:] == ["post 0", "post 1"]
        await extra.undo()
        await asyncio.wait_for(extra.run(), 10)
        assert texts(g) == [f"post {n}" for n in range(4)]
    async with g.running_mirror(client, mode=Everything()):
        g.post("live")
        await until(lambda: texts(g)[-1] == "live")
    assert len(texts(g)) == 5


def test_every_public_method_says_what_it_takes_and_gives() -> None:
    public = [getattr(Mirror, name) for name in vars(Mirror) if not name.startswith("_")]
    assert len(public) >= 15
    assert all((each.fget if isinstance(each, property) else each).__doc__ for each in public)


def test_every_call_is_in_the_document() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "script-api.md").read_text()
    public = [name for name in vars(Mirror) if not name.startswith("_") and name not in ("progressed", "notice")]
    assert [name for name in public if not re.search(rf"`(await )?{name}\b", text)] == []
    assert [name for name in inspect.signature(Mirror).parameters if f"`{name}`" not in text] == []
