"""Comments under posts: from the group of the source's comments into that of the target."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from bybot.errors import DiscussionNotReadable, DiscussionNotWritable, NoDiscussion, PairNotFound
from bybot.mirror import Everything, New, PairState
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add, Replace
from bybot.sandbox.samples import media_of
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Message
from bybot.stores.memory import MemoryStore
from tests.mirror.talk import following, talk_of
from tests.mirror.tasks import killed
from tests.mirror.test_supervisor import Process, channel, process, sandbox, store
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]


async def until_counted(p: Process, pair_id: str, **wanted: int) -> None:
    """Wait until the comments of a pair are counted like that."""
    found: dict[str, int] = {}
    for _ in range(500):
        status = await p.mirror.comments_of(ANN, pair_id)
        assert status is not None
        found = {name: getattr(status.counts, name) for name in wanted}
        if found == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{found}, not {wanted}")


async def test_comments_stand_under_the_copies_of_their_posts(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    talk.world.send_message(find_account(talk.world, "@ann"), talk.target.peer, text="ids differ from here on")
    first, second = talk.post("first"), talk.post("second")
    a = talk.say(first, "a")
    talk.say(second, "b")
    talk.say(first, "an answer to a", a)
    expected = [("first", "a", "first"), ("second", "b", "second"), ("first", "an answer to a", "a")]
    async with following(sandbox, store) as (p, pair):
        await until(lambda: talk.shown() == expected)
        third = talk.post("third")
        c = talk.say(third, "c")
        talk.say(third, "an answer to c", c)
        expected += [("third", "c", "third"), ("third", "an answer to c", "c")]
        await until(lambda: talk.shown() == expected)
        await until_counted(p, pair.id, copied=5, reply_lost=0, orphaned=0)
        assert [len(await p.mirror.list_pairs(ANN)), len(await p.mirror.list_tasks(ANN, pair.id))] == [1, 0]
    texts = [m.text for m in talk.target.messages if m.action is None]
    assert texts == ["ids differ from here on", "first", "second", "third"]
    assert sum(m.fwd is not None for m in talk.to_group.messages) == 4, "forwards are made by Telegram alone"


async def test_albums_edits_and_deletions_of_comments_follow(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    parts = [Draft(text=f"part {n}", media=media_of(talk.world, "album", n)) for n in range(3)]
    album = talk.world.send_album(talk.wei, talk.source.peer, parts)
    said = [talk.say(album[0], f"comment {n}") for n in range(3)]
    top = album[0].discussion
    assert top is not None
    parts = [Draft(text="", media=media_of(talk.world, "album", n), reply_to=top.id) for n in range(2)]
    talk.world.send_album(talk.wei, talk.from_group.peer, parts)
    async with following(sandbox, store):
        await until(lambda: len(talk.shown()) == 5)
        assert {post for post, _, _ in talk.shown()} == {"part 0"}
        assert len({m.grouped_id for m in list(talk.to_group.messages)[-2:]}) == 1
        talk.world.edit_message(talk.wei, talk.from_group.peer, said[0].id, text="better")
        talk.world.delete_messages(talk.wei, talk.from_group.peer, [said[1].id])
        await until(lambda: [text for _, text, _ in talk.shown()] == ["better", "comment 2", "", ""])


async def test_a_comment_waits_until_its_post_has_a_copy(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    async with following(sandbox, store, New()) as (p, pair):
        await until(lambda: all(run.open_engine for run in p.mirror._person(ANN).runs.values()))
        await p.mirror.pause(ANN, pair.id)
        comments = await p.mirror.comments_of(ANN, pair.id)
        assert comments is not None
        assert (comments.pair.enabled, comments.pair.along) == (False, True)
        await p.mirror.resume(ANN, comments.pair.id)
        post = talk.post("a post")
        for n in range(3):
            talk.say(post, f"comment {n}")
        await until(lambda: sandbox.counters.calls_of("GetHistory") > 0)
        run = p.mirror._person(ANN).runs[comments.pair.id]
        await until(lambda: run.engine is not None and run.engine.progress.due is not None)
        assert talk.shown() == []
        await p.mirror.resume(ANN, pair.id)
        await until(lambda: [text for _, text, _ in talk.shown()] == [f"comment {n}" for n in range(3)])
    assert {post for post, _, _ in talk.shown()} == {"a post"}


async def test_comments_whose_post_has_no_copy_are_counted(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    advert, good = talk.post("an advert"), talk.post("good")
    talk.say(advert, "under the advert", talk.say(advert, "first"))
    talk.world.send_message(talk.wei, talk.from_group.peer, text="under nothing")
    talk.say(good, "fine")
    async with following(sandbox, store, rules=Rules((Words(("advert",)),))) as (p, pair):
        await until(lambda: talk.shown() == [("good", "fine", "good")])
        await until_counted(p, pair.id, copied=1, orphaned=3, filtered=0, left_out=0)


async def test_rules_hold_for_comments_but_headers_and_footers_are_for_posts(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    talk = talk_of(sandbox)
    talk.say(talk.post("an old post"), "an old comment")
    rules = Rules(transforms=(Replace("old", "new"), Add(Rich("the end"))))
    async with following(sandbox, store, New(), rules):
        talk.say(talk.post("an old post"), "an old comment")
        await until(lambda: talk.shown() == [("an new post\n\nthe end", "an new comment", "an new post\n\nthe end")])


async def test_an_answer_to_a_comment_without_a_copy_stays_under_the_post(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    post = talk.post("a post")
    spam = talk.say(post, "buy this")
    talk.say(post, "no", spam, quote=("buy", (), 0))
    async with following(sandbox, store, rules=Rules((Words(("buy",)),))):
        await until(lambda: talk.shown() == [("a post", "no", "a post")])


async def test_posts_from_before_the_pair_have_no_comments_to_copy(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    old = talk.post("old")
    talk.say(old, "earlier")
    for message in (*talk.source.messages, *talk.from_group.messages):
        message.date -= timedelta(days=1)
    async with following(sandbox, store, New()) as (p, pair):
        talk.say(old, "now")
        talk.say(talk.post("new"), "fresh")
        await until(lambda: talk.shown() == [("new", "fresh", "new")])
        await until_counted(p, pair.id, copied=1, orphaned=1)


async def test_switched_off_and_on_again_nothing_is_lost_or_doubled(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    post = talk.post("a post")
    talk.say(post, "one")
    async with following(sandbox, store) as (p, pair):
        await until(lambda: len(talk.shown()) == 1)
        await p.mirror.stop_comments(ANN, pair.id)
        talk.say(post, "two")
        later = talk.post("later")
        await until(lambda: len([m for m in talk.target.messages if m.action is None]) == 2)
        status = await p.mirror.comments_of(ANN, pair.id)
        assert status is not None
        assert (status.state, len(talk.shown())) == (PairState.PAUSED, 1)
        await p.mirror.follow_comments(ANN, pair.id)
        await until(lambda: len(talk.shown()) == 2)
    talk.say(later, "three")
    async with process(sandbox, store):
        await until(lambda: [text for _, text, _ in talk.shown()] == ["one", "two", "three"])


@pytest.mark.parametrize("seed", range(3))
async def test_kills_at_any_moment_lose_and_double_no_comment(sandbox: Sandbox, store: MemoryStore, seed: int) -> None:
    talk, chance = talk_of(sandbox), random.Random(seed)
    posts = [talk.post(f"post {n}") for n in range(4)]
    said: dict[int, list[Message]] = {}

    def comment(text: str) -> None:
        number = chance.randrange(len(posts))
        before = said.setdefault(number, [])
        to = chance.choice(before) if before and chance.random() < 0.5 else None
        before.append(talk.say(posts[number], text, to))

    for n in range(60):
        comment(f"comment {n}")
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", Everything())
    for life in range(5):
        async with killed(sandbox, store) as p:
            if life == 0:
                await p.mirror.follow_comments(ANN, pair.id)
            await asyncio.sleep(chance.uniform(0.02, 0.2))
            posts.append(talk.post(f"post of life {life}"))
            comment(f"live in life {life}")
            await asyncio.sleep(chance.uniform(0.0, 0.1))
    texts = [m.text for m in talk.from_group.messages if m.action is None and m.fwd is None]
    async with process(sandbox, store):
        await until(lambda: len(talk.shown()) >= len(texts), 20)
    assert [text for _, text, _ in talk.shown()] == texts
    group = talk.from_group.messages
    tops = {m.text: (group.get(m.reply_top or m.reply_to or 0) or m).text for m in group if m.text in texts}
    assert {text: post for post, text, _ in talk.shown()} == tops
    assert sum(m.fwd is not None for m in talk.to_group.messages) == len(posts)


async def test_undoing_a_pair_takes_its_comments_along(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    talk.say(talk.post("a post"), "one")
    async with following(sandbox, store) as (p, pair):
        await until(lambda: len(talk.shown()) == 1)
        await p.mirror.undo(ANN, pair.id)
        await until(lambda: talk.shown() == [])
        await until(lambda: [m for m in talk.target.messages if m.action is None] == [])
        await p.mirror.remove(ANN, pair.id)
        with pytest.raises(PairNotFound):
            await p.mirror.comments_of(ANN, pair.id)
    assert await store.query("pair_states") == []


async def test_what_stands_in_the_way_of_comments_is_said(sandbox: Sandbox, store: MemoryStore) -> None:
    world, ann = sandbox.world, find_account(sandbox.world, "@ann")
    source, target = channel(sandbox, "@source"), channel(sandbox, "@target")
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        with pytest.raises(NoDiscussion) as raised:
            await p.mirror.follow_comments(ANN, pair.id)
        assert raised.value.side == "source"
        wei = find_account(world, "@liwei")
        hidden = world.create_channel(wei, "Hidden", megagroup=True)
        world.threads.link(source, hidden)
        with pytest.raises(DiscussionNotReadable):
            await p.mirror.follow_comments(ANN, pair.id)
        world.join(ann, hidden)
        with pytest.raises(NoDiscussion) as raised:
            await p.mirror.follow_comments(ANN, pair.id)
        assert raised.value.side == "target"
        ours = world.create_channel(wei, "Ours", megagroup=True, username="ours_talk")
        world.threads.link(target, ours)
        with pytest.raises(DiscussionNotWritable):
            await p.mirror.follow_comments(ANN, pair.id)
        world.join(ann, ours)
        await p.mirror.follow_comments(ANN, pair.id)
        other = world.create_channel(ann, "Other", megagroup=True)
        world.threads.link(target, other)
        again = await p.mirror.follow_comments(ANN, pair.id)
        assert again.target.title == "Other"
        status = await p.mirror.comments_of(ANN, pair.id)
        assert status is not None
        assert status.pair.id == again.id
