"""When posts may go: some minutes after their source, not in quiet hours, so many in an hour. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

#: A month: the longest delay, in minutes.
MOST_DELAY: Final = 31 * 24 * 60
MOST_PER_HOUR: Final = 500
_DAY: Final = 24 * 60
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Of one pair; the plain one lets everything go at once.

    Attributes:
        delay: minutes between a post and its copy.
        quiet_from, quiet_until: minutes of the person's day between which nothing goes; equal: no such time.
        offset: minutes that the person's clock is ahead of UTC.
        per_hour: posts within any hour, an album being one; 0: any number.
    """

    delay: int = 0
    quiet_from: int = 0
    quiet_until: int = 0
    offset: int = 0
    per_hour: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.delay <= MOST_DELAY:
            raise ValueError(f"the delay is 0 to {MOST_DELAY} minutes")
        if not (0 <= self.quiet_from < _DAY and 0 <= self.quiet_until < _DAY):
            raise ValueError("quiet hours begin and end within a day")
        if not -_DAY < self.offset < _DAY:
            raise ValueError("no clock is a day ahead of another")
        if not 0 <= self.per_hour <= MOST_PER_HOUR:
            raise ValueError(f"at most {MOST_PER_HOUR} posts an hour")

    def __bool__(self) -> bool:
        """Whether it holds anything back."""
        return bool(self.delay or self.per_hour or self.quiet_from != self.quiet_until)

    def free_at(self, posted: datetime, now: datetime, sent: Sequence[datetime]) -> datetime:
        """The first moment, not before now, at which a post may go.

        Args:
            posted: when its source was posted.
            sent: when the last posts went, rising; at least ``per_hour`` of them, if there were so many.
        """
        free = max(now, posted + timedelta(minutes=self.delay))
        if self.per_hour and len(sent) >= self.per_hour:
            free = max(free, sent[-self.per_hour] + HOUR)
        return self._after_quiet(free)

    def _after_quiet(self, moment: datetime) -> datetime:
        local = moment + timedelta(minutes=self.offset)
        minute = local.hour * 60 + local.minute
        into, length = (minute - self.quiet_from) % _DAY, (self.quiet_until - self.quiet_from) % _DAY
        if into >= length:
            return moment
        return moment.replace(second=0, microsecond=0) + timedelta(minutes=length - into)

    def to_value(self) -> dict[str, int]:
        """As plain values that every store holds."""
        return asdict(self)

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Schedule:
        """The inverse of :meth:`to_value`. Raises ValueError: no such schedule."""
        try:
            return cls(**{name: int(item) for name, item in value.items()})
        except TypeError:
            raise ValueError("no such schedule") from None
