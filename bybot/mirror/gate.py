"""Holds posts back until their schedule lets them go, and wakes the pair then.

A post that may not go yet counts as not there yet: the cursor stays below it and everything after it, so nothing
needs to be remembered, and whatever becomes of it until then (an edit, a deletion) has happened when it is read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bybot.clock import Clock
from bybot.mirror.comments import Threads
from bybot.mirror.journal import Journal
from bybot.mirror.planner import is_service, units_of
from bybot.mirror.rules.book import Verdict
from bybot.mirror.rules.schedule import Schedule

#: Seconds between two looks at the clock: a wall clock may be set.
_LOOK_SECONDS: Final = 60.0


class Gate:
    """Of one pair. ``close`` it in the end.

    Args:
        schedule: what holds.
        journal: remembers when posts went.
        clock: where time comes from.
        wake: called when something may go again.
        threads: of a pair of comments, which hold a comment back until its post has a copy.
    """

    __slots__ = ("_alarm", "_clock", "_journal", "_schedule", "_threads", "_wake", "due", "holds")

    def __init__(
        self,
        schedule: Schedule,
        journal: Journal,
        clock: Clock,
        wake: Callable[[], None],
        threads: Threads | None = None,
    ) -> None:
        self._threads = threads
        self._schedule = schedule
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._alarm: asyncio.Task[None] | None = None
        self.due: datetime | None = None
        self.holds = 0  # how often something was held back

    @property
    def shut(self) -> bool:
        """Whether something is held back now."""
        return self.due is not None

    async def in_place(self, messages: Sequence[Any]) -> list[Any]:
        """Those that have a place in the target, in order, up to the first that has none yet. Raises as Threads.sort.

        Comments whose post will have no copy are noted as left out.
        """
        if self._threads is None or not messages:
            return list(messages)
        return await self._threads.sort(messages, self._journal.skipped, self._hold)

    async def let_through(self, messages: Sequence[Any], verdicts: Mapping[int, Verdict] | None) -> list[Any]:
        """Those that may go now, in order, up to the first that may not; it durably counts them as gone.

        Args:
            messages: ids rising, albums whole.
            verdicts: what the rules make of the posts, by their last ids: what is left out counts for nothing.

        Raises:
            StaleWrite: another process took the pair over.
        """
        if not self._schedule:
            return list(messages)
        now = self._clock.now()
        going: list[Any] = []
        before = len(self._journal.sent_at)
        for unit in units_of(messages):
            counts = not is_service(unit.messages[0]) and (verdicts is None or verdicts[unit.last_id].keep)
            if counts:
                free = self._schedule.free_at(unit.messages[0].date, now, self._journal.sent_at)
                if free > now:
                    self._hold(free)
                    break
                if self._schedule.per_hour:
                    self._journal.sent_at = (*self._journal.sent_at, now)
            going += unit.messages
        if len(self._journal.sent_at) > before:
            self._journal.sent_at = self._journal.sent_at[-self._schedule.per_hour :]
            await self._journal.flush()
        return going

    def _hold(self, due: datetime) -> None:
        self.close()
        self.due = due
        self.holds += 1
        self._alarm = asyncio.create_task(self._ring(due))

    async def _ring(self, due: datetime) -> None:
        while (left := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, _LOOK_SECONDS))
        self.due = None
        self._wake()

    def close(self) -> None:
        """Nothing is held back and no alarm rings any more, until something is held back again."""
        self.due = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
