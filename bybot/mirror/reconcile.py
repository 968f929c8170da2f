"""After an unclean stop: the target's tail tells what was sent, so that little has to be repeated.

Posts are sent in the order of their ids, and Telegram answers a repeated random id with the first copy. So the last
post that seems to have a copy is repeated: when the answer names that very copy, everything before it was sent as
well, and what was matched by its content is noted without a request. When it names another one, the likeness was
chance; then the one before is asked, and so on.

What is left goes one by one, with the random ids that it had, and each answer explains one more message of the tail.
Once all of the tail is explained and the next copy gets the very next id, nothing else was ever sent: the rest is new.
A message that nothing explains may be the copy of a post that is gone from the source by now. Its random id tells.
"""

from __future__ import annotations

import asyncio
from bisect import bisect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from telethon.tl import functions, types

from bybot.mirror import requests
from bybot.mirror.audit import wanted_of
from bybot.mirror.certain import Certain
from bybot.mirror.copies import Copies
from bybot.mirror.drafting import Drafting, Verdicts
from bybot.mirror.flag import Flag
from bybot.mirror.journal import Journal
from bybot.mirror.matching import matched, may_be_ours, traced
from bybot.mirror.planner import Plan, Unit, is_service, sort_out, units_of
from bybot.mirror.reader import PAGE, Reader
from bybot.mirror.requests import RandomId

#: Posts of the source that are compared at once.
_SEGMENT: Final = 1_000
#: Copies among which the newest is looked for.
_LAST: Final = 200
#: Ids without a copy that are asked for in vain before that ends.
_MISSES: Final = 40
#: How many ids above the newest post may have been posts that are gone.
_BEYOND: Final = 20
#: Ids among which those are looked for.
_LOOKED: Final = 2_000
_IDS: Final = 100
#: An id that no message has.
_NOWHERE: Final = 2**31 - 1


@dataclass(slots=True)
class Tail:
    """A target above the last copy that is certain.

    Attributes:
        top: the newest id that is accounted for.
        whole: every id up to it was read, so that no deletion hides anything.
        unexplained: messages that may be copies, nobody knows of what.
        since, until: the ids of the source that were in doubt when it was read.
    """

    top: int
    whole: bool
    unexplained: set[int]
    since: int
    until: int

    def learn(self, found: Collection[int]) -> bool:
        """These copies were named by answers. Returns whether nothing else can have been sent before."""
        self.unexplained.difference_update(found)
        fresh = [id_ for id_ in found if id_ > self.top]
        if not fresh:
            return False
        self.whole = self.whole and min(fresh) == self.top + 1
        self.top = max(fresh)
        return self.whole and not self.unexplained


@dataclass(slots=True)
class Reconciliation:
    """Of one pair, on one connection.

    Attributes:
        source: reads the source.
        copies: the target.
        random_id: of the pair's posts.
        repeat: sends these messages again, each post by itself, and waits for the answers.
        shared: whether other pairs of the account post into the same target; None: there are no others.
        stopping: set when the work shall end.
    """

    journal: Journal
    source: Reader
    copies: Copies
    drafting: Drafting
    random_id: RandomId
    repeat: Callable[[Sequence[Any]], Awaitable[None]]
    shared: Callable[[], Awaitable[bool]] | None
    stopping: Flag
    tail: Tail | None = None
    _at: int = field(default=0, init=False)
    _verdicts: Verdicts = field(default=None, init=False)

    async def run(self) -> None:
        """Note what was sent, as far as the tail tells. Raises as the sender and the reader do."""
        self.tail = None
        journal = self.journal
        if not journal.in_doubt or journal.orders.wanted:
            return
        certain = await self._certain()
        if certain is None or (self.shared is not None and await self.shared()):
            journal.searching = False
            return
        journal.searching = True
        self._at, more = journal.cursor.mark, True
        while more and not self.stopping.is_set():
            units, more = await self._window()
            messages = await self._read(certain, sum(len(unit.messages) for unit in units))
            found = await self._prove(units, await self._match(units, messages))
            certain = Certain(certain.source, max(found, default=certain.copy))
            more = more and bool(found)
        if not self.stopping.is_set():
            journal.searching = self.tail is not None and bool(self.tail.unexplained)

    def learn(self, source_ids: Collection[int]) -> None:
        """Answers came for these posts, and nothing is under way."""
        tail, journal = self.tail, self.journal
        if tail is None:
            return
        named = (journal.map.get(source_id) for source_id in source_ids)
        if tail.learn([copy for copy in named if copy is not None]):
            journal.uncertain_until = min(journal.uncertain_until, journal.cursor.highest)
            journal.searching = False
            self.tail = None

    # Reading --------------------------------------------------------------------------------------------------

    async def _certain(self) -> Certain | None:
        """Up to where all is certain. Where the journal does not say it, that is about where its mark is.

        An id above the mark without a copy may be a post that is gone, and whose copy nobody has found yet.
        """
        journal = self.journal
        if journal.certain is not None:
            return journal.certain
        ids = await journal.map.last(journal.cursor.mark, _LAST)
        newest = max((await journal.map.peek(ids)).values(), default=journal.floor)
        return None if newest is None else Certain(journal.cursor.mark, newest)

    async def _window(self) -> tuple[list[Unit], bool]:
        """The next posts that may have been sent, and whether there are more."""
        journal = self.journal
        until = min(journal.uncertain_until, journal.end_id or journal.uncertain_until)
        units: list[Unit] = []
        async with self.source.batches(self._at) as batches:
            async for batch in batches:
                if batch.open_end:
                    break
                posts = sort_out(batch.messages, Plan(), chat_protected=self.drafting.protection.on)
                for unit in units_of(posts):
                    if unit.last_id > until:
                        return units, False
                    if not all(id_ in journal.cursor for id_ in unit.ids):
                        units.append(unit)
                self._at = batch.messages[-1].id
                if sum(len(unit.messages) for unit in units) >= _SEGMENT:
                    return units, True
        return units, False

    async def _read(self, certain: Certain, posts: int) -> list[Any]:
        """What may be copies above the last certain one. When that was read to its end, it is the new tail."""
        reader, journal, known = self.copies.reader, self.journal, certain.copy
        named = set((await journal.map.peek(range(certain.source + 1, journal.cursor.highest + 1))).values())
        found: list[Any] = []
        at_end = False
        for _ in range(5 + 2 * (posts + len(named)) // PAGE):  # some may still come while it is read
            page = await reader.page(found[-1].id if found else known)
            found += page
            if at_end := not page:
                break
        if journal.epoch != journal.base:  # what was filled in stands above what came after it
            named |= await journal.map.named({message.id for message in found})
        ours = [message for message in found if may_be_ours(message) and message.id not in named]
        top = found[-1].id if found else known
        whole = isinstance(reader.peer, types.InputPeerChannel) and len(found) == top - known
        before = self.tail.unexplained if self.tail is not None else set()
        unexplained = {id_ for id_ in before if id_ <= known} | {message.id for message in ours}
        self.tail = Tail(top, whole, unexplained, certain.source, journal.uncertain_until) if at_end else None
        return ours

    async def _match(self, units: Sequence[Unit], messages: Sequence[Any]) -> list[dict[int, int]]:
        posts = [message for unit in units for message in unit.messages]
        if not posts or not messages:
            return []
        self._verdicts = await self.drafting.verdicts(posts)
        texts = wanted_of(posts, self._verdicts)
        wanted = [unit for unit in units if all(id_ in texts for id_ in unit.ids)]
        carried = self.drafting.pair.rules.files == "upload"
        return await asyncio.to_thread(
            lambda: matched(traced(wanted, texts, carried), traced(units_of(messages), {}, carried))
        )

    # Noting ---------------------------------------------------------------------------------------------------

    async def _prove(self, units: Sequence[Unit], likely: list[dict[int, int]]) -> list[int]:
        """Note what was sent for certain. Returns the copies of that."""
        journal = self.journal
        journal.presumed = {id_: copy for each in likely for id_, copy in each.items()}
        try:
            while likely and not self.stopping.is_set():
                last = likely[-1]
                sent = await self._was_sent(last, [u for u in units if u.last_id <= max(last)], likely[:-1])
                if sent is None:
                    break
                if sent:
                    noted = {id_: copy for each in likely for id_, copy in each.items()}
                    await journal.load(noted)
                    journal.copied(noted)
                    self.learn(noted)
                    return list(noted.values())
                likely.pop()
        finally:
            journal.presumed = {}
        return []

    async def _was_sent(
        self, last: dict[int, int], units: Sequence[Unit], likely: Sequence[dict[int, int]]
    ) -> bool | None:
        """Repeat what is not likely to have been sent, in order, up to this post; whether it has the copy it seems.

        Nothing is certain when one of them does not go now: what comes after it must not be done before it.
        """
        passed = {id_ for each in likely for id_ in each}
        for unit in units:
            if not passed.isdisjoint(unit.ids):
                self.drafting.note(unit.messages, self._verdicts)
            elif not all(id_ in self.journal.cursor for id_ in unit.ids):
                await self.repeat(unit.messages)
                if not all(id_ in self.journal.cursor for id_ in unit.ids):
                    return None
                self.learn(unit.ids)
        return all(self.journal.map.get(id_) == copy for id_, copy in last.items())

    # Posts that are gone --------------------------------------------------------------------------------------

    async def find_gone(self) -> None:
        """Find the copies of posts that were deleted from the source, or are left out, before anybody noted them.

        What is not explained after that is somebody else's. Raises as the sender and the reader do.
        """
        tail = self.tail
        if tail is None or not tail.unexplained:
            self.journal.searching = False
            return
        misses = 0
        for source_id in await self._without_copies(tail):
            if not tail.unexplained or misses >= _MISSES or self.stopping.is_set():
                break
            copy = await self.ask(source_id)
            if copy not in tail.unexplained:  # there is none, or it is no more what it was when it was sent
                misses += 1
            else:
                await self.journal.load([source_id])
                self.journal.copied({source_id: copy})
                tail.learn([copy])
        if not self.stopping.is_set():
            tail.unexplained.clear()
            self.journal.searching = False

    async def _without_copies(self, tail: Tail) -> list[int]:
        """Ids whose copies may be among what nothing explains, the likeliest first: see :func:`by_likelihood`."""
        journal = self.journal
        last = min(tail.until, max(await self.source.newest(), journal.cursor.highest) + _BEYOND)
        ids = range(max(tail.since, last - _LOOKED) + 1, last + 1)
        there: dict[int, Any] = {}
        for at in range(0, len(ids), _IDS):
            there |= await self.source.by_ids(ids[at : at + _IDS])
        known = await journal.map.peek(ids)
        posts = {id_ for id_, message in there.items() if not is_service(message)}
        open_ids = {id_: id_ in posts for id_ in ids if id_ not in known and (id_ in posts or id_ not in there)}
        return by_likelihood(open_ids, known, tail.unexplained)

    async def ask(self, source_id: int, random_ids: RandomId | None = None) -> int | None:
        """The copy that has the random id of a post, if any. What is forwarded is no message: it sends nothing.

        Args:
            random_ids: of posts that were sent once more.
        """
        random_id = (random_ids or self.random_id)(source_id)
        answer = await self.copies.answer(
            partial(
                functions.messages.ForwardMessagesRequest,
                from_peer=self.source.peer,
                id=[_NOWHERE],
                random_id=[random_id],
                to_peer=self.copies.reader.peer,
                drop_author=True,
            ),
            requests.FORWARD,
        )
        return requests.copies(answer, {random_id: source_id}).get(source_id)


def by_likelihood(open_ids: Mapping[int, bool], known: Mapping[int, int], unexplained: Collection[int]) -> list[int]:
    """Ids in the order in which to ask for their copies.

    Posts are sent in the order of their ids, but for those that became visible late. So what stands between two
    copies is likely the copy of a post between theirs; if not, of one near by.

    Args:
        open_ids: source ids without a known copy, rising; whether the post is there.
        known: source ids of the same range to their copies.
        unexplained: target ids that may be copies of them.
    """
    sources = [source for source, _ in sorted(known.items(), key=lambda pair: pair[1])]
    copies = sorted(known.values())
    first, last = min(open_ids, default=0) - 1, max(open_ids, default=0) + 1
    gaps = set()
    for place in {bisect(copies, copy) for copy in unexplained}:
        below = sources[place - 1] if place else first
        above = sources[place] if place < len(sources) else last
        gaps.add((min(below, above), max(below, above)))

    def distance(source_id: int) -> int:
        return min((max(low - source_id, source_id - high, -1) for low, high in gaps), default=0) + 1

    return sorted(open_ids, key=lambda id_: (distance(id_), open_ids[id_]))
