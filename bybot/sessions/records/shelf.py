"""Records that survive a restart: a document each, written at once; what heartbeats change is written together.

Every write is conditional on the version that was read, so nothing that another process wrote is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from bybot.errors import RecordNotFound, StaleWrite, StoreUnavailable
from bybot.ids import person_of
from bybot.sessions.records.book import Entry
from bybot.sessions.records.model import Record
from bybot.stores.base import MAX_WRITES, Condition, Delete, Document, Key, Put, Store

log = logging.getLogger(__name__)

Learn = Callable[[Entry, Entry], None]

RECORDS: Final = "records"
_TRIES: Final = 5
_AT_ONCE: Final = 200  # even of the largest records a commit may carry as many


def record_key(id_: str) -> Key:
    """The document of a record."""
    return Key(RECORDS, id_)


class Shelf:
    """Reads and writes the documents of records."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Deleted, but the store did not say so yet.
        self._doomed: set[str] = set()

    async def load(self) -> list[Entry]:
        """All stored records. Raises StoreUnavailable."""
        entries = [_entry(document) for document in await self._store.query(RECORDS)]
        return [entry for entry in entries if entry is not None and entry.record.id not in self._doomed]

    async def create(self, entry: Entry) -> None:
        """Store a new record. Raises StoreUnavailable, StaleWrite."""
        key = record_key(entry.record.id)
        try:
            committed = await self._store.commit([Put(key, _fields(entry), if_=Condition.ABSENT)])
        except (StoreUnavailable, asyncio.CancelledError):
            self.doom([entry.record.id])  # it may be stored all the same, and nobody has its token
            raise
        entry.stored = committed.versions[key]

    async def change(self, entry: Entry, change: Callable[[Record], Record], token_hash: str | None = None) -> Record:
        """Change a stored record: what another process wrote meanwhile is read first, and the change made again.

        Args:
            token_hash: of a new token; None: it keeps the one it has.

        Returns:
            the record that is stored now.

        Raises:
            RecordNotFound: another process deleted it.
            StoreUnavailable: not acknowledged.
        """
        key, base = record_key(entry.record.id), entry.record
        for _ in range(_TRIES):
            changed = change(base)
            data = {**changed.to_dict(), "token_hash": token_hash or entry.token_hash}
            try:
                committed = await self._store.commit([Put(key, data, if_=entry.stored or Condition.ABSENT)])
            except StaleWrite:
                document = await self._store.get(key)
                found = None if document is None else _entry(document)
                if found is None:
                    raise RecordNotFound("There is no such record any more.") from None
                base, entry.stored, entry.token_hash = found.record, found.stored, found.token_hash
                continue
            entry.stored, entry.token_hash = committed.versions[key], token_hash or entry.token_hash
            return changed
        raise StoreUnavailable("a conditional write failed again and again")

    async def flush(self, entries: Sequence[Entry], learn: Learn) -> int:
        """Write those that heartbeats changed, and delete what is still to be deleted. Returns how many writes.

        Args:
            learn: gets a known record and what another process wrote in its place, and merges them.

        Raises:
            StoreUnavailable: they are written the next time.
        """
        await self.remove()
        dirty = [entry for entry in entries if entry.dirty and entry.stored is not None]
        for start in range(0, len(dirty), _AT_ONCE):
            chunk = dirty[start : start + _AT_ONCE]
            try:
                await self._write(chunk)
            except StaleWrite:
                await self._write_each(chunk, learn)
        return len(dirty)

    async def _write(self, entries: Sequence[Entry]) -> None:
        records = [entry.record for entry in entries]
        writes = [Put(record_key(e.record.id), _fields(e), if_=e.stored or Condition.ABSENT) for e in entries]
        committed = await self._store.commit(writes)
        for entry, record in zip(entries, records, strict=True):
            entry.stored = committed.versions[record_key(record.id)]
            entry.dirty = entry.record is not record  # a heartbeat came while it was written

    async def _write_each(self, entries: Sequence[Entry], learn: Learn) -> None:
        for entry in entries:
            for _ in range(_TRIES):
                try:
                    await self._write([entry])
                    break
                except StaleWrite:
                    document = await self._store.get(record_key(entry.record.id))
                    found = None if document is None else _entry(document)
                    if found is None:
                        log.info("A record was deleted by another process; so it is here when they are read again.")
                        entry.dirty = False
                        break
                    learn(entry, found)

    async def erase(self, person: str) -> int:
        """Delete every document of a person's records. Returns how many. Raises StoreUnavailable."""
        documents = await self._store.query(RECORDS, fields=["user"])
        ids = [d.key.id for d in documents if person_of(str(d.data.get("user", ""))) == person]
        self.doom(ids)
        await self.remove()
        return len(ids)

    def doom(self, ids: Iterable[str]) -> None:
        """These are to be deleted: at the next :meth:`remove`, and again until the store has done it."""
        self._doomed.update(ids)

    async def remove(self) -> None:
        """Delete what is doomed. Raises StoreUnavailable."""
        doomed = sorted(self._doomed)
        for start in range(0, len(doomed), MAX_WRITES):
            chunk = doomed[start : start + MAX_WRITES]
            await self._store.commit([Delete(record_key(id_)) for id_ in chunk])
            self._doomed.difference_update(chunk)


def _fields(entry: Entry) -> dict[str, Any]:
    return {**entry.record.to_dict(), "token_hash": entry.token_hash}


def _entry(document: Document) -> Entry | None:
    try:
        record = Record.from_dict(document.data)
    except ValueError:
        log.warning("A stored record is malformed and is left alone: %s", document.key.id)
        return None
    token_hash = document.data.get("token_hash")
    return Entry(record, token_hash if isinstance(token_hash, str) else None, document.version)
