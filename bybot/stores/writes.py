"""What a commit means, as pure functions: checks before any store is asked, conditions, and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bybot.clock import Clock
from bybot.errors import DocumentTooLarge, StaleWrite
from bybot.stores.base import MAX_COMMIT_BYTES, MAX_WRITES, Condition, Delete, Key, Patch, Sentinel, Value, Where, Write
from bybot.stores.values import check_session, check_size, checked_fields, checked_operand, equal


@dataclass(frozen=True)
class Stored:
    """A document as a store keeps it. Its data is never handed out without a copy."""

    data: dict[str, Value]
    version: str
    update_time: datetime


class ServerTime:
    """A clock made strictly monotonic: no two commits have the same time, and none an earlier one."""

    def __init__(self, clock: Clock, last: datetime | None = None) -> None:
        self._clock = clock
        self.last = last

    def peek(self) -> datetime:
        """The time of a read: not before the newest commit."""
        now = self._clock.now()
        return now if self.last is None or now >= self.last else self.last

    def tick(self) -> datetime:
        """The time of a commit: after the newest one."""
        now = self._clock.now()
        if self.last is not None and now <= self.last:
            now = self.last + timedelta(microseconds=1)
        self.last = now
        return now


def checked_writes(writes: Sequence[Write]) -> list[Write]:
    """Deep copies of the writes, refused before any store is asked when no store could carry them out.

    Raises:
        ValueError: too many writes, a document twice, a condition that makes no sense, a value that no store holds.
        DocumentTooLarge: one write alone, or all together, are above the limits.
    """
    if len(writes) > MAX_WRITES:
        raise ValueError(f"{len(writes)} writes in one commit, at most {MAX_WRITES}")
    seen: set[Key] = set()
    result: list[Write] = []
    size = 0
    for write in writes:
        if write.key in seen:
            raise ValueError(f"{write.key.collection}/{write.key.id} is written twice in one commit")
        seen.add(write.key)
        checked, bytes_of_it = _checked(write)
        result.append(checked)
        size += bytes_of_it
    if size > MAX_COMMIT_BYTES:
        message = f"The commit has {size} bytes, above {MAX_COMMIT_BYTES}"
        raise DocumentTooLarge(message, next_step="Nothing was written; commit fewer documents at once.")
    return result


def _checked(write: Write) -> tuple[Write, int]:
    where = f"{write.key.collection}/{write.key.id}"
    if isinstance(write, Delete | Patch) and write.if_ is Condition.ABSENT:
        raise ValueError(f"{where}: {type(write).__name__} of a document that must be absent")
    if isinstance(write, Delete):
        return write, 0
    try:
        fields = checked_fields(write.data, deletions=isinstance(write, Patch))
        check_session(write.key, fields)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return replace(write, data=fields), check_size(write.key, fields)


def checked_where(where: Where | None) -> Where | None:
    """The filter with its value checked.

    Raises:
        ValueError: the value is no plain one.
    """
    return None if where is None else Where(where.field, checked_operand(where.equals))


def check_condition(write: Write, current: Stored | None) -> None:
    """Hold a write against the document as it is.

    Raises:
        StaleWrite: the condition does not hold.
    """
    wanted = write.if_
    if isinstance(write, Patch) and wanted is Condition.ANY:
        wanted = Condition.EXISTS
    if wanted is Condition.ANY:
        return
    where = f"{write.key.collection}/{write.key.id}"
    if wanted is Condition.ABSENT:
        if current is not None:
            raise StaleWrite(f"{where} exists already")
    elif current is None:
        raise StaleWrite(f"{where} does not exist")
    elif wanted is not Condition.EXISTS and current.version != wanted:
        raise StaleWrite(f"{where} was changed since it was read")


def outcome(write: Write, current: Stored | None, time: datetime, version: str) -> Stored | None:
    """The document after a write whose condition holds; None: deleted.

    Raises:
        DocumentTooLarge: it would be above the limit.
    """
    if isinstance(write, Delete):
        return None
    data: dict[str, Value] = {}
    if isinstance(write, Patch) and current is not None:
        data.update(current.data)
    for name, value in write.data.items():
        if value is Sentinel.DELETE_FIELD:
            data.pop(name, None)
        else:
            data[name] = time if value is Sentinel.SERVER_TIME else value
    if isinstance(write, Patch):
        check_size(write.key, data)
    return Stored(data, version, time)


def matches(where: Where | None, data: dict[str, Value]) -> bool:
    """Whether a document passes the filter; one without the field never does."""
    return where is None or (where.field in data and equal(data[where.field], where.equals))
