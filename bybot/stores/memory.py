"""A store in the memory of this process: for tests, and for trying things out. Nothing survives its end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import datetime

from bybot.clock import Clock
from bybot.stores.base import Committed, Document, Key, Value, Where, Write
from bybot.stores.values import projected
from bybot.stores.writes import (
    ServerTime,
    Stored,
    check_condition,
    checked_where,
    checked_writes,
    matches,
    outcome,
)


class MemoryStore:
    """Keeps every guarantee of :mod:`bybot.stores.base` but durability.

    Args:
        clock: the source of the store's server time, made strictly monotonic.
    """

    kind = "memory"

    def __init__(self, clock: Clock) -> None:
        self._time = ServerTime(clock)
        self._collections: dict[str, dict[str, Stored]] = {}
        self._versions = itertools.count(1)

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do; the documents stay for a second open()."""

    async def get(self, key: Key) -> Document | None:
        await asyncio.sleep(0)  # let others run, as a real store would
        stored = self._stored(key)
        return None if stored is None else self._document(key, stored, None)

    async def query(
        self,
        collection: str,
        where: Where | None = None,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Document]:
        where = checked_where(where)
        await asyncio.sleep(0)
        found = (
            (id_, stored)
            for id_, stored in sorted(self._collections.get(collection, {}).items())
            if (after is None or id_ > after) and matches(where, stored.data)
        )
        return [self._document(Key(collection, id_), stored, fields) for id_, stored in itertools.islice(found, limit)]

    async def commit(self, writes: Sequence[Write]) -> Committed:
        checked = checked_writes(writes)
        await asyncio.sleep(0)
        for write in checked:
            check_condition(write, self._stored(write.key))
        time = self._time.tick()
        after = [outcome(w, self._stored(w.key), time, str(next(self._versions))) for w in checked]
        versions: dict[Key, str] = {}
        for write, stored in zip(checked, after, strict=True):
            documents = self._collections.setdefault(write.key.collection, {})
            if stored is None:
                documents.pop(write.key.id, None)
            else:
                documents[write.key.id] = stored
                versions[write.key] = stored.version
        return Committed(time, versions)

    async def now(self) -> datetime:
        return self._time.peek()

    def _stored(self, key: Key) -> Stored | None:
        return self._collections.get(key.collection, {}).get(key.id)

    def _document(self, key: Key, stored: Stored, fields: Sequence[str] | None) -> Document:
        data: dict[str, Value] = projected(stored.data, fields)
        return Document(key, data, stored.version, stored.update_time, self._time.peek())
