"""From what people write to a range of posts: ``120-480``, a link to a post, ``2026-01-31 - 2026-02-28``.

Ids and days at both ends belong to the range. Days are those of UTC.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from bybot.mirror.model import ByDates, ByIds

_DAY: Final = r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{4}年\d{1,2}月\d{1,2}日)"
_ID: Final = r"(?:https?://)?(?:t\.me|telegram\.me)/\S*?/(?:\d+/)?(\d{1,9})/?(?:\?\S*)?|(\d{1,9})"
_TO: Final = r"\s*(?:-|–|—|~|\.\.\.?|…|to|bis|until|至|到)\s*"
_DATES: Final = re.compile(rf"({_DAY})(?:{_TO}({_DAY})?)?\Z", re.IGNORECASE)
_IDS: Final = re.compile(rf"(?:{_ID})(?:{_TO}(?:{_ID})?)?\Z", re.IGNORECASE)


def read_span(text: str) -> ByIds | ByDates | None:
    """The range that a text names; None when it names none, or one that ends before it begins."""
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        if found := _DATES.match(plain):
            first, last = found.groups()
            since, until = _day(first), None if last is None else _day(last) + timedelta(days=1)
            return ByDates(since, until) if until is None or until > since else None
        if found := _IDS.match(plain):
            numbers = [int(group) if group else None for group in found.groups()]
            start, end = numbers[0] or numbers[1], numbers[2] or numbers[3]
            return None if start is None else ByIds(start, end)
    except ValueError:
        return None
    return None


def _day(text: str) -> datetime:
    """Raises ValueError: there is no such day."""
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    if len(re.match(r"\d+", text).group()) < 4:  # type: ignore[union-attr]
        numbers.reverse()
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]
