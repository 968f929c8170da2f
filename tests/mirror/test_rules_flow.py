"""Rules at work: what arrives in the target when posts are left out and changed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from telethon.tl import types

from bybot.mirror.drafting import Judged
from bybot.mirror.rules.book import Rules, Verdict
from bybot.mirror.rules.filters import Kinds, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import from_telegram
from bybot.mirror.rules.transforms import Add, RemoveHashtags, RemoveLinks, Replace
from bybot.sandbox.samples import media_of
from tests.mirror.rules.posts import message
from tests.mirror.support import Ground, ground, until

FOOTER = from_telegram("— Harbour 🐙", [types.MessageEntityBold(0, 12)])
RULES = Rules(
    (Words(("casino",)), Kinds(frozenset({Media.VIDEO}), allow=False)),
    (RemoveHashtags(), RemoveLinks(), Replace("old", "new"), Add(FOOTER, every=5)),
)


def photo(g: Ground, number: int) -> Any:
    return media_of(g.world, "photo", number)


def texts(g: Ground) -> list[str]:
    return [message.text for message in g.copies()]


async def test_posts_are_left_out_and_changed_in_history_and_live() -> None:
    async with ground() as g:
        g.post("plain")
        g.post("join the CASINO")
        g.post("old news #harbour")
        g.post("caption #one https://a.example/x", media=photo(g, 1))
        async with g.running_mirror(await g.client(), rules=RULES) as mirror:
            await until(lambda: len(g.copies()) == 3)
            g.post("live and old")
            g.post("", media=media_of(g.world, "video", 2))
            g.album(1, 2, text="album #tag")
            await until(lambda: len(g.copies()) == 6)
            assert mirror.progress is not None
            assert mirror.progress.left_out == 0
        last = texts(g)
        # The footer stands below every post whose id is a multiple of five.
        ids = [m.id for m in g.originals() if m.text.startswith("live")]
        live = "live and new" + ("\n\n— Harbour 🐙" if ids[0] % 5 == 0 else "")
        assert [text.removesuffix("\n\n— Harbour 🐙") for text in last[:3]] == ["plain", "new news", "caption"]
        assert last[3] == live
        group = {m.grouped_id for m in g.copies()[4:]}
        assert len(group) == 1
        assert None not in group
        assert g.copies()[2].media is not None


async def test_a_changed_reply_keeps_its_header_and_a_changed_preview_its_link() -> None:
    async with ground() as g:
        first = g.post("first old post")
        g.post("an old answer", reply_to=first.id)
        async with g.running_mirror(await g.client(), rules=Rules(transforms=(Replace("old", "new"),))):
            await until(lambda: len(g.copies()) == 2)
        copies = g.copies()
        assert [m.text for m in copies] == ["first new post", "an new answer"]
        assert copies[1].reply_to == copies[0].id


async def test_formatting_arrives_on_its_words() -> None:
    async with ground() as g:
        text = "🎉 old and bold"
        g.post(text, entities=(types.MessageEntityBold(11, 4),))
        async with g.running_mirror(await g.client(), rules=Rules(transforms=(Replace("old and", "😀"),))):
            await until(lambda: len(g.copies()) == 1)
        copy = g.copies()[0]
        assert copy.text == "🎉 😀 bold"
        assert [(e.offset, e.length) for e in copy.entities] == [(6, 4)]


async def test_after_a_lost_answer_a_changed_post_is_not_doubled() -> None:
    async with ground() as g:
        for number in range(30):
            g.post(f"old {number}")
        g.faults.add(kind="cut", account=g.ann.id, method="sendMessage", nth=7)
        async with g.running_mirror(await g.client(), rules=Rules(transforms=(Replace("old", "new"),))):
            await until(lambda: len(g.copies()) >= 30, 20)
        assert texts(g) == [f"new {number}" for number in range(30)]


async def test_what_cannot_be_changed_is_left_out_and_counted() -> None:
    async with ground() as g:
        g.post("a\n" * 2)
        g.post("x" * 4000)
        rules = Rules(transforms=(Replace("x", "yy"),))
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await until(lambda: mirror.progress is not None and mirror.progress.done >= 2)
        assert len(texts(g)) == 1


async def test_rules_see_every_post_of_a_history_once_before_it_is_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    judge = Rules.judge

    def noted(self: Rules, messages: Sequence[Any], pair_id: str) -> Verdict:
        seen.extend(message.id for message in messages)
        return judge(self, messages, pair_id)

    monkeypatch.setattr(Rules, "judge", noted)
    async with ground() as g:
        for number in range(250):
            g.post(f"old {number}")
        async with g.running_mirror(await g.client(), rules=Rules(transforms=(Replace("old", "new"),))):
            await until(lambda: len(g.copies()) == 250)
        assert texts(g) == [f"new {number}" for number in range(250)]
        assert sorted(seen) == [m.id for m in g.originals()]


def test_what_was_found_out_ahead_holds_only_for_the_same_messages_and_protection() -> None:
    one, other = message("one"), message("one")
    known = Judged([one], False, {})
    assert known.holds([one], False)
    assert not known.holds([other], False)
    assert not known.holds([one, other], False)
    assert not known.holds([one], True)
