"""What the parts of a pair know of each other: the copies that another part made.

A pair and its tasks copy the same source into the same target, each with a memory of its own. A reply or a link may
point at a post that another part copied; and when a task has ended, its pair goes on following edits and deletions
of what the task copied. A pair without parts asks nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from bybot.mirror.copymap import CopyMap
from bybot.mirror.cursor import Cursor
from bybot.mirror.idmap import chunk_of
from bybot.mirror.model import ChannelPair
from bybot.mirror.pairstate import state_key
from bybot.stores.base import Store

#: Stored maps that are kept open, over all pairs of an account.
_MAPS: Final = 50
#: Copies that were looked up for replies and are kept.
_FOUND: Final = 2_000


@dataclass(frozen=True)
class LeftCopy:
    """A copy that an ended part made: ``maker`` is its pair."""

    source_id: int
    target_id: int
    maker: ChannelPair


class Memory(Protocol):
    """What a pair that runs here knows."""

    map: CopyMap
    cursor: Cursor
    end_id: int | None


@dataclass(slots=True)
class Family:
    """The pairs of one account, by what belongs together.

    Attributes:
        running: the open memory of a pair that runs here; None when it does not.
    """

    store: Store
    running: Callable[[str], Memory | None]
    _members: dict[str, list[ChannelPair]] = field(default_factory=dict)
    _maps: OrderedDict[str, CopyMap] = field(default_factory=OrderedDict)

    def know(self, pairs: Iterable[ChannelPair]) -> None:
        """These are all pairs of the account, as they are now."""
        members: dict[str, list[ChannelPair]] = {}
        for pair in pairs:
            members.setdefault(pair.family, []).append(pair)
        self._members = {name: family for name, family in members.items() if len(family) > 1}

    def parts(self, pair: ChannelPair) -> list[ChannelPair]:
        """The pair that this one belongs to, and all parts of it."""
        return list(self._members.get(pair.family, ()))

    def siblings(self, pair: ChannelPair) -> list[ChannelPair]:
        """The other parts of a pair that copy the same source into the same target."""
        chats = (pair.source.id, pair.target.id)
        family = self._members.get(pair.family, ())
        return [each for each in family if each.id != pair.id and (each.source.id, each.target.id) == chats]

    def forget(self, pair_id: str) -> None:
        """What is stored of this pair changes from now on."""
        self._maps.pop(pair_id, None)

    async def copies(self, pair: ChannelPair, source_ids: Collection[int]) -> dict[int, int]:
        """The copies that one pair has of these posts. Raises StoreUnavailable."""
        memory = self.running(pair.id)
        if memory is not None:
            return await memory.map.peek(source_ids)
        stored = await self._stored(pair)
        await stored.load(source_ids)
        found = {id_: copy for id_ in source_ids if (copy := stored.get(id_)) is not None}
        stored.forget(keep=source_ids)
        return found

    async def named(self, pair: ChannelPair, target_ids: Collection[int]) -> set[int]:
        """Those of these target ids that are copies by one pair. Raises StoreUnavailable."""
        memory = self.running(pair.id)
        return await (memory.map if memory is not None else await self._stored(pair)).named(target_ids)

    async def ahead(self, pair: ChannelPair, source_ids: Collection[int]) -> set[int]:
        """Those of these posts that a pair has still to come to. Raises StoreUnavailable."""
        memory = self.running(pair.id)
        if memory is not None:
            cursor, end = memory.cursor, memory.end_id
        else:
            document = await self.store.get(state_key(pair.id))
            if document is None:
                return set()
            cursor, end = Cursor.from_value(document.data, 0.0), document.data["end_id"]
        return {id_ for id_ in source_ids if id_ not in cursor and (end is None or id_ <= end)}

    async def last(self, pair: ChannelPair, count: int, above: int) -> list[int]:
        """The last source ids above one that a pair which does not run has copies of, rising. Raises StoreUnavailable.

        Args:
            count: at most so many.
            above: lower ones are of no interest: what is stored of them alone is not read.
        """
        stored = await self._stored(pair)
        found: list[int] = []
        for number in reversed(stored.numbers):
            if len(found) >= count or number < chunk_of(above):
                break
            found = [source_id for source_id, _ in await stored.pairs_of(number)] + found
        return [source_id for source_id in found[-count:] if source_id > above]

    async def _stored(self, pair: ChannelPair) -> CopyMap:
        known = self._maps.get(pair.id)
        if known is None:
            document = await self.store.get(state_key(pair.id))
            known = CopyMap(self.store, pair.id, document.data["chunks"] if document is not None else ())
            self._maps[pair.id] = known
            if len(self._maps) > _MAPS:
                self._maps.popitem(last=False)
        self._maps.move_to_end(pair.id)
        return known


#: What a pair without other parts has found: shared, and never written to.
_NONE: Final[dict[int, int]] = {}


class Kin:
    """The other parts of one pair, as its engine asks them."""

    __slots__ = ("_family", "_found", "_pair")

    def __init__(self, family: Family | None = None, pair: ChannelPair | None = None) -> None:
        self._family = family
        self._pair = pair
        self._found: dict[int, int] = _NONE

    def _siblings(self) -> list[ChannelPair]:
        return [] if self._family is None or self._pair is None else self._family.siblings(self._pair)

    def get(self, source_id: int) -> int | None:
        """A copy that was found by :meth:`load`."""
        return self._found.get(source_id)

    async def load(self, source_ids: Collection[int]) -> None:
        """Look for copies of these posts, for :meth:`get`. Raises StoreUnavailable."""
        found = await self.peek(source_ids)
        if found:
            kept = list(self._found.items())[-_FOUND:]
            self._found = dict(kept) | found

    async def peek(self, source_ids: Collection[int]) -> dict[int, int]:
        """Copies of these posts that other parts made, the oldest part first. Raises StoreUnavailable."""
        found: dict[int, int] = {}
        for sibling in self._siblings() if source_ids else ():
            assert self._family is not None
            found = await self._family.copies(sibling, set(source_ids) - found.keys()) | found
        return found

    async def named(self, target_ids: Collection[int]) -> set[int]:
        """Those of these target ids that are copies by other parts. Raises StoreUnavailable."""
        found: set[int] = set()
        for sibling in self._siblings():
            assert self._family is not None
            found |= await self._family.named(sibling, target_ids)
        return found

    def _ended(self) -> list[ChannelPair]:
        """Those whose copies nobody else looks after. The pair itself looks after them, its parts do not."""
        if self._pair is None or self._pair.parent is not None:
            return []
        return [each for each in self._siblings() if each.ended in ("finished", "cancelled")]

    async def left_copies(self, source_ids: Collection[int]) -> list[LeftCopy]:
        """The copies of these posts by ended parts. Raises StoreUnavailable."""
        left: list[LeftCopy] = []
        for maker in self._ended() if source_ids else ():
            assert self._family is not None
            copies = await self._family.copies(maker, source_ids)
            left += [LeftCopy(source_id, copy, maker) for source_id, copy in sorted(copies.items())]
        return left

    async def last_left(self, count: int, above: int) -> set[int]:
        """The last source ids that ended parts have copies of, at most ``count`` of each, as :meth:`Family.last`."""
        found: set[int] = set()
        for maker in self._ended():
            assert self._family is not None
            found.update(await self._family.last(maker, count, above))
        return found
