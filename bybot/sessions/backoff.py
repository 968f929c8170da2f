"""Growing pauses between tries, with jitter, so that many who failed together do not come back together."""

from __future__ import annotations

import random


class Backoff:
    """Pauses of one undertaking: the first may be none, each further one is about twice as long as the one before.

    Args:
        first: seconds of the first pause that is not none.
        longest: seconds that no pause exceeds, unless more is asked for.
        start: seconds of the very first pause; 0: the first try comes at once; None: as ``first``.
    """

    def __init__(self, first: float = 1.0, longest: float = 60.0, *, start: float | None = None) -> None:
        self._first = first
        self._longest = longest
        self._pause = first if start is None else min(start, longest)

    def next(self, at_least: float = 0.0) -> float:
        """Seconds until the next try: up to half shorter than the full pause, and never less than was asked for."""
        pause, self._pause = self._pause, min(self._longest, max(self._first, self._pause * 2))
        jittered = pause * random.uniform(0.5, 1.0)
        return max(jittered, at_least * random.uniform(1.0, 1.1))
