"""Under which post a comment stands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from telethon.tl import types

from bybot.clock import SystemClock
from bybot.mirror.chats import input_peer, resolve
from bybot.mirror.comments import Threads, forwarded_post, thread_of
from bybot.mirror.pacing import PACES, Pacing
from bybot.mirror.reader import Reader
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.support import ground
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


async def test_a_post_that_is_copied_while_its_comment_is_looked_at_is_not_taken_for_lost() -> None:
    async with ground() as g:
        groups = [g.world.create_channel(g.ann, name, megagroup=True) for name in ("Talk", "Our talk")]
        for home, group in zip((g.source, g.target), groups, strict=True):
            g.world.threads.link(home, group)
        post, copy = g.post("a post"), g.world.send_message(g.ann, g.target.peer, text="a post")
        assert post.discussion is not None
        said = g.world.send_message(g.ann, groups[0].peer, text="a comment", reply_to=post.discussion.id)
        pacing, clock = Pacing(SystemClock(), PACES["off"]), SystemClock()
        client = await g.client()
        channel, target = await resolve(client, "@source"), await resolve(client, "@target")
        home, group = [await resolve(client, f"-100{each.id}") for each in groups]
        reader = Reader(client, input_peer(home), pacing)
        threads = Threads(reader, channel.id, target, group.id, Landing(copy.id), clock)
        lost: list[int] = []
        going = await threads.sort(await reader.page(0), lambda ids, why: lost.extend(ids), lambda due: None)
        assert [m.id for m in going if m.action is None] == [said.id]
        assert lost == [post.discussion.id]


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
