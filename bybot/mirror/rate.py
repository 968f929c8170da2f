"""How fast a pair gets on."""

from __future__ import annotations

from bybot.clock import Clock
from bybot.mirror.model import Counts


class Rate:
    """Messages per second since it began."""

    __slots__ = ("_began", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None

    def begin(self, counts: Counts) -> None:
        """Measure from here on."""
        self._began = (self._clock.elapsed(), counts.copied + counts.skipped)

    def per_second(self, counts: Counts) -> float:
        """The mean since the beginning; 0.0 before."""
        if self._began is None:
            return 0.0
        at, done = self._began
        return (counts.copied + counts.skipped - done) / max(0.001, self._clock.elapsed() - at)
