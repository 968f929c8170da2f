"""Topics of a forum: every post comes into the topic of the same title."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bybot.mirror import NoticeKind
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Channel, Message
from tests.mirror.support import Ground, ground, until

CHATS = {"source": "@forum_source", "target": "@forum_target"}


@dataclass
class Forums:
    """A source with topics, and a target that Ann made."""

    g: Ground
    source: Channel
    target: Channel

    def topic(self, title: str) -> int:
        """A new one in the source."""
        return int(self.g.world.threads.create_topic(self.g.editor, self.source, title).id)

    def post(self, text: str, topic: int | None = None, **options: Any) -> Message:
        return self.g.world.send_message(self.g.editor, self.source.peer, text=text, topic=topic, **options)

    def shown(self) -> list[tuple[str, str]]:
        """Topic and text of every copy, in order."""
        threads, topics = self.g.world.threads, self.target.topics
        copies = [m for m in self.target.messages if m.action is None]
        places = [threads.topic_of(self.target, m) for m in copies]
        return [
            (topics[place].title if place in topics else "General", m.text)
            for place, m in zip(places, copies, strict=True)
        ]


@asynccontextmanager
async def forums(*, target_has_topics: bool = True) -> AsyncIterator[Forums]:
    async with ground() as g:
        source = g.world.create_channel(g.editor, "Forum", megagroup=True, username="forum_source")
        target = g.world.create_channel(g.ann, "Copies", megagroup=True, username="forum_target")
        g.world.join(g.ann, source)
        for group in (source, target)[: 1 + target_has_topics]:
            g.world.threads.set_forum(group, True)
        yield Forums(g, source, target)


async def test_posts_come_into_the_topic_of_the_same_title_made_when_it_is_missing() -> None:
    async with forums() as f:
        old = f.g.world.threads.create_topic(f.g.ann, f.target, "Trains")
        ships, trains = f.topic("Ships"), f.topic("Trains")
        expected = []
        for n in range(4):
            for title, topic in (("Ships", ships), ("Trains", trains), ("General", None)):
                f.post(f"{title} {n}", topic)
                expected.append((title, f"{title} {n}"))
        async with f.g.running_mirror(await f.g.client(), **CHATS) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and len(f.shown()) == 12)
            later = f.topic("Later")
            f.post("live", later)
            await until(lambda: len(f.shown()) == 13)
            counts = mirror.progress
        assert f.shown() == [*expected, ("Later", "live")]
        assert sorted(topic.title for topic in f.target.topics.values()) == ["Later", "Ships", "Trains"]
        assert old.id in f.target.topics
        assert counts is not None
        assert counts.left_out == 0


async def test_replies_albums_and_changed_texts_stay_in_their_topic() -> None:
    async with forums() as f:
        ships = f.topic("Ships")
        first = f.post("an old ship", ships)
        f.post("an old answer", ships, reply_to=first.id)
        parts = [Draft(text=f"part {n}", media=media_of(f.g.world, "album", n), topic=ships) for n in range(3)]
        f.g.world.send_album(f.g.editor, f.source.peer, parts)
        rules = Rules(transforms=(Replace("old", "new"),))
        async with f.g.running_mirror(await f.g.client(), rules=rules, **CHATS):
            await until(lambda: len(f.shown()) == 5)
        assert [text for _, text in f.shown()] == ["an new ship", "an new answer", "part 0", "part 1", "part 2"]
        copies = [m for m in f.target.messages if m.action is None]
        assert copies[1].reply_to == copies[0].id
        assert {topic for topic, _ in f.shown()} == {"Ships"}
        assert len({m.grouped_id for m in copies[2:]}) == 1


async def test_a_topic_is_made_once_whatever_is_renamed_between_two_runs() -> None:
    async with forums() as f:
        ships = f.topic("Ships")
        f.post("one", ships)
        async with f.g.running_mirror(await f.g.client(), **CHATS):
            await until(lambda: len(f.shown()) == 1)
        f.g.world.threads.edit_topic(f.g.editor, f.source, ships, title="Boats")
        f.post("two", ships)
        async with f.g.running_mirror(await f.g.client(), **CHATS):
            await until(lambda: len(f.shown()) == 2)
        assert f.shown() == [("Ships", "one"), ("Ships", "two")]
        assert len(f.target.topics) == 1


async def test_a_topic_that_somebody_deleted_is_made_again() -> None:
    async with forums() as f:
        ships = f.topic("Ships")
        f.post("one", ships)
        async with f.g.running_mirror(await f.g.client(), **CHATS) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and len(f.shown()) == 1)
            f.target.topics.clear()
            f.post("two", ships)
            await until(lambda: ("Ships", "two") in f.shown())
        assert len(f.target.topics) == 1


async def test_a_target_without_topics_gets_all_in_order() -> None:
    async with forums(target_has_topics=False) as f:
        ships, trains = f.topic("Ships"), f.topic("Trains")
        for n, topic in enumerate((ships, trains, None, ships)):
            f.post(f"post {n}", topic)
        async with f.g.running_mirror(await f.g.client(), **CHATS) as mirror:
            await until(lambda: len(f.shown()) == 4)
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
        assert f.shown() == [("General", f"post {n}") for n in range(4)]


async def test_an_account_that_may_not_make_topics_copies_into_the_general_one_and_says_so() -> None:
    async with forums() as f:
        strict = f.g.world.create_channel(f.g.editor, "Strict", megagroup=True, username="strict_forum")
        f.g.world.threads.set_forum(strict, True)
        f.g.world.threads.create_topic(f.g.editor, strict, "Trains")
        f.g.world.join(f.g.ann, strict)
        ships, trains = f.topic("Ships"), f.topic("Trains")
        f.post("one", ships)
        f.post("two", trains)
        chats = CHATS | {"target": "@strict_forum"}
        async with f.g.running_mirror(await f.g.client(), **chats):
            await until(lambda: len([m for m in strict.messages if m.action is None]) == 2)
        f.target = strict
        assert f.shown() == [("General", "one"), ("Trains", "two")]
        assert [facts for kind, facts in f.g.notices if kind is NoticeKind.RIGHT_MISSING] == [{"right": "topics"}]
