"""Comments of posts: from the group of the source's comments into that of the target's.

Every post of a channel with a linked group is forwarded there by Telegram, and a comment is a reply below that forward
(https://core.telegram.org/api/discussion). Such a forward is never copied: it stands for the forward of the post's
copy in the target's group. A comment whose post has no copy yet counts as not there yet, and so does what follows it:
the cursor stays below, and the gate looks again soon. A comment whose post will have no copy is counted and left out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from telethon import errors, utils
from telethon.tl import functions

from bybot.clock import Clock
from bybot.errors import ChatNotReadable, PairNotFound
from bybot.mirror.account import Account
from bybot.mirror.chats import input_peer
from bybot.mirror.family import Family, Kin
from bybot.mirror.ledger import Why
from bybot.mirror.model import ChannelPair, ChatRef
from bybot.mirror.planner import Unit, is_service, topic_of, units_of
from bybot.mirror.reader import Reader
from bybot.mirror.rules.transforms import Add

DISCUSSION: Final = "GetDiscussionMessage"
#: Threads that are kept in mind.
_KEPT: Final = 2_000
_IDS: Final = 100
#: Telegram forwards a post into the linked group within moments; a copy that is older and has no forward gets none.
_FORWARDED: Final = timedelta(seconds=60)
#: Seconds until a thread that is not there yet is looked for again: the first time, and at most.
_FIRST_LOOK: Final = 0.5
_LAST_LOOK: Final = 300.0


class Posts(Protocol):
    """The posts that the comments stand under."""

    async def copies(self, ids: Collection[int]) -> dict[int, int]:
        """Their copies, as far as there are any. Raises StoreUnavailable."""

    async def coming(self, ids: Collection[int]) -> set[int]:
        """Those that may still be copied. Raises StoreUnavailable."""


@dataclass(frozen=True)
class FamilyPosts:
    """Of the pair that a pair of comments belongs to, and of its tasks."""

    family: Family
    comments: ChannelPair

    async def copies(self, ids: Collection[int]) -> dict[int, int]:
        """As in :class:`Posts`; the oldest part's copy counts."""
        found: dict[int, int] = {}
        for part in self._parts():
            found = await self.family.copies(part, set(ids) - found.keys()) | found
        return found

    async def coming(self, ids: Collection[int]) -> set[int]:
        """As in :class:`Posts`."""
        found: set[int] = set()
        for part in self._parts():
            if part.ended is None:
                found |= await self.family.ahead(part, ids)
        return found

    def _parts(self) -> Iterable[ChannelPair]:
        return [part for part in self.family.parts(self.comments) if part.role != "comments"]


def forwarded_post(message: Any, channel: int) -> int | None:
    """The post of a channel (marked id) that Telegram itself forwarded with this message; None: it is none."""
    head = getattr(message, "fwd_from", None)
    if head is None or head.saved_from_peer is None or not head.saved_from_msg_id:
        return None
    by = getattr(message, "from_id", None)
    if by is None or utils.get_peer_id(by) != channel or utils.get_peer_id(head.saved_from_peer) != channel:
        return None
    return int(head.saved_from_msg_id)


def thread_of(message: Any) -> int | None:
    """The top of the thread that a message of a group stands in; None: in none."""
    header = getattr(message, "reply_to", None)
    if header is None or getattr(header, "reply_to_peer_id", None) is not None or topic_of(message) is not None:
        return None
    return header.reply_to_top_id or header.reply_to_msg_id


@dataclass
class Threads:
    """The threads of one pair of comments, on one connection.

    Attributes:
        source: reads the source's group.
        channel: the channel whose comments are copied, by its marked id.
        target: the channel under whose posts they go.
        group: the group of its comments, by its marked id.
        posts: what became of the channel's posts.
    """

    source: Reader
    channel: int
    target: ChatRef
    group: int
    posts: Posts
    clock: Clock
    _posts: OrderedDict[int, int | None] = field(default_factory=OrderedDict)
    _tops: OrderedDict[int, int | None] = field(default_factory=OrderedDict)
    _pause: float = _FIRST_LOOK

    def get(self, top: int) -> int | None:
        """The top of the target's thread for one of the source's, as far as it is known."""
        return self._tops.get(top)

    async def sort(
        self,
        messages: Sequence[Any],
        skipped: Callable[[Collection[int], Why], None],
        hold: Callable[[datetime], None],
    ) -> list[Any]:
        """Those that may be copied now, in order, up to the first whose thread is not there yet.

        Args:
            messages: ids rising, albums whole.
            skipped: told what is done without a copy, and why.
            hold: told when to look again.

        Raises:
            ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError, StoreUnavailable: nothing is known.
        """
        for message in messages:
            self._note(message)
        units = units_of(messages)
        waiting = await self.resolve([top for unit in units if (top := thread_of(unit.messages[0])) is not None])
        going: list[Any] = []
        for unit in units:
            top = thread_of(unit.messages[0])
            if is_service(unit.messages[0]):
                going += unit.messages
            elif self._posts.get(unit.ids[0]) is not None:
                skipped(unit.ids, "service")
            elif top in waiting:
                hold(self.clock.now() + timedelta(seconds=self._pause))
                self._pause = min(_LAST_LOOK, self._pause * 2)
                return going
            elif top is None or self.get(top) is None:
                skipped(unit.ids, "orphaned")
            else:
                going += unit.messages
        self._pause = _FIRST_LOOK
        return going

    def instead(self, unit: Unit) -> int | None:
        """What a comment answers when the comment that it answers has no copy: the post itself."""
        top = thread_of(unit.messages[0])
        return top if top is not None and self.get(top) is not None else None

    async def resolve(self, tops: Collection[int]) -> set[int]:
        """Learn the target's threads for these of the source. Returns those that are not there yet. Raises as sort."""
        unknown = sorted({top for top in tops if top not in self._tops})
        await self._read([top for top in unknown if top not in self._posts])
        posts = {top: post for top in unknown if (post := self._posts[top]) is not None}
        wanted = set(posts.values())
        # In this order: a post that is not coming any more has its copy by now, if it ever gets one.
        coming = await self.posts.coming(wanted) if wanted else set()
        copies = await self.posts.copies(wanted) if wanted else {}
        waiting: set[int] = set()
        for top in unknown:
            post = posts.get(top)
            copy = copies.get(post) if post is not None else None
            found = await self._forward_of(copy) if copy is not None else None
            if found is _NOT_YET or (copy is None and post in coming):
                waiting.add(top)
            else:
                _put(self._tops, top, found)
        return waiting

    def _note(self, message: Any) -> None:
        if not is_service(message):
            _put(self._posts, message.id, forwarded_post(message, self.channel))

    async def _read(self, tops: Sequence[int]) -> None:
        """Whether these messages of the source's group are forwarded posts, and which."""
        for at in range(0, len(tops), _IDS):
            found = await self.source.by_ids(tops[at : at + _IDS])
            for top in tops[at : at + _IDS]:
                message = found.get(top)
                _put(self._posts, top, None if message is None else forwarded_post(message, self.channel))

    async def _forward_of(self, copy: int) -> Any:
        """The forward of a copy in the target's group; None: there is none, and there will be none."""
        channel = Reader(self.source.client, input_peer(self.target), self.source.pacing, self.source.on_wait)
        request = functions.messages.GetDiscussionMessageRequest(channel.peer, copy)
        try:
            answer = await channel.ask(request, DISCUSSION)
        except ChatNotReadable as error:
            if not isinstance(error.__cause__, errors.MsgIdInvalidError):
                raise
            return await self._without_forward(channel, copy)
        here = [message.id for message in answer.messages if utils.get_peer_id(message.peer_id) == self.group]
        return min(here, default=None)  # none: the channel has another group by now

    async def _without_forward(self, channel: Reader, copy: int) -> Any:
        post = (await channel.by_ids([copy])).get(copy)
        young = post is not None and self.clock.now() - post.date < _FORWARDED
        return _NOT_YET if young else None


def threads_of(pair: ChannelPair, account: Account, family: Family, clock: Clock) -> Threads | None:
    """The threads of a pair of comments; None for any other pair.

    Raises:
        PairNotFound: the pair that it belongs to is gone.
    """
    if pair.role != "comments":
        return None
    main = next((part for part in family.parts(pair) if part.role == "main"), None)
    if main is None:
        raise PairNotFound("The pair of these comments is not here any more.")
    source = Reader(account.client, input_peer(pair.source), account.pacing)
    return Threads(source, main.source.id, main.target, pair.target.id, FamilyPosts(family, pair), clock)


def without_additions(pair: ChannelPair) -> ChannelPair:
    """A pair of comments with its parent's rules, but for what these add above and below: that is for posts."""
    transforms = tuple(each for each in pair.rules.transforms if not isinstance(each, Add))
    return replace(pair, rules=replace(pair.rules, transforms=transforms))


#: Telegram has not forwarded it yet.
_NOT_YET: Final = object()


class ThreadKin(Kin):
    """What replies of comments point at beside copies: the tops of the target's threads."""

    def __init__(self, threads: Threads) -> None:
        super().__init__()
        self._threads = threads

    def get(self, source_id: int) -> int | None:
        """The top of the target's thread, when this is the top of one of the source's."""
        return self._threads.get(source_id)

    async def load(self, source_ids: Collection[int]) -> None:
        """Learn of these. Raises as :meth:`Threads.resolve`."""
        await self._threads.resolve(source_ids)


def _put(known: OrderedDict[int, int | None], key: int, value: int | None) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _KEPT:
        known.popitem(last=False)
