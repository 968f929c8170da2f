"""How far a pair knows for certain what it has sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Certain(NamedTuple):
    """Whatever else was sent are posts above ``source``, and its copies stand above ``copy``.

    While something is in doubt this stands still, so that a search that was broken off begins where it began before.
    It is no matter of the map alone: a post that became visible late has a newer copy than later posts have.
    """

    source: int
    copy: int

    @classmethod
    def from_value(cls, value: Sequence[int] | None) -> Certain | None:
        """Read back from the store; an older version wrote none."""
        return None if value is None else cls(*map(int, value))
