"""The message map of a pair in the store: chunks of runs, loaded when they are asked for, written when they changed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bybot.errors import CorruptDocument
from bybot.mirror.idmap import CHUNK_IDS, IdRuns, chunk_of
from bybot.mirror.pairstate import chunk_key
from bybot.stores.base import Delete, Put, Store, Write

log = logging.getLogger(__name__)

#: Chunks kept in memory beside those that are in work or not written yet.
_KEPT: Final = 2
#: No chunk: shared, since most maps have nothing to write and nothing lost.
_NONE: Final = frozenset[int]()


class CopyMap:
    """Which copy belongs to which source message.

    Args:
        store: where it lasts.
        pair_id: whose map.
        stored: the numbers of the chunks that the store has.

    ``lost``: chunks that were found gone or damaged, and are still to be made again.
    """

    __slots__ = ("_chunks", "_dirty", "_dropped", "_pair_id", "_store", "lost", "stored")

    def __init__(self, store: Store, pair_id: str, stored: Iterable[int] = ()) -> None:
        self._store = store
        self._pair_id = pair_id
        self._chunks: dict[int, IdRuns] = {}
        self._dirty = self._dropped = _NONE
        self.lost = _NONE
        self.stored = {int(number) for number in stored}

    def __len__(self) -> int:
        """How many chunks are in memory."""
        return len(self._chunks)

    @property
    def numbers(self) -> list[int]:
        """The chunks that there are, written or not, rising."""
        return sorted(self.stored | self._chunks.keys())

    def get(self, source_id: int) -> int | None:
        """The copy of a source message, if it has one and its chunk is loaded."""
        chunk = self._chunks.get(chunk_of(source_id))
        return None if chunk is None else chunk.get(source_id)

    def put(self, found: Mapping[int, int]) -> None:
        """These source ids have these copies; their chunks are loaded."""
        for source_id, target_id in found.items():
            number = chunk_of(source_id)
            self._chunks.setdefault(number, IdRuns()).put(source_id, target_id)
            if number not in self._dirty:
                self._dirty |= {number}

    async def load(self, source_ids: Collection[int]) -> None:
        """Have the chunks of these source ids in memory."""
        for number in {chunk_of(source_id) for source_id in source_ids} - self._chunks.keys():
            if number in self.stored:
                self._chunks.setdefault(number, await self._read(number))

    def forget(self, keep: Collection[int]) -> None:
        """Let go of chunks, but of those of these source ids, and of the newest ones."""
        if len(self._chunks) <= _KEPT:
            return
        kept = {chunk_of(source_id) for source_id in keep} | set(sorted(self._chunks, reverse=True)[:_KEPT])
        for number in self._chunks.keys() - kept - self._dirty:
            del self._chunks[number]

    async def peek(self, source_ids: Collection[int]) -> dict[int, int]:
        """The copies of these source ids, without keeping what was read for it."""
        found: dict[int, int] = {}
        for number in sorted({chunk_of(source_id) for source_id in source_ids}):
            chunk = await self._chunk(number)
            copies = {id_: chunk.get(id_) for id_ in source_ids if chunk_of(id_) == number}
            found |= {id_: copy for id_, copy in copies.items() if copy is not None}
        return found

    async def named(self, target_ids: Collection[int]) -> set[int]:
        """Those of these target ids that are copies of something."""
        wanted, found = set(target_ids), set[int]()
        for number in self.numbers if wanted else ():
            found |= wanted & {target_id for _, target_id in await self._chunk(number)}
        return found

    async def pairs_of(self, number: int) -> list[tuple[int, int]]:
        """Source ids and target ids of one chunk, sources rising."""
        return list(await self._chunk(number))

    async def first(self, default: int) -> int:
        """The lowest source id that has a copy."""
        numbers = self.numbers
        return (await self.pairs_of(numbers[0]))[0][0] if numbers else default

    async def last(self, top: int, count: int) -> list[int]:
        """The last source ids up to ``top`` that have copies, at most ``count`` of them, rising."""
        found: list[int] = []
        number = chunk_of(top)
        while number >= 0 and len(found) < count:
            await self.load([number * CHUNK_IDS])
            found = [source_id for source_id, _ in self._chunks.get(number, ()) if source_id <= top] + found
            number -= 1
        return found[-count:] if count else []

    def drop(self, number: int) -> None:
        """Forget a chunk for good, with the next write."""
        self._chunks.pop(number, None)
        self._dirty -= {number}
        self._dropped |= {number}
        self.lost -= {number}

    async def mended(self, number: int) -> None:
        """All that could be found of a lost chunk is here; it goes with the next write."""
        await self.load([number * CHUNK_IDS])
        self.lost -= {number}
        if number in self._chunks:  # else there was never a copy in its range
            self._dirty |= {number}

    def take_writes(self) -> tuple[list[Write], set[int]]:
        """What is to be written now, and its chunk numbers for :meth:`give_back`; it counts as written."""
        changed, dropped = sorted(self._dirty), sorted(self._dropped - self._dirty)
        writes: list[Write] = [
            Put(chunk_key(self._pair_id, number), {"pair": self._pair_id, "runs": self._chunks[number].encode()})
            for number in changed
        ]
        writes += [Delete(chunk_key(self._pair_id, number)) for number in dropped if number in self.stored]
        self.stored = (self.stored | set(changed)) - set(dropped)
        self._dirty = self._dropped = _NONE
        return writes, {*changed, *dropped}

    def give_back(self, numbers: Iterable[int]) -> None:
        """The write of these chunks failed, or nobody knows: they are written again."""
        for number in numbers:
            if number in self._chunks:
                self._dirty |= {number}
            else:
                self._dropped |= {number}
                self.stored.add(number)

    async def _chunk(self, number: int) -> IdRuns:
        chunk = self._chunks.get(number)
        if chunk is None and number in self.stored:
            chunk = await self._read(number)
        return self._chunks.get(number) or chunk or IdRuns()

    async def _read(self, number: int) -> IdRuns:
        try:
            document = await self._store.get(chunk_key(self._pair_id, number))
            if document is not None:
                return IdRuns.decode(document.data["runs"])
        except (CorruptDocument, KeyError, TypeError, ValueError):
            pass
        log.warning("pair %s: a part of the message map is gone or damaged (%d)", self._pair_id, number)
        self.lost |= {number}
        return IdRuns()
