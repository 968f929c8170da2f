"""Edits and deletions of the source, heard live, missed while away, and in bulk."""

from __future__ import annotations

from typing import Any

import pytest
from telethon.tl import types

from bybot.mirror import NoticeKind
from bybot.mirror.outcome import Judgement, Meaning
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add, Replace
from bybot.mirror.sender import Sender, Unsure
from bybot.sandbox.samples import media_of
from tests.mirror.support import Ground, ground, until


def texts(g: Ground) -> list[str]:
    return [message.text for message in g.copies()]


def edit(g: Ground, post: Any, **changes: Any) -> None:
    g.world.edit_message(g.editor, g.source.peer, post.id, **changes)


def delete(g: Ground, *posts: Any) -> None:
    g.world.delete_messages(g.editor, g.source.peer, [post.id for post in posts])


async def live(g: Ground, mirror: Any) -> None:
    await until(lambda: mirror.progress and mirror.progress.phase == "live" and g.same())


async def test_edits_and_deletions_follow_live_also_for_history() -> None:
    async with ground() as g:
        old = [g.post(f"old {n}") for n in range(5)]
        async with g.running_mirror(await g.client()) as mirror:
            await live(g, mirror)
            new = g.post("new")
            await until(lambda: len(g.copies()) == 6)
            edit(g, old[1], text="changed 😀 long ago", entities=(types.MessageEntityBold(0, 7),))
            edit(g, new, text="changed now")
            delete(g, old[3])
            await until(lambda: "changed now" in texts(g) and "old 3" not in texts(g))
            await until(lambda: "changed 😀 long ago" in texts(g))
            g.check()


async def test_an_edited_caption_goes_through_the_rules_and_the_file_stays() -> None:
    async with ground() as g:
        post = g.post("old caption", media=media_of(g.world, "photo", 1))
        rules = Rules(transforms=(Replace("old", "new"), Add(Rich("footer"))))
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await live(g, mirror)
            edit(g, post, text="an old second caption")
            await until(lambda: texts(g) == ["an new second caption\n\nfooter"])
        assert g.copies()[0].media is not None


async def test_an_album_that_is_edited_keeps_one_footer() -> None:
    async with ground() as g:
        parts = g.album(1, 2, 3, text="first")
        async with g.running_mirror(await g.client(), rules=Rules(transforms=(Add(Rich("footer")),))) as mirror:
            await live(g, mirror)
            edit(g, parts[0], text="first, better")
            await until(lambda: texts(g) == ["first, better\n\nfooter", "", ""])


async def test_what_happened_while_nobody_listened_is_found() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(30)]
        async with g.running_mirror(await g.client()) as mirror:
            await live(g, mirror)
        edit(g, posts[4], text="edited while away")
        delete(g, posts[7], posts[8])
        g.post("posted while away")
        async with g.running_mirror(await g.client()):
            await until(lambda: len(g.copies()) == 29 and "edited while away" in texts(g))
            g.check()


async def test_only_the_window_is_looked_at_again() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(10)]
        rules = Rules(window=5)
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await live(g, mirror)
        edit(g, posts[0], text="too long ago")
        edit(g, posts[9], text="within")
        async with g.running_mirror(await g.client(), rules=rules):
            await until(lambda: "within" in texts(g))
        assert texts(g)[0] == "post 0"


async def test_many_deletions_at_once_ask_first() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(30)]
        async with g.running_mirror(await g.client()) as mirror:
            await live(g, mirror)
            delete(g, *posts[:20])
            await until(lambda: any(kind is NoticeKind.BULK_DELETION for kind, _ in g.notices))
            assert g.notices[-1][1]["count"] == 20
            assert len(g.copies()) == 30
            assert mirror.confirm_deletions(True) == 20
            await until(lambda: len(g.copies()) == 10)
            g.check()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (Rules(edits="ignore", deletions="keep"), ["one", "two"]),
        (Rules(edits="new", deletions="keep"), ["one", "two", "one, edited"]),
    ],
)
async def test_the_policy_decides(rules: Rules, expected: list[str]) -> None:
    async with ground() as g:
        one, two = g.post("one"), g.post("two")
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await live(g, mirror)
            edit(g, one, text="one, edited")
            delete(g, two)
            g.post("last")
            await until(lambda: len(g.copies()) > len(expected))
        assert sorted(texts(g)) == sorted([*expected, "last"])


async def test_an_edit_that_comes_before_its_copy_waits_for_it() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(60)]
        g.faults.add(kind="latency", account=g.ann.id, method="forwardMessages", seconds=0.5)
        async with g.running_mirror(await g.client()):
            await until(lambda: g.running.counters.calls_of("forwardMessages", g.ann.id) > 0)
            edit(g, posts[3], text="edited under way")
            await until(lambda: g.same() and "edited under way" in texts(g))


async def test_a_flood_wait_puts_an_edit_off_and_does_not_lose_it() -> None:
    async with ground() as g:
        post = g.post("one")
        async with g.running_mirror(await g.client()) as mirror:
            await live(g, mirror)
            g.faults.add(kind="flood", account=g.ann.id, method="editMessage", seconds=1, times=1)
            edit(g, post, text="two")
            await until(lambda: texts(g) == ["two"])


async def test_an_edit_that_was_heard_outlives_a_send_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    failing: list[Judgement] = []
    land_answered = Sender.land_answered

    async def sometimes(self: Sender) -> None:
        if failing:
            raise Unsure(failing.pop())
        await land_answered(self)

    monkeypatch.setattr(Sender, "land_answered", sometimes)
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(5)]
        rules = Rules(window=1)  # what was edited before is never looked at again
        async with g.running_mirror(await g.client(), rules=rules) as mirror:
            await live(g, mirror)
            failing.append(Judgement(Meaning.UNKNOWN, "no answer"))
            edit(g, posts[0], text="edited")
            await until(lambda: "edited" in texts(g))
        assert not failing
