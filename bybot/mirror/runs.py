"""Sets of ids as runs: flat, first and last in turn, since Firestore holds no lists of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

#: Shared: every live pair has several sets of ids, and most of them are empty.
NO_IDS: Final = frozenset[int]()


def to_runs(ids: Iterable[int], *, most: int | None = None) -> list[int]:
    """Ids as runs in rising order.

    Args:
        most: keep at most so many runs, the highest; None: all.
    """
    ends: list[int] = []
    for id_ in sorted(ids):
        if ends and id_ == ends[-1] + 1:
            ends[-1] = id_
        else:
            ends += [id_, id_]
    return ends if most is None else ends[max(0, len(ends) - 2 * most) :]


def from_runs(ends: Sequence[int]) -> list[int]:
    """The inverse of :func:`to_runs`."""
    runs = zip(ends[::2], ends[1::2], strict=True)
    return [id_ for first, last in runs for id_ in range(int(first), int(last) + 1)]


def ids_of(ends: Sequence[int]) -> frozenset[int]:
    """The same as a set."""
    return frozenset(from_runs(ends)) or NO_IDS
