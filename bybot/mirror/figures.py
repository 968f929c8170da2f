"""Numbers about the pairs that run in this process, at one moment, for whoever watches it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bybot.mirror.engine import Engine


@dataclass(frozen=True)
class Figures:
    """See the module.

    Attributes:
        pairs: how many, by what they do.
        copied, left_out: messages, since the pairs began.
        missing, doubled: posts that audits found missing in targets, or there twice.
    """

    pairs: Mapping[str, int] = field(default_factory=dict)
    copied: int = 0
    left_out: int = 0
    missing: int = 0
    doubled: int = 0


def figures_of(engines: Iterable[Engine]) -> Figures:
    """The numbers of now."""
    running = list(engines)
    journals = [engine.journal for engine in running]
    return Figures(
        pairs=Counter(engine.phase for engine in running),
        copied=sum(journal.counts.copied for journal in journals),
        left_out=sum(journal.counts.left_out for journal in journals),
        missing=sum(len(journal.missing) for journal in journals),
        doubled=sum(len(journal.doubled) for journal in journals),
    )
