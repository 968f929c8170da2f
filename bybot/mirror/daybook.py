"""What a pair did on each day of the last year: kept beside its counts, and written with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from bybot.mirror import varint
from bybot.mirror.model import Counts

#: So many days are kept.
MOST_DAYS: Final = 400
_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day, in messages. ``left_out``: without a copy, whoever wanted it so."""

    copied: int = 0
    edited: int = 0
    deleted: int = 0
    left_out: int = 0

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """What counts amount to, over all days. What was deleted because its pair was undone is deleted, too."""
        left_out = counts.left_out + counts.filtered
        return cls(counts.copied + counts.refilled, counts.edited, counts.deleted + counts.undone, left_out)

    def values(self) -> tuple[int, int, int, int]:
        """In the order of the fields."""
        return self.copied, self.edited, self.deleted, self.left_out

    def __add__(self, other: Day) -> Day:
        return Day(
            self.copied + other.copied,
            self.edited + other.edited,
            self.deleted + other.deleted,
            self.left_out + other.left_out,
        )

    def since(self, before: Day) -> Day:
        """What came since. Counts that began anew say nothing of the time before."""
        return Day(
            max(0, self.copied - before.copied),
            max(0, self.edited - before.edited),
            max(0, self.deleted - before.deleted),
            max(0, self.left_out - before.left_out),
        )


Days = Mapping[date, Day]


class Daybook:
    """Of one pair. Days that are over are packed, so that a write carries a few bytes for each."""

    __slots__ = ("_base", "_day", "_past", "_today")

    def __init__(self, counts: Counts | None = None) -> None:
        self._past = b""
        self._day = 0
        self._today = Day()
        self._base = Day.of(counts or Counts())

    def note(self, counts: Counts, now: datetime) -> None:
        """Put down to the day of ``now`` what the counts grew by since the last call."""
        total = Day.of(counts)
        if total == self._base:
            return
        day = now.toordinal()
        if day > self._day:
            self._turn(day)
        self._today += total.since(self._base)
        self._base = total

    def _turn(self, day: int) -> None:
        """A new day begins."""
        days = self.days()
        self._past = _packed({at: n for at, n in days.items() if day - at.toordinal() < MOST_DAYS})
        self._day, self._today = day, Day()

    def days(self) -> dict[date, Day]:
        """Every day on which something happened, rising."""
        days = dict(_unpacked(self._past))
        if self._today != Day():
            days[date.fromordinal(self._day)] = self._today
        return days

    def to_value(self) -> dict[str, Any]:
        return {"past": self._past, "day": self._day, "today": list(self._today.values())} if self._day else {}

    @classmethod
    def from_value(cls, value: Mapping[str, Any], counts: Counts) -> Self:
        """Read back, with the counts that were stored beside it."""
        book = cls(counts)
        if value:
            book._past, book._day = bytes(value["past"]), int(value["day"])
            book._today = Day(*(int(number) for number in value["today"]))
        return book


def added(*books: Days) -> dict[date, Day]:
    """The sum of several, day by day, rising."""
    every = sorted({day for days in books for day in days})
    return {day: sum((days[day] for days in books if day in days), Day()) for day in every}


def packed(days: Days) -> bytes:
    """Days in a few bytes each, the last :data:`MOST_DAYS` that there are."""
    return _packed(dict(sorted(days.items())[-MOST_DAYS:]))


def unpacked(data: bytes) -> dict[date, Day]:
    """The inverse of :func:`packed`."""
    return dict(_unpacked(data))


def _packed(days: Days) -> bytes:
    """For each day: how many days after the one before, and its four counts."""
    out, before = bytearray(), 0
    for day, numbers in sorted(days.items()):
        for number in (day.toordinal() - before, *numbers.values()):
            varint.write(out, number)
        before = day.toordinal()
    return bytes(out)


def _unpacked(data: bytes) -> Iterator[tuple[date, Day]]:
    numbers, day = list(varint.read_all(data)), 0
    for at in range(0, len(numbers), _FIELDS):
        day += numbers[at]
        yield date.fromordinal(day), Day(*numbers[at + 1 : at + _FIELDS])
