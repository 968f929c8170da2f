"""What a person asked for beyond copying on: noted in the pair's state, so that it outlives a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bybot.mirror.runs import from_runs, to_runs


@dataclass(slots=True)
class Orders:
    """What a person asked for, and what is to be done before anything else.

    Attributes:
        asked: source ids that shall be copied once more; the epoch is still to be raised for them.
        wanted: those whose epoch is raised: each goes alone, and again after a stop.
        undo: all copies shall be deleted.
        undone: they were; nothing is copied until the person says so.
    """

    asked: set[int] = field(default_factory=set)
    wanted: set[int] = field(default_factory=set)
    undo: bool = False
    undone: bool = False

    def __bool__(self) -> bool:
        return bool(self.asked or self.wanted or self.undo)

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
        asked, wanted = (set(from_runs(value.get(name, ()))) for name in ("asked", "wanted"))
        return cls(asked, wanted, bool(value.get("undo")), bool(value.get("undone")))
