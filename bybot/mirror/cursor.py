"""How far a pair has come in its source: a low-water mark, and the ids done above it.

Ids of a channel have holes (deleted posts) and some become visible late, after higher ones. So a hole near the top is
left open: the mark moves over it only when it has *settled*, that is when a message above it was done a minute ago or
is 200 ids away. Until then every look at the source reads the open window again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final

from bybot.mirror.runs import from_runs, to_runs

#: Holes this many ids below the highest id that is done are taken as holes for ever.
SETTLE_IDS = 200
#: So are holes below an id that was done this many seconds ago.
SETTLE_SECONDS = 60.0
#: Nothing is to be done. Shared, since that holds for nearly all pairs nearly always; never changed.
_NONE: Final[set[int]] = set()


class Cursor:
    """The mark, and what is done above it. Times are seconds of a clock that never goes back."""

    __slots__ = ("_above", "_highest", "_pinned", "mark")

    def __init__(self, mark: int = 0, above: Iterable[int] = (), now: float = 0.0) -> None:
        self.mark = mark
        self._above = {source_id: now for source_id in above if source_id > mark}
        self._highest = max(self._above, default=mark)
        self._pinned = _NONE

    @property
    def highest(self) -> int:
        """The highest id that is done."""
        return self._highest

    @property
    def next_id(self) -> int:
        """The id that follows directly on all that is done or about to be done."""
        return max(self._highest, max(self._pinned, default=0)) + 1

    def __contains__(self, source_id: int) -> bool:
        return source_id <= self.mark or source_id in self._above

    def above(self) -> Sequence[int]:
        """The ids done above the mark, in order."""
        return sorted(self._above)

    def pin(self, source_ids: Iterable[int]) -> None:
        """These were read and are still to be done: the mark stays below them, however long that takes."""
        if self._pinned is _NONE:
            self._pinned = set()
        self._pinned.update(source_id for source_id in source_ids if source_id not in self)

    @property
    def pinned(self) -> Set[int]:
        """What was read and is still to be done."""
        return self._pinned

    def unpin_all(self) -> None:
        """Forget what was to be done; it will be read again."""
        self._pinned = _NONE

    def done(self, source_ids: Iterable[int], now: float) -> None:
        """These are copied, or rightly skipped."""
        for source_id in source_ids:
            if self._pinned:
                self._pinned.discard(source_id)
            if source_id > self.mark:
                self._above[source_id] = now
                if source_id > self._highest:
                    self._highest = source_id

    def settle(self, now: float) -> int:
        """Move the mark as far up as it may go, and return it."""
        limit = max(self.mark, self._highest - SETTLE_IDS)
        if self._above:
            limit = max(limit, max((i for i, t in self._above.items() if now - t >= SETTLE_SECONDS), default=limit))
        if self._pinned:
            limit = min(limit, min(self._pinned) - 1)
        mark = max(self.mark, limit)
        while mark + 1 in self._above:
            mark += 1
        if not self._pinned:
            self._pinned = _NONE
        if mark != self.mark:
            self.mark = mark
            self._above = {i: t for i, t in self._above.items() if i > mark}
        return self.mark

    def has_holes(self) -> bool:
        """Whether an id between the mark and the highest id may still show up."""
        return self._highest - self.mark > len(self._above)

    def to_value(self) -> dict[str, Any]:
        return {"mark": self.mark, "above": to_runs(self._above)}

    @classmethod
    def from_value(cls, value: Mapping[str, Any], now: float) -> Cursor:
        """Read back; what is above the mark counts as done just now, so that it settles later, never earlier."""
        return cls(int(value["mark"]), from_runs(value.get("above", ())), now)
