"""The tasks of a pair that came to an end: when, how, and what became of their posts.

What tasks did day by day goes in here when they are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, get_args

from bybot.errors import StaleWrite, StoreUnavailable, TooManyTasks
from bybot.mirror.daybook import Day, Days, added, packed, unpacked
from bybot.mirror.model import ChannelPair, Counts, Ended, Mode, mode_from_value, mode_to_value
from bybot.stores.base import Condition, Key, Put, Store

#: So many are remembered, the last ones.
MOST: Final = 50
#: Tasks of a pair that are not at their end.
MOST_OPEN: Final = 10
_TRIES: Final = 10


@dataclass(frozen=True)
class TaskRecord:
    """One task that ended. Times are UTC-aware."""

    id: str
    mode: Mode
    started: datetime
    ended: datetime
    how: Ended
    counts: Counts

    @classmethod
    def of(cls, task: ChannelPair, how: Ended, counts: Counts, now: datetime) -> TaskRecord:
        """What is remembered of a task that ends now."""
        return cls(task.id, task.mode, task.created_at, now, how, counts)

    def to_value(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "mode": mode_to_value(self.mode),
            "started": self.started,
            "ended": self.ended,
            "how": self.how,
            "counts": {name: count for name, count in self.counts.to_value().items() if count},
        }

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> TaskRecord:
        how: Ended = value["how"]
        if how not in get_args(Ended):
            raise ValueError("no such end")
        mode, counts = mode_from_value(value["mode"]), Counts.from_value(value["counts"])
        return cls(str(value["id"]), mode, value["started"], value["ended"], how, counts)


def check_room(tasks: Iterable[ChannelPair]) -> None:
    """Whether one more of a pair's tasks may be open. Raises TooManyTasks."""
    if sum(task.role == "task" and task.ended is None for task in tasks) >= MOST_OPEN:
        raise TooManyTasks("Too many tasks of this pair are open.", most=MOST_OPEN)


def tasks_key(pair_id: str) -> Key:
    """Where the ended tasks of a pair are."""
    return Key("pair_states", f"{pair_id}:tasks")


class TaskBook:
    """Reads and writes what is remembered of ended tasks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, pair_id: str) -> list[TaskRecord]:
        """The ended tasks of a pair, the one that ended last first. Raises StoreUnavailable."""
        document = await self._store.get(tasks_key(pair_id))
        return [] if document is None else [TaskRecord.from_value(item) for item in reversed(document.data["tasks"])]

    async def days(self, pair_id: str) -> dict[date, Day]:
        """What tasks did that were removed. Raises StoreUnavailable."""
        document = await self._store.get(tasks_key(pair_id))
        return {} if document is None else unpacked(document.data.get("days", b""))

    async def note(self, task: ChannelPair, record: TaskRecord) -> None:
        """Remember a task's end, in place of an earlier one of the same task. Raises StoreUnavailable."""

        def noted(value: dict[str, Any]) -> None:
            kept = [item for item in value["tasks"] if item["id"] != record.id]
            value["tasks"] = [*kept, record.to_value()][-MOST:]

        await self._change(task, noted)

    async def keep(self, task: ChannelPair, days: Days) -> None:
        """Remember what a task did that is removed now. Raises StoreUnavailable."""

        def kept(value: dict[str, Any]) -> None:
            value["days"] = packed(added(unpacked(value.get("days", b"")), days))

        if days:
            await self._change(task, kept)

    async def _change(self, task: ChannelPair, change: Callable[[dict[str, Any]], None]) -> None:
        key = tasks_key(task.family)
        for _ in range(_TRIES):
            document = await self._store.get(key)
            value = {"user": task.user, "pair": task.family, "tasks": []} if document is None else dict(document.data)
            change(value)
            try:
                await self._store.commit([Put(key, value, Condition.ABSENT if document is None else document.version)])
            except StaleWrite:
                continue
            return
        raise StoreUnavailable("What is remembered of a pair's tasks changes too fast to be written.")
