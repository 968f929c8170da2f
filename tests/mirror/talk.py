"""Channels with groups for comments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from bybot.clock import SystemClock
from bybot.mirror import Everything
from bybot.mirror.model import ChannelPair, Mode
from bybot.mirror.rules.book import Rules
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Channel, Message
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import Process, channel, process
from tests.sessions.support import ANN, plant_session


@dataclass
class Talk:
    """Wei writes the source and under it; Ann has the target. Both channels have groups for comments."""

    sandbox: Sandbox
    source: Channel
    target: Channel
    from_group: Channel
    to_group: Channel

    @property
    def world(self) -> Any:
        return self.sandbox.world

    @property
    def wei(self) -> Any:
        return find_account(self.world, "@liwei")

    def post(self, text: str, **options: Any) -> Message:
        return self.world.send_message(self.wei, self.source.peer, text=text, **options)

    def say(self, under: Message, text: str, to: Message | None = None, **options: Any) -> Message:
        """A comment under a post, be it an answer to another one."""
        answered = to or under.discussion
        assert answered is not None
        return self.world.send_message(self.wei, self.from_group.peer, text=text, reply_to=answered.id, **options)

    def shown(self) -> list[tuple[str, str, str]]:
        """Every copied comment: the post that it stands under, its text, and the text that it answers."""
        group = self.to_group.messages
        found = []
        for message in group:
            if message.action is not None or message.fwd is not None:
                continue
            answered = group.get(message.reply_to) if message.reply_to else None
            top = group.get(message.reply_top) if message.reply_top else answered
            found.append((top.text if top else "", message.text, answered.text if answered else ""))
        return found


def talk_of(sandbox: Sandbox) -> Talk:
    world = sandbox.world
    wei, ann = find_account(world, "@liwei"), find_account(world, "@ann")
    source, target = channel(sandbox, "@source"), channel(sandbox, "@target")
    from_group = world.create_channel(wei, "Talk", megagroup=True, username="source_talk")
    to_group = world.create_channel(ann, "Our talk", megagroup=True)
    world.join(ann, from_group)
    world.threads.link(source, from_group)
    world.threads.link(target, to_group)
    return Talk(sandbox, source, target, from_group, to_group)


@asynccontextmanager
async def following(
    sandbox: Sandbox, store: MemoryStore, mode: Mode | None = None, rules: Rules | None = None
) -> AsyncIterator[tuple[Process, ChannelPair]]:
    """A pair with its comments, in a process of its own."""
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", mode or Everything())
        if rules is not None:
            await p.mirror.set_rules(ANN, pair.id, rules)
        await p.mirror.follow_comments(ANN, pair.id)
        yield p, pair


def message(**facts: Any) -> Any:
    date = SystemClock().now()
    return types.Message(id=5, peer_id=types.PeerChannel(9), date=date, message="", **facts)
