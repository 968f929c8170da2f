"""Links to posts of the source: in the copies they point at copies."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types

from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.links import Address, named_ids, relinked
from bybot.mirror.rules.rich import Rich, from_telegram
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.samples import media_of
from tests.mirror.support import Ground, ground, until

SOURCE, TARGET, HIDDEN = Address(5, "Source_News"), Address(6, "target"), Address(7)


@pytest.mark.parametrize(
    ("text", "public", "hidden"),
    [
        ("see https://t.me/source_news/12!", "see https://t.me/target/112!", "see https://t.me/c/7/112!"),
        ("T.ME/c/5/12?single, then", "t.me/target/112, then", "t.me/c/7/112, then"),
        ("(http://telegram.me/s/SOURCE_NEWS/12)", "(http://t.me/target/112)", "(http://t.me/c/7/112)"),
        ("t.me/c/5/3/12", "t.me/target/112", "t.me/c/7/112"),  # a topic of a forum stands between
        ("xhttps://t.me/source_news/12", None, None),
        ("看 https://t.me/source_news/12。", "看 https://t.me/target/112。", "看 https://t.me/c/7/112。"),
        ("t.me/source_news/13 has no copy", None, None),
        ("t.me/other/12 t.me/c/6/12 t.me/source_news t.me/source_news/12/x", None, None),
        ("t.me/source_news/12?comment=5", None, None),
        ("not.t.me/source_news/12", None, None),
    ],
)
def test_links_in_a_text_point_at_copies(text: str, public: str | None, hidden: str | None) -> None:
    for target, expected in ((TARGET, public), (HIDDEN, hidden)):
        assert relinked(Rich(text), SOURCE, target, {12: 112}.get).text == (expected or text)


def test_links_behind_words_point_at_copies_and_formatting_stays() -> None:
    text = "😀 here and t.me/source_news/12 end"
    entities = [
        types.MessageEntityTextUrl(3, 4, "https://t.me/c/5/12"),
        types.MessageEntityUrl(12, 19),
        types.MessageEntityBold(32, 3),
    ]
    rich = from_telegram(text, entities)
    assert named_ids(rich, SOURCE) == {12}
    after = relinked(rich, SOURCE, TARGET, {12: 7}.get)
    assert after.text == "😀 here and t.me/target/7 end"
    shown = {type(mark.entity).__name__: after.text[mark.start : mark.end] for mark in after.marks}
    assert shown == {"MessageEntityTextUrl": "here", "MessageEntityBold": "end"}
    assert after.marks[0].entity.url == "https://t.me/target/7"
    assert entities[0].url == "https://t.me/c/5/12"  # what was read stays as it is


def test_only_channels_and_megagroups_have_links() -> None:
    assert Address.of(-1000000000005, None) == Address(5)
    assert Address.of(-77, None) is None


def link(post: Any) -> str:
    return f"https://t.me/source/{post.id}"


def texts(g: Ground) -> list[str]:
    return [message.text for message in g.copies()]


@pytest.mark.parametrize("rules", [Rules(), Rules(transforms=(Replace("look", "see"),))])
async def test_posts_that_name_copied_posts_name_their_copies(rules: Rules) -> None:
    see = "see" if rules.touches else "look"
    async with ground() as g:
        g.world.send_message(g.ann, g.target.peer, text="ids differ from here on")
        first = g.post("first")
        async with g.running_mirror(await g.client(), rules=rules):
            await until(lambda: len(g.copies()) == 2)
            copy = f"https://t.me/target/{g.copies()[1].id}"
            post = g.post(f"look {link(first)}", media=media_of(g.world, "photo", 1))
            g.post(f"look t.me/source/{first.id + 4000}")
            g.album(1, 2, text=f"look {link(first)}")
            await until(lambda: len(g.copies()) == 6)
            assert texts(g)[2:] == [f"{see} {copy}", f"{see} t.me/source/{first.id + 4000}", f"{see} {copy}", ""]
            assert g.copies()[2].media is not None
            g.world.edit_message(g.editor, g.source.peer, post.id, text=f"look again {link(first)}")
            await until(lambda: texts(g)[2] == f"{see} again {copy}")


async def test_links_in_the_words_of_a_poll_or_a_place_stay_and_kinds_without_a_text_get_none() -> None:
    async with ground() as g:
        g.world.send_message(g.ann, g.target.peer, text="ids differ from here on")
        first = g.post("first")
        rules = Rules(transforms=(Replace("look", "see"),))
        async with g.running_mirror(await g.client(), rules=rules):
            await until(lambda: len(g.copies()) == 2)
            poll = media_of(g.world, "poll", 1)
            assert poll.poll is not None
            poll.poll.tl.question.text = f"look at {link(first)}?"
            venue = media_of(g.world, "venue", 2)
            venue.tl.title = f"look at {link(first)}"
            for media in (poll, venue, *(media_of(g.world, kind, 3) for kind in ("sticker", "round", "location"))):
                g.post(media=media)
            g.post(f"look at {link(first)}")
            await until(lambda: len(g.copies()) == 8)
            bare, linked = g.copies()[2:-1], g.copies()[-1]
            assert linked.text == f"see at https://t.me/target/{g.copies()[1].id}"
            assert [copy.text for copy in bare] == [""] * 5
            assert (
                bare[0].media.poll.tl.question.text == f"see at {link(first)}?"
            )  # rules know its words; links in it lead nowhere
            assert bare[1].media.tl.title == f"look at {link(first)}"
