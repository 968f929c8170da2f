"""Each safeguard of the mirror, taken away, and steps after which the target is wrong without it.

A removal changes the product's classes for the whole process. The steps are those of :mod:`tests.force.sequences`:
what a sequence of chance finds sooner or later, these find at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bybot.mirror import cursor, random_ids, tools
from bybot.mirror.changes import Changes
from bybot.mirror.fence import Fence
from bybot.mirror.journal import Journal
from bybot.mirror.reconcile import Reconciliation
from tests.force.sequences import Step


@dataclass(frozen=True)
class Removal:
    """One safeguard, how it is removed, and what shows it."""

    safeguard: str
    removal: str
    apply: Callable[[], None]
    steps: tuple[Step, ...]
    options: Mapping[str, str] = field(default_factory=dict)


def _one_epoch() -> None:
    def same(pair_id: str, epoch: int, source_chat: int) -> Callable[..., int]:
        return random_ids.random_ids(pair_id, 1, source_chat)

    tools.random_ids = same  # type: ignore[assignment]


def _no_window() -> None:
    cursor.SETTLE_IDS, cursor.SETTLE_SECONDS = 0, 0.0


def _edits_do_not_wait() -> None:
    hear = Changes.hear

    def at_once(self: Changes, edited: Mapping[int, Any], deleted: Collection[int], **options: Any) -> None:
        known = {id_: message for id_, message in edited.items() if self.journal.target_of(id_) is not None}
        hear(self, known, [id_ for id_ in deleted if self.journal.target_of(id_) is not None], **options)

    Changes.hear = at_once  # type: ignore[assignment, method-assign]


def _no_tail() -> None:
    async def run(self: Reconciliation) -> None:
        """The target is not read."""

    Reconciliation.run = run  # type: ignore[method-assign]


def _no_fence() -> None:
    Fence.version = property(lambda fence: None, lambda fence, version: None)  # type: ignore[assignment]


def _nothing_alone() -> None:
    Journal.uncertain_until = property(lambda journal: 0, lambda journal, until: None)  # type: ignore[assignment]


#: A pair that is live, and has written down whatever there was to write.
_SETTLED: Final = (("post", 0), ("quiet", 0), ("restart", 0), *(("post", 3),) * 6)
#: Some posts, and the time to copy them.
_LATER: Final = (("post", 3),) * 10

REMOVALS = {
    "epoch": Removal(
        "the epoch",
        "copies that are wanted once more go with the random ids of the first",
        _one_epoch,
        (("many", 8), ("fill_in", 2)),
    ),
    "settle": Removal(
        "the settle window",
        "an id below one that is done is never looked for",
        _no_window,
        (("many", 3), ("quiet", 0), ("late", 1), ("late", 2)),
    ),
    "waiting": Removal(
        "the waiting of edits",
        "an edit of a post whose copy is on its way is dropped",
        _edits_do_not_wait,
        (("post", 0), ("quiet", 0), *(("hurried", number) for number in (1, 3, 5, 7, 9, 11))),
    ),
    "tail": Removal(
        "the tail check",
        "the target is not read after an unclean stop",
        _no_tail,
        (*_SETTLED, ("many", 23), ("quiet", 0), ("crash", 3)),
    ),
    "fence": Removal(
        "the fence",
        "whoever held the pair before still writes",
        _no_fence,
        # What is written down late speaks of copies that were all deleted since, and made again.
        (
            *(*_SETTLED, ("many", 23), *_LATER, ("takeover", 0), ("again", 1), *_LATER),
            *(("stale_write", 0), ("crash", 1), ("post", 0)),
        ),
    ),
    "alone": Removal(
        "one post at a time",
        "what may have been sent travels with what was not",
        _nothing_alone,
        (*_SETTLED, ("many", 23), ("quiet", 0), ("crash", 6)),
        {"repeated": "refuse"},
    ),
}
