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
    pairs = Counter[str]()
    copied = left_out = missing = doubled = 0
    for engine in engines:
        journal = engine.journal
        counts = journal.counts
        pairs[engine.phase] += 1
        copied += counts.copied
        left_out += counts.left_out
        missing += len(journal.missing)
        doubled += len(journal.doubled)
    return Figures(pairs, copied, left_out, missing, doubled)
