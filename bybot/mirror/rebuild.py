"""A message map, or the whole memory of a pair, that the store has lost: made again without a second copy of anything.

What is stored of a pair is its state and the chunks of its map. A lost chunk is found again by reading: the posts of
its range, the target between the copies around it, and what they have in common. What stays open is asked for by its
random id. A lost state is made from the pair's entry (where it began, and in which epoch) and the chunks that are
left; what they do not name counts as uncertain, and is reconciled as after an unclean stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bybot.errors import CorruptDocument, StaleWrite
from bybot.mirror.audit import wanted_of
from bybot.mirror.copies import Copies
from bybot.mirror.copymap import CopyMap
from bybot.mirror.cursor import SETTLE_IDS
from bybot.mirror.drafting import Drafting
from bybot.mirror.idmap import CHUNK_IDS, chunk_of
from bybot.mirror.journal import Journal
from bybot.mirror.matching import Trace, aligned, may_be_ours, traced
from bybot.mirror.model import ChannelPair, Counts, Last, New, Origin
from bybot.mirror.pairstate import first_state, state_key
from bybot.mirror.planner import Plan, sort_out, units_of
from bybot.mirror.random_ids import random_ids
from bybot.mirror.reader import Reader
from bybot.mirror.reconcile import by_likelihood
from bybot.mirror.requests import RandomId
from bybot.mirror.runs import to_runs
from bybot.mirror.starts import newest_before, start_of
from bybot.stores.base import Condition, Document, Put, Store, query_prefix

#: The most messages of a target that are read for one chunk.
_MOST: Final = 5 * CHUNK_IDS
#: Posts that are asked for by their random ids, of each chunk.
_ASKED: Final = 200
#: Epochs whose random ids are asked for, the newest ones.
_EPOCHS: Final = 3
#: Copies below a chunk among which the newest is looked for.
_BELOW: Final = 200
#: How far the clocks of this machine and of Telegram may differ.
_SKEW: Final = timedelta(minutes=10)


@dataclass
class Rebuilder:
    """Of the map of one pair, on one connection.

    Attributes:
        source: reads the source.
        copies: the target.
        ask: the copy that has a random id of a post, if any; sends nothing.
    """

    journal: Journal
    source: Reader
    copies: Copies
    drafting: Drafting
    ask: Callable[[int, RandomId], Awaitable[int | None]]

    async def run(self) -> int:
        """Fill the chunks that were lost; returns how many copies were found. Raises as the reader does."""
        return sum([await self._chunk(number) for number in sorted(self.journal.map.lost)])

    async def _chunk(self, number: int) -> int:
        journal = self.journal
        first = max(number * CHUNK_IDS, journal.start + 1)
        last = min((number + 1) * CHUNK_IDS - 1, journal.cursor.highest)
        known = await journal.map.peek(range(first, last + 1))
        done, seen = await self._posts(first, last)
        posts = [post for post in done if known.keys().isdisjoint(post.ids)]
        copies = await self._there(number, first)
        named = set(known.values()) | await journal.kin.named({id_ for copy in copies for id_ in copy.ids})
        there = [copy for copy in copies if named.isdisjoint(copy.ids)]
        found = await asyncio.to_thread(aligned, posts, there)
        await self._note(found)
        left = {id_ for copy in there for id_ in copy.ids} - set(found.values())
        open_ids = [id_ for post in posts for id_ in post.ids if id_ not in found][-_ASKED:]
        gone = dict.fromkeys((id_ for id_ in range(first, last + 1) if id_ not in seen and id_ not in known), False)
        if left:
            found |= await self._asked(open_ids, left)
        if left:
            found |= await self._asked(
                (await asyncio.to_thread(by_likelihood, gone, known | found, left))[:_ASKED], left
            )
        await journal.map.mended(number)
        await journal.flush()
        return len(found)

    async def _asked(self, source_ids: Iterable[int], left: set[int]) -> dict[int, int]:
        """The copies of these by their random ids, until nothing is left that could be one."""
        found: dict[int, int] = {}
        pair, epochs = self.drafting.pair, range(self.journal.epoch, self.journal.base, -1)[:_EPOCHS]
        known = [random_ids(pair.id, epoch, pair.source.id) for epoch in (*epochs, self.journal.base)]
        for source_id in source_ids:
            if not left:
                break
            copy = None
            for of in known:
                asked = await self.ask(source_id, of)
                copy = asked if asked in left else copy or asked
                if copy in left:
                    break
            if copy is not None:  # one that somebody deleted is missing, and known to be
                left.discard(copy)
                found[source_id] = copy
                await self._note({source_id: copy})
        return found

    async def _note(self, found: dict[int, int]) -> None:
        await self.journal.load(found)
        self.journal.map.put(found)

    @property
    def _carried(self) -> bool:
        return self.drafting.pair.rules.files == "upload"

    async def _posts(self, first: int, last: int) -> tuple[list[Trace], set[int]]:
        """The posts of a range that are done, and the ids of all messages that are there."""
        posts: list[Trace] = []
        seen: set[int] = set()
        async with self.source.batches(first - 1) as batches:
            async for batch in batches:
                seen.update(message.id for message in batch.messages)
                wanted = [m for m in batch.messages if m.id <= last and m.id in self.journal.cursor]
                some = sort_out(wanted, Plan(), chat_protected=False)
                texts = wanted_of(some, await self.drafting.verdicts(some)) if some else {}
                units = [unit for unit in units_of(some) if all(id_ in texts for id_ in unit.ids)]
                posts += await asyncio.to_thread(traced, units, texts, self._carried)
                if batch.messages[-1].id >= last:
                    break
        return posts, seen

    async def _there(self, number: int, first: int) -> list[Trace]:
        """What may be copies, from the copies below a chunk up to those above it."""
        known = self.journal.map
        below = (await known.peek(await known.last(first - 1, _BELOW))).values()
        above = await known.pairs_of(number + 1)
        end = min((copy for _, copy in above), default=None)
        there: list[Trace] = []
        read = 0
        async with self.copies.reader.batches(max(below, default=self.journal.floor or 0)) as batches:
            async for batch in batches:
                ours = [m for m in batch.messages if may_be_ours(m) and (end is None or m.id < end)]
                there += await asyncio.to_thread(traced, units_of(ours), {}, self._carried)
                read += len(batch.messages)
                if read >= _MOST or (end is not None and batch.messages[-1].id >= end):
                    break
        return there


async def recover(
    store: Store, pair: ChannelPair, source: Reader, target: Reader, now: datetime, *, damaged: bool = False
) -> int | None:
    """Make the state of a pair again.

    Args:
        damaged: what is there cannot be read.

    Returns:
        How many copies are known; None when the state is there after all, or somebody else made it.

    Raises:
        ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError: as the reader does.
        StoreUnavailable: nothing was changed, or nobody knows.
    """
    there = await _look(store, pair.id)
    if there is not None and not damaged:
        return None
    chunks = await query_prefix(store, "pair_states", f"{pair.id}:", fields=[])
    stored = sorted(int(document.key.id.rpartition(":")[2]) for document in chunks)
    known = CopyMap(store, pair.id, stored)
    copied = [pair_ for number in stored for pair_ in await known.pairs_of(number)]
    origin = pair.origin or await _origin(pair, source, copied)
    top = await source.newest()
    state = first_state(pair.user, origin.mark, end_id=origin.end_id, top_id=top, total=0)
    state |= {"base": origin.epoch, "epoch": max(origin.epoch, int(now.timestamp())), "ceiling": max(top, origin.mark)}
    if copied:
        highest = copied[-1][0]
        mark = max(origin.mark, highest - SETTLE_IDS)
        between = set(range(chunk_of(origin.mark + 1), chunk_of(highest))) - set(stored)
        state |= {
            "mark": mark,
            "above": to_runs(id_ for id_, _ in copied if id_ > mark),
            "ceiling": max(top, highest),
            "chunks": stored,
            "counts": Counts(copied=len(copied)).to_value(),
            "lost": sorted(known.lost | between),
        }
    state["floor"] = await newest_before(target, pair.created_at - _SKEW)
    condition = Condition.ABSENT if there is None else there.version
    try:
        await store.commit([Put(state_key(pair.id), state, condition)])
    except StaleWrite:
        return None
    return len(copied)


async def _look(store: Store, pair_id: str) -> Document | None:
    try:
        return await store.get(state_key(pair_id))
    except CorruptDocument:
        return None


async def _origin(pair: ChannelPair, source: Reader, copied: list[tuple[int, int]]) -> Origin:
    """Where a pair began, when its entry does not say so: an older version made it."""
    if not isinstance(pair.mode, New | Last):
        start = await start_of(source, pair.mode)
        return Origin(start.mark, start.end_id)
    return Origin(copied[0][0] - 1 if copied else await newest_before(source, pair.created_at))
