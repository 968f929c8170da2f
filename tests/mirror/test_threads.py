"""Under which post a comment stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon.tl import types

from bybot.clock import ManualClock, SystemClock
from bybot.mirror.chats import input_peer, resolve
from bybot.mirror.comments import Posts, Threads, forwarded_post, thread_of
from bybot.mirror.pacing import PACES, Pacing
from bybot.mirror.reader import Reader
from bybot.sandbox.server import Sandbox
from bybot.sandbox.world.model import Channel, Message
from bybot.stores.memory import MemoryStore
from tests.mirror.support import Ground, ground
from tests.mirror.talk import following, message, talk_of
from tests.mirror.test_supervisor import sandbox, store
from tests.sessions.support import until

__all__ = ["sandbox", "store"]


async def test_threads_are_asked_for_once(sandbox: Sandbox, store: MemoryStore) -> None:
    talk = talk_of(sandbox)
    posts = [talk.post(f"post {n}") for n in range(3)]
    for n in range(150):
        talk.say(posts[n % 3], f"comment {n}")
    async with following(sandbox, store):
        await until(lambda: len(talk.shown()) == 150)
    assert sandbox.counters.calls_of("GetDiscussionMessage") == 3


class Landing:
    """Posts one of which is copied at the very moment between two questions."""

    def __init__(self, copy: int) -> None:
        self.copy, self.landed = copy, False

    async def copies(self, ids: Collection[int]) -> dict[int, int]:
        landed, self.landed = self.landed, True
        return dict.fromkeys(ids, self.copy) if landed else {}

    async def coming(self, ids: Collection[int]) -> set[int]:
        landed, self.landed = self.landed, True
        return set() if landed else set(ids)


class Copied:
    """Posts that all have one copy."""

    def __init__(self, copy: int) -> None:
        self.copy = copy

    async def copies(self, ids: Collection[int]) -> dict[int, int]:
        return dict.fromkeys(ids, self.copy)

    async def coming(self, ids: Collection[int]) -> set[int]:
        return set()


@dataclass
class Looked:
    """What became of a comment, and of the forward that it stands under."""

    threads: Threads
    clock: ManualClock
    lost: list[int] = field(default_factory=list)
    due: list[datetime] = field(default_factory=list)

    async def sort(self) -> list[int]:
        page = await self.threads.source.page(0)
        going = await self.threads.sort(page, lambda ids, why: self.lost.extend(ids), self.due.append)
        return [m.id for m in going if m.action is None]


async def looked(g: Ground, groups: Sequence[Channel], posts: Posts, *, group: Channel | None = None) -> Looked:
    """The threads of a source whose group comes first, and of a target whose group comes second."""
    pacing, client = Pacing(SystemClock(), PACES["off"]), await g.client()
    channel, target = await resolve(client, "@source"), await resolve(client, "@target")
    home, other = [await resolve(client, f"-100{each.id}") for each in (groups[0], group or groups[1])]
    reader = Reader(client, input_peer(home), pacing)
    clock = ManualClock(SystemClock().now())
    return Looked(Threads(reader, channel.id, target, other.id, posts, clock), clock)


def talking(g: Ground, *, linked: bool = True) -> tuple[list[Channel], Message, Message, Message]:
    """Groups of both ends, and a third one; a post, its copy, and a comment. ``linked``: before the copy was made."""
    groups = [g.world.create_channel(g.ann, name, megagroup=True) for name in ("Talk", "Our talk", "Another")]
    g.world.threads.link(g.source, groups[0])
    if linked:
        g.world.threads.link(g.target, groups[1])
    post, copy = g.post("a post"), g.world.send_message(g.ann, g.target.peer, text="a post")
    if not linked:
        g.world.threads.link(g.target, groups[1])
    assert post.discussion is not None
    said = g.world.send_message(g.ann, groups[0].peer, text="a comment", reply_to=post.discussion.id)
    return groups, post, copy, said


async def test_a_post_that_is_copied_while_its_comment_is_looked_at_is_not_taken_for_lost() -> None:
    async with ground() as g:
        groups, post, copy, said = talking(g)
        found = await looked(g, groups, Landing(copy.id))
        assert await found.sort() == [said.id]
        assert found.lost == [post.discussion and post.discussion.id]


async def test_a_forward_in_another_group_is_no_place_for_comments() -> None:
    async with ground() as g:
        groups, _, copy, said = talking(g)
        found = await looked(g, groups, Copied(copy.id), group=groups[2])
        assert await found.sort() == []
        assert said.id in found.lost


async def test_a_forward_that_is_not_there_yet_is_waited_for_ever_longer_but_not_for_ever() -> None:
    async with ground() as g:
        groups, _, copy, said = talking(g, linked=False)
        found = await looked(g, groups, Copied(copy.id))
        for _ in range(4):
            assert await found.sort() == []
        assert said.id not in found.lost
        assert [(due - found.clock.now()).total_seconds() for due in found.due] == [0.5, 1, 2, 4]
        found.clock.advance(70)
        assert await found.sort() == []
        assert said.id in found.lost


def head(saved: Any = None, post: int | None = 7) -> Any:
    return types.MessageFwdHeader(date=SystemClock().now(), saved_from_peer=saved, saved_from_msg_id=post)


def test_a_forward_that_telegram_made_is_told_from_all_others() -> None:
    home, channel_id = types.PeerChannel(3), -1000000000003
    assert forwarded_post(message(from_id=home, fwd_from=head(home)), channel_id) == 7
    for other in (
        message(from_id=home),
        message(from_id=types.PeerUser(3), fwd_from=head(home)),
        message(from_id=home, fwd_from=head(types.PeerChannel(4))),
        message(from_id=home, fwd_from=head(home, None)),
        message(fwd_from=head(home)),
    ):
        assert forwarded_post(other, channel_id) is None


def test_the_top_of_a_thread_is_read_from_the_header() -> None:
    assert thread_of(message()) is None
    assert thread_of(message(reply_to=types.MessageReplyHeader(reply_to_msg_id=4))) == 4
    assert thread_of(message(reply_to=types.MessageReplyHeader(reply_to_msg_id=4, reply_to_top_id=2))) == 2
    elsewhere = types.MessageReplyHeader(reply_to_msg_id=4, reply_to_peer_id=types.PeerChannel(8))
    assert thread_of(message(reply_to=elsewhere)) is None
    topic = types.MessageReplyHeader(reply_to_msg_id=4, forum_topic=True)
    assert thread_of(message(reply_to=topic)) is None
