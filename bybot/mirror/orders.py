"""What a person asked for beyond copying on: noted in the pair's state, so that it outlives a restart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from bybot.mirror.runs import NO_IDS, ids_of, to_runs


@dataclass(slots=True)
class Orders:
    """What a person asked for, and what is to be done before anything else.

    Attributes:
        asked: source ids that shall be copied once more; the epoch is still to be raised for them.
        wanted: those whose epoch is raised: each goes alone, and again after a stop.
        undo: all copies shall be deleted.
        undone: they were; nothing is copied until the person says so.
    """

    asked: frozenset[int] = NO_IDS
    wanted: frozenset[int] = NO_IDS
    undo: bool = False
    undone: bool = False

    def __bool__(self) -> bool:
        return bool(self.asked or self.wanted or self.undo)

    def ask(self, ids: Iterable[int]) -> None:
        """These shall be copied once more."""
        self.asked = self.asked.union(ids)

    def met(self, ids: Iterable[int]) -> int:
        """These are done. Returns how many of them were wanted."""
        if not self.wanted:
            return 0
        before, self.wanted = len(self.wanted), self.wanted.difference(ids)
        return before - len(self.wanted)

    def begin(self) -> None:
        """Copy again after all was undone."""
        self.undone = False

    def to_value(self) -> dict[str, Any]:
        return {
            "asked": to_runs(self.asked),
            "wanted": to_runs(self.wanted),
            "undo": self.undo,
            "undone": self.undone,
        }

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Self:
        asked, wanted = (ids_of(value.get(name, ())) for name in ("asked", "wanted"))
        return cls(asked, wanted, bool(value.get("undo")), bool(value.get("undone")))
