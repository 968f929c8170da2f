"""The supervisor's calls about what pairs did day by day."""

from __future__ import annotations

import asyncio
from datetime import UTC, date
from typing import Final

from bybot.ids import user_key
from bybot.mirror.calls import Calls
from bybot.mirror.chart import picture
from bybot.mirror.daybook import Day, Daybook, added
from bybot.mirror.model import ChannelPair, Counts
from bybot.mirror.pairstate import state_key
from bybot.mirror.taskbook import TaskBook

#: Days of a picture, at least and at most.
_FEWEST: Final = 7
_MOST: Final = 366


class NumberCalls(Calls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    async def numbers(self, user: int | str, pair_id: str) -> dict[date, Day]:
        """What a pair did with all its parts, or a task alone, on each day (UTC) on which it did anything; rising.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        parts = [pair, *await self._book.children(user, pair_id)]
        books = [await self._days(part) for part in parts]
        return added(*books) if pair.parent else added(*books, await TaskBook(self._store).days(pair_id))

    async def _days(self, pair: ChannelPair) -> dict[date, Day]:
        person = self._people.get(user_key(pair.user))
        run = person.runs.get(pair.id) if person is not None else None
        if run is not None and run.open_engine is not None:
            return run.open_engine.journal.days.days()
        document = await self._store.get(state_key(pair.id))
        if document is None:
            return {}
        return Daybook.from_value(document.data.get("days", {}), Counts()).days()

    async def chart(self, user: int | str, pair_id: str, days: int = 30) -> bytes:
        """The last days as a picture: PNG, one bar a day. Raises as :meth:`numbers`.

        Args:
            days: so many, up to today (UTC).
        """
        numbers = await self.numbers(user, pair_id)
        today = self._clock.now().astimezone(UTC).date()
        return await asyncio.to_thread(picture, numbers, today, max(_FEWEST, min(days, _MOST)))
