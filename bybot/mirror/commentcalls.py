"""The supervisor's calls about comments: whether they follow the posts of a pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from bybot.errors import DiscussionNotReadable, DiscussionNotWritable, NoDiscussion, PairNotFound
from bybot.ids import uuid7
from bybot.mirror import chats
from bybot.mirror.model import ByDates, ChannelPair, ChatRef, Everything, Mode, New, PairStatus
from bybot.mirror.paircalls import PairCalls
from bybot.mirror.pairs import check_new
from bybot.mirror.reader import Reader
from bybot.mirror.script import begin
from bybot.mirror.starts import start_of


class CommentCalls(PairCalls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    async def comments_of(self, user: int | str, pair_id: str) -> PairStatus | None:
        """How the comments of a pair are; None: nobody ever asked for them. Raises PairNotFound, StoreUnavailable."""
        await self._book.get(user, pair_id)
        child = await self._comments(user, pair_id)
        return None if child is None else await self._status(child)

    async def stop_comments(self, user: int | str, pair_id: str) -> None:
        """Comments do not follow any more; asked for again, they go on where they stopped. Raises as comments_of."""
        child = await self._comments(user, pair_id)
        if child is not None:
            await self.pause(user, child.id)

    async def follow_comments(self, user: int | str, pair_id: str) -> ChannelPair:
        """Comments follow the posts of a pair, from the first post that it copied.

        Raises:
            NoDiscussion: source or target has no group for comments.
            DiscussionNotReadable, DiscussionNotWritable: the account may not read there, or not write.
            PairExists, PairCycle: these groups are a pair already, or would make a circle.
            PairNotFound, ChatNotReadable, SessionError, StoreUnavailable: it could not be done now.
        """
        pair = await self._book.get(user, pair_id)
        if pair.role != "main":
            raise PairNotFound("Only a pair has comments.")
        async with self._client(user) as client:
            groups = await groups_of(client, pair)
            child = await self._comments(user, pair_id)
            if child is not None and (child.source.id, child.target.id) == tuple(group.id for group in groups):
                await self.resume(user, child.id)
                return child
            return await self._begin(client, pair, groups, child)

    async def _begin(
        self, client: Any, pair: ChannelPair, groups: tuple[ChatRef, ChatRef], old: ChannelPair | None
    ) -> ChannelPair:
        """A new pair of comments, in place of one between other groups."""
        source, target = groups
        now, person = self._clock.now(), self._person(pair.user)
        made = replace(
            pair, id=uuid7(now), source=source, target=target, mode=await self._mode(pair), created_at=now,
            enabled=True, parent=pair.id, role="comments", along=False,
        )  # fmt: skip
        others = [other for other in await self._book.all() if old is None or other.id != old.id]
        check_new(made, others)
        start = await start_of(Reader(client, chats.input_peer(source), person.pacing), made.mode)
        if old is not None:
            await self.remove(pair.user, old.id)
        made = await begin(self._store, made, start)
        await self._book.add(made)
        await person.start()
        return made

    async def _mode(self, pair: ChannelPair) -> Mode:
        """Under posts that were there before the pair, nothing can stand, unless a part of it copied them."""
        tasks = [part for part in await self._book.children(pair.user, pair.id) if part.role == "task"]
        return ByDates(pair.created_at) if isinstance(pair.mode, New) and not tasks else Everything()

    async def _comments(self, user: int | str, pair_id: str) -> ChannelPair | None:
        children = await self._book.children(user, pair_id)
        return next((child for child in children if child.role == "comments"), None)


async def groups_of(client: Any, pair: ChannelPair) -> tuple[ChatRef, ChatRef]:
    """The groups of the comments of both ends. Raises as :meth:`CommentCalls.follow_comments`."""
    source = await _group(client, pair.source, "source")
    target = await _group(client, pair.target, "target")
    if not source.can_read:
        raise DiscussionNotReadable(f"The account cannot read the comments of {pair.source.title}.")
    if not target.can_post:
        raise DiscussionNotWritable(f"The account may not write in the comments of {pair.target.title}.")
    return source, target


async def _group(client: Any, chat: ChatRef, side: Literal["source", "target"]) -> ChatRef:
    if chat.kind != "channel":
        raise NoDiscussion(f"{chat.title} is no channel, so there are no comments.", side=side)
    linked, group = await chats.linked(client, chat)
    if not linked:
        raise NoDiscussion(f"{chat.title} has no group for comments.", side=side)
    if group is None:
        raise DiscussionNotReadable(f"The account cannot see the group of {chat.title}.")
    return group
