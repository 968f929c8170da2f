"""A daily budget of writes: counted at the store, and stretched when its end comes near.

Firestore counts the documents that are written, and refuses all writes for the rest of the day when a quota is used up.
So work that may be written later asks how much longer it should wait (:func:`bybot.stores.base.stretch_of`) between two
writes: with half of the budget used twice as long, near its end eight times. Nothing is left unwritten, and nothing is
sent that is not covered by what was written; work only becomes slower and less even.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from bybot.clock import Clock
from bybot.errors import QuotaUsedUp, StoreError, StoreUnavailable
from bybot.stores.base import Committed, Key, Put, Store, Write
from bybot.stores.over import StoreOver

log = logging.getLogger(__name__)

State = Literal["well", "near", "used_up"]

#: From which share of the budget on work is stretched, and how much.
_STRETCHES: Final = ((0.9, 8.0), (0.75, 4.0), (0.5, 2.0))
#: From which share on the operator is told.
_NEAR: Final = 0.75
#: After a refusal it counts as used up for that long.
_REFUSED_FOR: Final = timedelta(minutes=30)
#: Google's quotas begin anew at midnight in California; in summer an hour before this.
_DAY_BEGINS: Final = timedelta(hours=8)
#: Writes after which the count is stored, so that the next process goes on from there.
_NOTED_EVERY: Final = 500
_KEY: Final = Key("system", "write_budget")


class Budget:
    """What is left of today's writes.

    Args:
        clock: where time comes from.
        per_day: documents a day; 0: nobody knows, and only refusals count.

    Attributes:
        on_change: told the state, how many are used, and of how many, when the state has changed.
    """

    def __init__(self, clock: Clock, per_day: int = 0) -> None:
        self.per_day = per_day
        self.on_change: Callable[[State, int, int], None] = lambda *_: None
        self._clock = clock
        self._day = self.day
        self._used = 0
        self._refused_until: datetime | None = None
        self._told: State = "well"

    @property
    def day(self) -> str:
        """The day that a quota counts in."""
        return (self._clock.now() - _DAY_BEGINS).date().isoformat()

    @property
    def used(self) -> int:
        """Documents written today."""
        return self._used if self._day == self.day else 0

    @property
    def state(self) -> State:
        """How it stands."""
        if self._refused_until is not None and self._clock.now() < self._refused_until:
            return "used_up"
        if not self.per_day or self.used < _NEAR * self.per_day:
            return "well"
        return "near" if self.used < self.per_day else "used_up"

    @property
    def stretch(self) -> float:
        """How many times longer than usual work should wait between two writes."""
        if self.state == "used_up":
            return _STRETCHES[0][1]
        share = self.used / self.per_day if self.per_day else 0.0
        return next((stretch for least, stretch in _STRETCHES if share >= least), 1.0)

    def know(self, day: str, used: int) -> None:
        """An earlier process had written so much on that day."""
        if day == self.day:
            self._used, self._day = max(used, self.used), day

    def spent(self, documents: int) -> None:
        """So many documents were written, or may have been."""
        self._used, self._day = self.used + documents, self.day
        self._tell()

    def refused(self) -> None:
        """The store says that the quota is used up."""
        self._refused_until = self._clock.now() + _REFUSED_FOR
        self._tell()

    def _tell(self) -> None:
        if self.state != self._told:
            self._told = self.state
            log.warning("the daily budget of writes: %s (%s of %s)", self._told, self.used, self.per_day or "unknown")
            self.on_change(self._told, self.used, self.per_day)


class BudgetedStore(StoreOver):
    """A store whose writes are counted. Keeps every guarantee of the one inside.

    Args:
        inner: the store.
        budget: counts.
    """

    def __init__(self, inner: Store, budget: Budget) -> None:
        super().__init__(inner)
        self.budget = budget
        self._noted = 0

    @property
    def stretch(self) -> float:
        """See :func:`bybot.stores.base.stretch_of`."""
        return self.budget.stretch

    async def open(self) -> None:
        await self.inner.open()
        if self.budget.per_day:
            with contextlib.suppress(StoreError):
                document = await self.inner.get(_KEY)
                if document is not None:
                    self.budget.know(str(document.data["day"]), int(document.data["used"]))
        self._noted = self.budget.used

    async def commit(self, writes: Sequence[Write]) -> Committed:
        try:
            committed = await self.inner.commit(writes)
        except QuotaUsedUp:
            self.budget.refused()
            raise
        except StoreUnavailable:
            self.budget.spent(len(writes))  # it may have been carried out
            raise
        self.budget.spent(len(writes))
        await self._note()
        return committed

    async def _note(self) -> None:
        used = self.budget.used
        if not self.budget.per_day or 0 <= used - self._noted < _NOTED_EVERY:
            return
        self._noted = used
        with contextlib.suppress(StoreError):  # it is noted again in a while
            await self.inner.commit([Put(_KEY, {"day": self.budget.day, "used": used + 1})])
            self.budget.spent(1)
