"""Buttons below posts: what a user account can make of them, by policy, and that nothing goes in silence."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types

from bybot.mirror import NoticeKind
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.buttons import is_of
from bybot.mirror.rules.rich import Mark, Rich
from bybot.mirror.rules.transforms import Add, Replace
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.samples import media_of
from tests.mirror.support import Ground, ground, until

READ = types.KeyboardInlineButton("read 🐙 on", types.InlineButtonTypeUrl("https://harbour.example/x"))
SHIPS = types.KeyboardInlineButton("ships", types.InlineButtonTypeUrl("https://www.ships.example"))
PRESS = types.KeyboardInlineButton("like", types.InlineButtonTypeCallback(b"x"))


def board(*buttons: Any) -> Any:
    return types.ReplyInlineMarkup([types.KeyboardInlineButtonRow(list(buttons))])


def told(g: Ground) -> list[dict[str, Any]]:
    return [dict(facts) for kind, facts in g.notices if kind is NoticeKind.INCOMPLETE]


async def counts(g: Ground) -> Any:
    """What the pair counted, as it is stored after a run."""
    documents = await g.store.query("pair_states")
    return next(document.data["counts"] for document in documents if "counts" in document.data)


async def copied(g: Ground, count: int, rules: Rules | None = None) -> None:
    async with g.running_mirror(await g.client(), rules=rules or Rules()):
        await until(lambda: len(g.copies()) == count)


async def test_kept_links_stay_below_a_copy_and_what_is_lost_is_counted_and_told_once() -> None:
    async with ground() as g:
        for each in (board(READ), board(PRESS), board(PRESS)):
            g.post("with a button", reply_markup=each)
        async with g.running_mirror(await g.client()) as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live" and len(g.copies()) == 3)
            g.post("live", reply_markup=board(PRESS))
            await until(lambda: len(g.copies()) == 4)
        assert [copy.reply_markup for copy in g.copies()] == [board(READ), None, None, None]
        assert (await counts(g))["buttons_lost"] == 3
        assert told(g) == [{"what": "text", "lack": "buttons"}]


async def test_a_telegram_that_keeps_no_buttons_of_a_forward_is_noticed() -> None:
    async with ground(switches=Switches(forwarded_buttons="none")) as g:
        g.post("with a link", reply_markup=board(READ))
        await copied(g, 1)
        assert (await counts(g))["buttons_lost"] == 1


async def test_a_changed_text_loses_its_buttons_which_is_counted() -> None:
    async with ground() as g:
        g.post("an old post", reply_markup=board(READ))
        await copied(g, 1, Rules(transforms=(Replace("old", "new"),)))
        assert g.copies()[0].reply_markup is None
        assert (await counts(g))["buttons_lost"] == 1


async def test_links_become_text_and_only_other_buttons_are_lost() -> None:
    async with ground() as g:
        g.post("an old post", reply_markup=board(READ))
        g.post(media=media_of(g.world, "photo", 1), reply_markup=board(READ, PRESS))
        g.post(media=media_of(g.world, "sticker", 1), reply_markup=board(READ, PRESS))
        await copied(g, 3, Rules(transforms=(Replace("old", "new"), Add(Rich("the end"))), buttons="text"))
        texts = [copy.text for copy in g.copies()]
        assert texts == ["an new post\n\nread 🐙 on\n\nthe end", "read 🐙 on\n\nthe end", ""]
        entity = g.copies()[0].entities[0]
        assert (entity.url, entity.offset, entity.length) == ("https://harbour.example/x", 13, 10)
        assert (await counts(g))["buttons_lost"] == 2
        assert told(g) == [{"what": kind, "lack": "buttons"} for kind in ("photo", "sticker")]


async def test_dropped_buttons_leave_nothing_behind_and_are_no_loss() -> None:
    async with ground() as g:
        g.post("a post", reply_markup=board(READ, SHIPS))
        g.post(media=media_of(g.world, "sticker", 1), reply_markup=board(READ))
        g.post(media=media_of(g.world, "poll", 1), reply_markup=board(READ))
        g.post(media=media_of(g.world, "quiz", 1), reply_markup=board(READ))
        g.post("last", reply_markup=board(PRESS))
        await copied(g, 4, Rules(buttons="drop"))
        assert [copy.reply_markup for copy in g.copies()] == [None] * 4
        assert [copy.text for copy in g.copies()] == ["a post", "", "", "last"]
        assert g.copies()[1].media == g.originals()[1].media
        assert {**await counts(g), "service": 0}["refused"] == 1, "a quiz cannot be sent without its button"
        assert (await counts(g))["buttons_lost"] == 0


async def test_only_links_to_allowed_domains_become_text() -> None:
    async with ground() as g:
        g.post("both", reply_markup=board(READ, SHIPS, PRESS))
        g.post("other", reply_markup=board(READ))
        await copied(g, 2, Rules(buttons="allow", domains=("ships.example",)))
        assert [copy.text for copy in g.copies()] == ["both\n\nships", "other"]
        assert [copy.reply_markup for copy in g.copies()] == [None, None]
        assert [entity.url for entity in g.copies()[0].entities] == ["https://www.ships.example"]


async def test_buttons_are_added_as_links_below_the_text() -> None:
    async with ground() as g:
        g.post("a post")
        link = Rich("Read more", (Mark(0, 9, types.MessageEntityTextUrl(0, 0, "https://mirror.example")),))
        await copied(g, 1, Rules(transforms=(Add(link),)))
        assert g.copies()[0].text == "a post\n\nRead more"
        assert [entity.url for entity in g.copies()[0].entities] == ["https://mirror.example"]


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://ships.example/a?b#c", True),
        ("http://WWW.Ships.Example:8080", True),
        ("ships.example/a", True),
        ("https://evilships.example", False),
        ("https://ships.example.evil.example", False),
        ("https://user@ships.example", True),
        ("https://ships.example@evil.example", False),
        ("mailto:ships.example", False),
    ],
)
def test_a_domain_has_everything_below_it_and_nothing_beside_it(url: str, inside: bool) -> None:
    assert is_of(url, ("ships.example",)) is inside


def test_a_policy_of_buttons_comes_back_from_the_store() -> None:
    rules = Rules(buttons="allow", domains=("ships.example",))
    assert Rules.from_value(rules.to_value()) == rules
    with pytest.raises(ValueError, match="buttons"):
        Rules(buttons="add")  # type: ignore[arg-type]
