"""Pinned posts are followed, live and after an absence."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from bybot.mirror import NoticeKind
from bybot.mirror.rules.book import Rules
from tests.mirror.support import Ground, ground, until

FOLLOW = Rules(pins="follow")


def pin(g: Ground, post: Any) -> None:
    g.world.pins.pin(g.editor, g.source.peer, post.id)


def unpin(g: Ground, post: Any) -> None:
    g.world.pins.unpin(g.editor, g.source.peer, post.id)


def pinned(g: Ground) -> list[str]:
    return [message.text for message in g.copies() if message.pinned]


async def live(mirror: Any) -> None:
    await until(lambda: mirror.progress and mirror.progress.phase == "live")


async def test_pins_follow_live_and_what_was_missed_is_made_up_for() -> None:
    async with ground() as g:
        posts = [g.post(f"post {n}") for n in range(4)]
        pin(g, posts[0])
        async with g.running_mirror(await g.client(), rules=FOLLOW) as mirror:
            await live(mirror)
            await until(lambda: pinned(g) == ["post 0"])
            new = g.post("new")
            pin(g, new)
            await until(lambda: pinned(g) == ["post 0", "new"])
            unpin(g, posts[0])
            await until(lambda: pinned(g) == ["new"])
        pin(g, posts[2])
        unpin(g, new)
        async with g.running_mirror(await g.client(), rules=FOLLOW):
            await until(lambda: pinned(g) == ["post 2"])
        told = [m for m in g.target.messages if isinstance(m.action, types.MessageActionPinMessage)]
        assert all(message.silent for message in told)


async def test_what_people_pinned_in_the_target_stays_and_without_the_rule_nothing_is_pinned() -> None:
    async with ground() as g:
        own = g.world.send_message(g.ann, g.target.peer, text="ours")
        g.world.pins.pin(g.ann, g.target.peer, own.id)
        post = g.post("theirs")
        async with g.running_mirror(await g.client()) as mirror:
            await live(mirror)
            pin(g, post)
            g.post("later")
            await until(lambda: len(g.copies()) == 3)
        assert pinned(g) == ["ours"]
        async with g.running_mirror(await g.client(), rules=FOLLOW) as mirror:
            await until(lambda: pinned(g) == ["ours", "theirs"])
            unpin(g, post)
            await until(lambda: pinned(g) == ["ours"])


async def test_an_account_that_may_not_pin_copies_on() -> None:
    async with ground() as g:
        rights = types.ChatAdminRights(post_messages=True)
        target = g.world.create_channel(g.editor, "Strict", username="strict_target")
        g.world.set_admin(target, g.ann, rights)
        post = g.post("one")
        pin(g, post)
        async with g.running_mirror(await g.client(), rules=FOLLOW, target="@strict_target") as mirror:
            await live(mirror)
            g.post("two")
            texts = lambda: [m.text for m in target.messages if m.action is None]  # noqa: E731
            await until(lambda: texts() == ["one", "two"])
        assert not any(message.pinned for message in target.messages)
        assert [facts for kind, facts in g.notices if kind is NoticeKind.RIGHT_MISSING] == [{"right": "pins"}]
