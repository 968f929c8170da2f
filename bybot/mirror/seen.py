"""The contents that a pair copied lately, so that the same is not copied twice.

A repeat after a crash must come to the same end. So a post is judged by posts with lower ids alone, never by itself or
by what came after it, and by the dates of the posts, not by the clock. What is remembered is written together with
the cursor: both know the same posts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bybot.mirror.planner import units_of
from bybot.mirror.rules.book import Verdict
from bybot.mirror.rules.filters import Duplicates
from bybot.mirror.rules.post import post_of

_ROW: Final = struct.Struct(">8sIQ")  # digest, minutes since 1970, source id


class _Last(NamedTuple):
    id: int
    minute: int


class Seen:
    """Digest to the last post that had it, the lowest id first."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[bytes, _Last] = {}

    def __len__(self) -> int:
        return len(self._last)

    def has(self, digest: bytes, id: int, date: datetime, rule: Duplicates) -> bool:
        """Whether a post before this one had the same content, not longer ago than the rule says."""
        last = self._last.get(digest)
        return last is not None and last.id < id and _minute(date) - last.minute <= rule.days * 24 * 60

    def note(self, digest: bytes, id: int, date: datetime, rule: Duplicates) -> None:
        """A post with this content was copied, or left out as a duplicate. In which order they come makes no odds."""
        last = self._last.get(digest)
        if last is not None and last.id >= id:
            return  # repeated, or once more after its copy was lost
        self._last.pop(digest, None)
        late = next((known.id > id for known in reversed(self._last.values())), False)
        self._last[digest] = _Last(id, _minute(date))
        if late:
            self._last = dict(sorted(self._last.items(), key=lambda item: item[1].id))
        oldest = _minute(date - timedelta(days=rule.days))
        for known in list(self._last):
            if len(self._last) <= rule.posts and self._last[known].minute >= oldest:
                break
            del self._last[known]

    def copy(self) -> Seen:
        """The same, to go on with by itself."""
        other = Seen()
        other._last = dict(self._last)
        return other

    def clear(self) -> None:
        """Nothing was seen."""
        self._last.clear()

    def encode(self) -> bytes:
        """20 bytes for each content."""
        return b"".join(_ROW.pack(digest, last.minute, last.id) for digest, last in self._last.items())

    @classmethod
    def decode(cls, data: bytes) -> Seen:
        """The inverse of :meth:`encode`."""
        seen = cls()
        seen._last = {digest: _Last(id_, minute) for digest, minute, id_ in _ROW.iter_unpack(data)}
        return seen


def duplicates_rule(filters: Iterable[Any]) -> Duplicates | None:
    """The rule about duplicates, if there is one."""
    return next((each for each in filters if isinstance(each, Duplicates)), None)


def without_repeats(
    posts: Sequence[Any], verdicts: Mapping[int, Verdict], seen: Seen, rule: Duplicates
) -> dict[int, Verdict]:
    """The verdicts, with posts left out whose content was copied before, be it among these posts.

    Args:
        posts: in the order of their ids, albums whole.
        verdicts: by the last ids of the posts.
        seen: notes these posts too.
    """
    result = dict(verdicts)
    for unit in units_of(posts):
        verdict, last = verdicts[unit.last_id], unit.messages[-1]
        digest = post_of(unit.messages).digest if verdict.keep else b""
        if digest:
            repeats = seen.has(digest, last.id, last.date, rule)
            seen.note(digest, last.id, last.date, rule)
            why = Duplicates.kind if repeats else ""
            result[last.id] = replace(verdict, keep=not repeats, why=why, digest=digest)
    return result


def note_all(posts: Iterable[Any], verdicts: Mapping[int, Verdict], seen: Seen, rule: Duplicates) -> None:
    """Note the posts that are about to be copied, and the repeats among them."""
    for post in posts:
        verdict = verdicts.get(post.id)
        if verdict is not None and verdict.digest:
            seen.note(verdict.digest, post.id, post.date, rule)


def _minute(date: datetime) -> int:
    return int(date.timestamp() // 60)
