"""A store of one's own: bybot's documents in one SQLite file. The tests hold it to the same contract as the others.

    store = SqliteStore("bybot.db", clock=SystemClock())
    manager = UserSessionManager(store, vault, telegram, bot_id="mine", owns_store=True)

What a store must keep stands in ``bybot/stores/base.py``; ``bybot.stores.writes`` has the rules as pure functions, so
that what is left is where the bytes go. Run by itself, it shows that a write is refused when it comes too late.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from bybot.clock import Clock, SystemClock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.stores.base import Committed, Document, Key, Put, Where, Write
from bybot.stores.jsonform import dumps, stored_from_json, stored_to_json
from bybot.stores.values import projected
from bybot.stores.writes import ServerTime as Rising
from bybot.stores.writes import Stored, check_condition, checked_where, checked_writes, matches, outcome

T = TypeVar("T")
_TABLE = "CREATE TABLE IF NOT EXISTS documents (collection TEXT, id TEXT, form BLOB, PRIMARY KEY (collection, id))"
_SECONDS = 20.0


class SqliteStore:
    """Keeps every guarantee of :mod:`bybot.stores.base`; several processes may open the same file.

    Args:
        path: the file; made when missing.
        clock: the source of the store's time.
    """

    kind = "sqlite"

    def __init__(self, path: Path | str, clock: Clock) -> None:
        self._path = path
        self._time = Rising(clock)
        self._thread: ThreadPoolExecutor | None = None
        self._file: sqlite3.Connection | None = None

    async def open(self) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1)  # one thread: commits happen in the order they were asked for
            await self._run(self._connect)

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            file, self._file = self._file, None
            if file is not None:
                await asyncio.get_running_loop().run_in_executor(thread, file.close)
            thread.shutdown()

    async def get(self, key: Key) -> Document | None:
        stored = await self._run(lambda: self._read(key))
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
        rows = await self._run(
            lambda: self._sql(
                "SELECT id, form FROM documents WHERE collection = ? AND id > ? ORDER BY id", collection, after or ""
            )
        )
        found = ((id_, stored_from_json(json.loads(form))) for id_, form in rows)
        wanted = [(id_, stored) for id_, stored in found if matches(where, stored.data)]
        return [self._document(Key(collection, id_), stored, fields) for id_, stored in wanted[:limit]]

    async def commit(self, writes: Sequence[Write]) -> Committed:
        checked = checked_writes(writes)
        return await self._run(lambda: self._commit(checked))

    async def now(self) -> datetime:
        return self._time.peek()

    # In the thread ------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._file = sqlite3.connect(self._path, isolation_level=None, timeout=_SECONDS, check_same_thread=False)
        self._sql("PRAGMA journal_mode = WAL")
        self._sql("PRAGMA synchronous = FULL")  # durable when a commit returns
        self._sql(_TABLE)

    def _sql(self, statement: str, *values: object) -> list[tuple[str, bytes]]:
        if self._file is None:
            raise StoreUnavailable("The store is not open.")
        return self._file.execute(statement, values).fetchall()

    def _read(self, key: Key) -> Stored | None:
        rows = self._sql("SELECT id, form FROM documents WHERE collection = ? AND id = ?", key.collection, key.id)
        return stored_from_json(json.loads(rows[0][1])) if rows else None

    def _commit(self, writes: Sequence[Write]) -> Committed:
        self._sql("BEGIN IMMEDIATE")  # nobody else writes between reading the conditions and the end
        try:
            before = {write.key: self._read(write.key) for write in writes}
            for write in writes:
                check_condition(write, before[write.key])
            self._time.last = self._latest([stored for stored in before.values() if stored is not None])
            time = self._time.tick()
            after = {write.key: outcome(write, before[write.key], time, secrets.token_hex(8)) for write in writes}
            for key, stored in after.items():
                self._write(key, stored)
            self._sql("COMMIT")
        except BaseException:
            self._sql("ROLLBACK")
            raise
        return Committed(time, {key: stored.version for key, stored in after.items() if stored is not None})

    def _latest(self, documents: Sequence[Stored]) -> datetime | None:
        """Times rise over processes too: after the newest commit that is seen."""
        times = [stored.update_time for stored in documents]
        return max([*times, self._time.last] if self._time.last is not None else times, default=None)

    def _write(self, key: Key, stored: Stored | None) -> None:
        self._sql("DELETE FROM documents WHERE collection = ? AND id = ?", key.collection, key.id)
        if stored is not None:
            self._sql("INSERT INTO documents VALUES (?, ?, ?)", key.collection, key.id, dumps(stored_to_json(stored)))

    def _document(self, key: Key, stored: Stored, fields: Sequence[str] | None) -> Document:
        read_time = max(self._time.peek(), stored.update_time)
        return Document(key, projected(stored.data, fields), stored.version, stored.update_time, read_time)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise StoreUnavailable("The store is not open.")
        try:
            async with asyncio.timeout(_SECONDS + 5):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (TimeoutError, sqlite3.OperationalError) as error:
            raise StoreUnavailable(f"SQLite does not answer ({type(error).__name__}).") from error


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = SqliteStore(Path(directory) / "bybot.db", SystemClock())
        await store.open()
        key = Key("notes", "first")
        version = (await store.commit([Put(key, {"text": "one"})])).versions[key]
        await store.commit([Put(key, {"text": "two"}, if_=version)])
        try:
            await store.commit([Put(key, {"text": "too late"}, if_=version)])
        except StaleWrite as error:
            sys.stdout.write(f"refused: {error}\n")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
