"""The message map: which copy belongs to which source message, packed as runs.

Sources and copies are both nearly consecutive, so a run (source id, target id, length) covers many posts, and a run
takes about three bytes when stored. One :class:`IdRuns` covers one chunk of the source's ids.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from bybot.mirror import varint

#: Source ids per stored chunk: at worst (no two consecutive) a chunk takes some 40 KB.
CHUNK_IDS = 10_000


def chunk_of(source_id: int) -> int:
    """The number of the chunk that holds this source id."""
    return source_id // CHUNK_IDS


class IdRuns:
    """An ordered map from source ids to target ids, as runs in which both rise by one."""

    __slots__ = ("_count", "_source", "_target")

    def __init__(self) -> None:
        self._source = array("q")
        self._target = array("q")
        self._count = array("q")

    def __len__(self) -> int:
        return sum(self._count)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for source, target, count in zip(self._source, self._target, self._count, strict=True):
            for step in range(count):
                yield source + step, target + step

    def get(self, source_id: int) -> int | None:
        """The target id, or None when there is no copy."""
        at = bisect_right(self._source, source_id) - 1
        if at < 0 or source_id >= self._source[at] + self._count[at]:
            return None
        return self._target[at] + (source_id - self._source[at])

    def put(self, source_id: int, target_id: int) -> None:
        """Remember a copy. Known source ids keep what they have unless the target differs."""
        at = bisect_right(self._source, source_id) - 1
        if at >= 0:
            offset = source_id - self._source[at]
            if offset < self._count[at]:
                if self._target[at] + offset != target_id:
                    self._replace(at, offset, target_id)
                return
            if offset == self._count[at] and self._target[at] + offset == target_id:
                self._count[at] += 1
                return
        self._insert(at + 1, source_id, target_id, 1)

    def _insert(self, at: int, source: int, target: int, count: int) -> None:
        self._source.insert(at, source)
        self._target.insert(at, target)
        self._count.insert(at, count)

    def _replace(self, at: int, offset: int, target_id: int) -> None:
        """Cut one id out of a run and put its new target there."""
        source, target, count = self._source.pop(at), self._target.pop(at), self._count.pop(at)
        if offset + 1 < count:
            self._insert(at, source + offset + 1, target + offset + 1, count - offset - 1)
        self._insert(at, source + offset, target_id, 1)
        if offset:
            self._insert(at, source, target, offset)

    def encode(self) -> bytes:
        """The runs as variable-length numbers, each relative to the end of the run before."""
        out = bytearray()
        source_end = target_end = 0
        for source, target, count in zip(self._source, self._target, self._count, strict=True):
            varint.write(out, source - source_end)
            varint.write(out, _zigzag(target - target_end))
            varint.write(out, count)
            source_end, target_end = source + count, target + count
        return bytes(out)

    @classmethod
    def decode(cls, data: bytes) -> IdRuns:
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: the bytes end in the middle of a run.
        """
        runs = cls()
        numbers = list(varint.read_all(data))
        if len(numbers) % 3:
            raise ValueError("a message map that ends in the middle of a run")
        source_end = target_end = 0
        for at in range(0, len(numbers), 3):
            source = source_end + numbers[at]
            target = target_end + _unzigzag(numbers[at + 1])
            count = numbers[at + 2]
            runs._insert(len(runs._source), source, target, count)
            source_end, target_end = source + count, target + count
        return runs


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _unzigzag(number: int) -> int:
    return number >> 1 if not number & 1 else -((number + 1) >> 1)
