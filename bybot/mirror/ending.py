"""When a range with an end is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from bybot.clock import Clock
from bybot.mirror.cursor import SETTLE_SECONDS
from bybot.mirror.journal import Journal
from bybot.mirror.model import ChannelPair


def reached(pair: ChannelPair, journal: Journal, now: datetime) -> bool:
    """Whether everything up to the end was met.

    Posts become visible late, below others. A task whose end was the newest post when it was made waits for them while
    they may still come: the pair that goes on from there looks at nothing below.
    """
    end, cursor = journal.end_id, journal.cursor
    if end is None or cursor.highest < end:
        return False
    fresh = pair.role == "task" and now < pair.created_at + timedelta(seconds=SETTLE_SECONDS)
    return not (fresh and cursor.has_holes())


def close(journal: Journal, clock: Clock, *, past_end: bool) -> None:
    """A last id that is a hole is done once everything up to it was read and something stands above (``past_end``)."""
    end, cursor = journal.end_id, journal.cursor
    if end is not None and end not in cursor and (past_end or journal.top_id >= end):
        cursor.done([end], clock.elapsed())
