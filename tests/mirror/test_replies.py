"""Replies of every kind, and live locations: what keeps the header, what moves, and what is counted and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from telethon.tl import types

from bybot.mirror import NoticeKind
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.polls import again
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.samples import media_of
from bybot.sandbox.world.model import Media
from tests.mirror.support import Ground, ground, until
from tests.mirror.test_buttons import counts, told

#: Kind of a reply, and whether its copy says what it answers.
TABLE: Final = {
    "photo": True,
    "video": True,
    "round": True,
    "voice": True,
    "audio": True,
    "animation": True,
    "document": True,
    "sticker": True,
    "contact": True,
    "location": True,
    "live_location": True,
    "venue": True,
    "poll": True,
    "quiz": False,
    "dice": False,
}


async def run(g: Ground, done: Callable[[], Any], **options: Any) -> None:
    async with g.running_mirror(await g.client(), **options) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live" and done())


async def test_replies_of_every_kind_keep_what_they_answer_where_telegram_lets_them() -> None:
    async with ground() as g:
        top = g.post("top")
        for number, kind in enumerate(TABLE):
            g.post(media=media_of(g.world, kind, number), reply_to=top.id)
        await run(g, g.same)
        first, *replies = g.copies()
        assert {k: m.reply_to == first.id for k, m in zip(TABLE, replies, strict=True)} == TABLE
        values = [m.media.tl.value for m in (g.originals()[-1], replies[-1])]
        assert values[0] == values[1], "a dice that is thrown again shows another number"
        quiz = list(TABLE).index("quiz")
        assert replies[quiz].media.poll is g.originals()[1 + quiz].media.poll  # type: ignore[union-attr]
        assert (await counts(g))["reply_lost"] == 2
        assert told(g) == [{"what": kind, "lack": "reply"} for kind in ("dice", "poll")]


async def test_a_poll_with_votes_keeps_them_and_loses_what_it_answers() -> None:
    async with ground() as g:
        top = g.post("top")
        voted = g.post(media=media_of(g.world, "poll", 1), reply_to=top.id)
        poll = voted.media.poll  # type: ignore[union-attr]
        g.world.polls.vote(g.editor, poll, [poll.options[0]])  # type: ignore[union-attr]
        await run(g, g.same)
        assert g.copies()[1].media.poll is poll
        assert g.copies()[1].reply_to is None
        assert told(g) == [{"what": "poll", "lack": "reply"}]


async def test_a_poll_that_answers_a_post_ends_with_its_source() -> None:
    async with ground() as g:
        post = g.post(media=media_of(g.world, "poll", 1), reply_to=g.post("top").id)
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())
            g.world.changes.close_poll(g.editor, g.source.peer, post.id)
            await until(lambda: g.copies()[1].media.poll.closed)
        assert g.copies()[1].media.poll is not post.media.poll  # type: ignore[union-attr]


def _poll(**more: Any) -> Any:
    words = [types.TextWithEntities(text=text, entities=[]) for text in "?ab"]
    answers = [types.PollAnswer(text=text, option=text.text.encode()) for text in words[1:]]
    poll = types.Poll(id=5, question=words[0], answers=answers, hash=7, **more)
    return types.MessageMediaPoll(poll=poll, results=types.PollResults())


def test_a_poll_is_sent_anew_only_when_nothing_of_it_is_lost() -> None:
    made = again(_poll(public_voters=True, multiple_choice=True, shuffle_answers=True))
    assert made is not None
    assert (made.poll.public_voters, made.poll.multiple_choice, made.poll.shuffle_answers) == (True, True, True)
    assert [answer.text.text for answer in made.poll.answers] == ["a", "b"]
    for lost in ({"quiz": True}, {"closed": True}, {"close_period": 60}, {"open_answers": True}):
        assert again(_poll(**lost)) is None
    voted = _poll()
    voted.results.total_voters = 1
    assert again(voted) is None


async def test_trying_rules_says_what_cannot_be_changed() -> None:
    async with ground() as g:
        for kind in ("poll", "quiz"):
            g.post(media=media_of(g.world, kind, 1))
        mirror = g.mirror(await g.client())
        tried = await mirror.try_rules(Rules(transforms=(Replace("harbour", "pier"),)))
        assert [each.left_out for each in tried] == ["", "fixed"]


# Live locations ---------------------------------------------------------------------------------------------------


def place(number: float, period: int = 900) -> Media:
    point = types.GeoPoint(long=number, lat=53.5, access_hash=0)
    return Media(tl=types.MessageMediaGeoLive(geo=point, period=period))


def where(message: Any) -> float:
    return float(message.media.tl.geo.long)


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("edits", ["edit", "new"])
async def test_the_copy_of_a_live_location_moves_with_it_and_ends_with_it(online: bool, edits: Any) -> None:
    async with ground() as g:
        post = g.post(media=place(1.0))
        post.date -= timedelta(minutes=2)
        rules = Rules(edits=edits)

        def move(media: Media) -> None:
            g.world.edit_message(g.editor, g.source.peer, post.id, media=media)

        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())
            if online:
                move(place(2.0))
                await until(lambda: where(g.copies()[0]) == 2.0)
        if not online:
            move(place(2.0))
        ends = [m.date + timedelta(seconds=m.media.tl.period) for m in (post, g.copies()[0])]
        assert abs(ends[0] - ends[1]) < timedelta(seconds=30)
        async with g.running_mirror(await g.client(), rules=rules):
            await until(lambda: where(g.copies()[0]) == 2.0)
            move(place(2.0, period=120))  # it was stopped
            await until(lambda: g.copies()[0].media.tl.period < 120)
        assert len(g.copies()) == 1


async def test_a_live_location_that_has_ended_travels_as_it_is() -> None:
    async with ground() as g:
        post = g.post(media=place(1.0))
        post.date -= timedelta(hours=1)
        post.changed()
        g.post("after")
        await run(g, g.same)
        assert [m.media for m in g.copies()] == [post.media, None]
        assert g.running.counters.calls_of("EditMessage") == 0


async def test_a_live_location_that_telegram_does_not_take_anew_is_forwarded() -> None:
    async with ground() as g:
        g.faults.add(kind="error", method="sendMedia", code=400, message="MEDIA_INVALID", times=None)
        post = g.post(media=place(1.0), reply_to=g.post("top").id)
        g.post("after")
        await run(g, g.same)
        assert [where(m) for m in g.copies() if m.media] == [where(post)]
        assert (await counts(g))["reply_lost"] == 1
        assert told(g) == [{"what": "location", "lack": "reply"}]


async def test_a_copy_that_cannot_move_is_counted_once_and_told() -> None:
    async with ground() as g:
        post = g.post(media=place(1.0, period=50))  # too short to be sent anew
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())
            copy = g.copies()[0]
            copy.media = Media(tl=types.MessageMediaGeo(geo=copy.media.tl.geo))  # as a Telegram that stops it at once
            copy.changed()
            for number in (2.0, 3.0):
                g.world.edit_message(g.editor, g.source.peer, post.id, media=place(number, period=50))
            await until(lambda: told(g))
            last = g.post("last")
            g.world.edit_message(g.editor, g.source.peer, last.id, text="later")
            await until(lambda: g.copies()[-1].text == "later")
        assert told(g) == [{"what": "location", "lack": "moves"}]
        assert (await counts(g))["not_edited"] == 1
        assert all(kind is not NoticeKind.LEFT_OUT for kind, _ in g.notices)
