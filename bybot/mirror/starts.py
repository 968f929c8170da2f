"""Where a pair begins and ends, and what starting it would mean: read from the source before the first send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bybot.mirror.model import ByDates, ByIds, Estimate, Everything, Last, Mode, New
from bybot.mirror.pacing import Pace
from bybot.mirror.planner import is_service
from bybot.mirror.reader import HISTORY, PAGE, Reader, history_request, open_album

#: "The last N" is counted post by post up to here; beyond, service messages count too.
_EXACT = 500
#: Posts that travel together on average when nothing is known: replies and albums split batches.
_TYPICAL_BATCH = 12


@dataclass(frozen=True)
class Start:
    """Posts above ``mark`` are wanted, up to ``end_id`` if there is an end. History ends at ``top_id``."""

    mark: int
    top_id: int
    total: int
    end_id: int | None = None

    def closed(self) -> Start:
        """The same, but with an end: where history ends now."""
        return self if self.end_id is not None else replace(self, end_id=self.top_id)

    def only_new(self) -> Start:
        """What comes after this history."""
        return Start(self.top_id, self.top_id, 0)


def estimate_of(start: Start, pace: Pace, factor: float = 1.0) -> Estimate:
    """How many messages and how many seconds at this pace."""
    return Estimate(start.total, round(pace.seconds(start.total, in_one=_TYPICAL_BATCH) * factor, 1))


async def start_of(reader: Reader, mode: Mode) -> Start:
    """Find where a mode begins in a source, now.

    Raises:
        ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError: as the reader does.
        ValueError: a range of dates that ends in the future.
    """
    newest = await _newest_first(reader, limit=1)
    top = newest[0].id if newest else 0
    match mode:
        case New():
            return Start(top, top, 0)
        case Everything():
            return Start(0, top, await _above(reader, 0, top))
        case Last(count):
            mark = await _before_last(reader, count, top)
            return Start(mark, top, min(count, await _above(reader, mark, top)))
        case ByIds(first, last):
            upper = top if last is None else min(last, top)
            total = await _above(reader, first - 1, top) - (await _above(reader, upper, top) if upper < top else 0)
            return Start(first - 1, upper, max(0, total), last)
        case ByDates(since, until):
            mark = await newest_before(reader, since)
            # An end that is still to come cannot be told by its id yet.
            if until is not None and until > datetime.now(UTC):
                raise ValueError("a range of dates ends in the past, or has no end")
            end = None if until is None else await newest_before(reader, until)
            upper = top if end is None else end
            total = await _above(reader, mark, top) - (await _above(reader, upper, top) if upper < top else 0)
            return Start(mark, upper, max(0, total), end)


async def _newest_first(reader: Reader, **where: Any) -> Sequence[Any]:
    answer = await reader.ask(history_request(reader.peer, **where), HISTORY)
    messages: Sequence[Any] = answer.messages
    return messages


async def _above(reader: Reader, mark: int, top: int) -> int:
    """About how many messages are above an id: by Telegram's count where it tells, else by the ids."""
    if mark >= top:
        return 0
    answer = await reader.ask(history_request(reader.peer, limit=1, offset_id=mark + 1), HISTORY)
    if mark == 0:
        return int(getattr(answer, "count", None) or len(answer.messages) or top)
    below = getattr(answer, "offset_id_offset", None)
    return int(below) if below else top - mark


async def newest_before(reader: Reader, moment: Any) -> int:
    """The id of the newest message that is older than a moment; 0 when there is none."""
    found = await _newest_first(reader, limit=1, offset_date=moment)
    return int(found[0].id) if found else 0


async def _before_last(reader: Reader, count: int, top: int) -> int:
    """The id below the last ``count`` posts; an album at the border is taken whole."""
    if count > _EXACT:
        found = await _newest_first(reader, limit=PAGE, add_offset=count)
        if not found:
            return 0
        return await _below_album(reader, int(found[0].id))
    left, offset = count, 0
    while True:
        page = await _newest_first(reader, limit=PAGE, offset_id=offset)
        if not page:
            return 0
        for message in page:
            if is_service(message):
                continue
            if left == 0:
                return await _below_album(reader, int(message.id))
            left -= 1
        offset = page[-1].id


async def _below_album(reader: Reader, mark: int) -> int:
    """Lower the mark below the parts of an album that it would cut."""
    around = await _newest_first(reader, limit=20, offset_id=mark + 11)
    rising = sorted(around, key=lambda message: message.id)
    below = [message for message in rising if message.id <= mark]
    cut = open_album(below)
    above = next((message for message in rising if message.id > mark), None)
    if cut == len(below) or above is None or above.grouped_id != below[cut].grouped_id:
        return mark
    return int(below[cut].id) - 1
