"""The local store's work on the disk, as plain blocking calls. :mod:`bybot.stores.local` runs them in threads."""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bybot.clock import Clock
from bybot.errors import CorruptDocument, StoreUnavailable
from bybot.stores.aside import keep_aside
from bybot.stores.base import Committed, Document, Key, Value, Where, Write
from bybot.stores.commitlog import CommitLog
from bybot.stores.documents import DocumentFiles
from bybot.stores.files import Files
from bybot.stores.lockfile import LockFile
from bybot.stores.metadata import Entry
from bybot.stores.mounts import refuse_network
from bybot.stores.sessionfiles import SessionFiles
from bybot.stores.values import SESSION_COLLECTION, projected
from bybot.stores.writes import ServerTime, Stored, check_condition, outcome

_POLL: Final = 0.002  # seconds between two tries for the lock
_LOCK_LIMIT: Final = 10.0  # seconds

log = logging.getLogger(__name__)


class Disk:
    """Documents in files below one directory, shared by processes through one lock.

    All calls but :meth:`read` are for one thread.

    Args:
        base: the directory of one bot's data.
        clock: the store's server time, kept monotonic across processes by what the lock file remembers.
        files: the operations on the disk.
    """

    def __init__(self, base: Path, clock: Clock, files: Files) -> None:
        self._base = base
        self._files = files
        self._lock = LockFile(base / "store.lock")
        self._log = CommitLog(base, files)
        self._time = ServerTime(clock)
        self._sessions = SessionFiles(base, files)
        self._documents = DocumentFiles(base, files)

    def open(self) -> None:
        """Make the directories, and finish or forget what a crash left behind."""
        self._files.make_directory(self._base)
        refuse_network(self._base)
        self._base.chmod(0o700)
        with self._locked():
            self._log.remove_leftovers()
            self._metadata()

    def close(self) -> None:
        self._lock.close()

    def now(self) -> datetime:
        with self._locked():
            return self._time.peek()

    def get(self, key: Key) -> Document | None:
        """The document, read under the lock; what cannot be read is kept aside."""
        with self._locked():
            stored = self._stored(key)
            return None if stored is None else self._document(key, stored, None)

    def get_unlocked(self, key: Key) -> Document | None:
        """The document, read without waiting for anyone.

        Raises:
            Unsettled: a commit is under way or something is damaged: read under the lock.
        """
        if self._log.journal.exists():
            raise Unsettled
        try:
            if key.collection == SESSION_COLLECTION:
                entry = self._sessions.metadata.read().get(key.id)
                stored = None if entry is None else self._sessions.whole(key.id, entry)
            else:
                stored = self._documents.read(key)
        except (ValueError, OSError, CorruptDocument) as error:
            raise Unsettled from error
        return None if stored is None else self._document(key, stored, None)

    def query(
        self,
        collection: str,
        where: Where | None,
        fields: Sequence[str] | None,
        limit: int | None,
        after: str | None,
    ) -> list[Document]:
        with self._locked():
            now = self._time.peek()
            if collection == SESSION_COLLECTION:
                self._metadata()
                found = self._sessions.walk(where, fields, after, now)
            else:
                found = self._documents.walk(collection, where, after, now)
            documents = (self._document(Key(collection, id_), stored, fields) for id_, stored in found)
            return list(itertools.islice(documents, limit))

    def commit(self, writes: Sequence[Write]) -> Committed:
        """Carry out writes that were checked already."""
        with self._locked():
            self._metadata()
            before: dict[Key, Stored | None] = {}
            for write in writes:
                before[write.key] = current = self._current(write)
                check_condition(write, current)
            time = self._after_all(before.values())
            after = {w.key: outcome(w, before[w.key], time, secrets.token_hex(8)) for w in writes}
            contents, entries = self._sessions.contents(after, time)
            contents |= self._documents.contents(after)
            self._lock.write(time.isoformat().encode())
            self._log.replace(contents)
            if entries is not None:
                self._sessions.metadata.wrote(entries)
            return Committed(time, {key: stored.version for key, stored in after.items() if stored is not None})

    def _after_all(self, documents: Iterable[Stored | None]) -> datetime:
        """A time after the newest commit, and after these documents whatever the clock did since."""
        times = [stored.update_time for stored in documents if stored is not None]
        if self._time.last is not None:
            times.append(self._time.last)
        self._time.last = max(times, default=None)
        return self._time.tick()

    def _stored(self, key: Key) -> Stored | None:
        if key.collection != SESSION_COLLECTION:
            return self._documents.read_or_keep_aside(key, self._time.peek())
        entry = self._metadata().get(key.id)
        return None if entry is None else self._sessions.whole_or_keep_aside(key.id, entry, self._time.peek())

    def _current(self, write: Write) -> Stored | None:
        """What a write's condition is held against: a session's bytes are not needed for it."""
        if write.key.collection != SESSION_COLLECTION:
            return self._documents.read_or_keep_aside(write.key, self._time.peek())
        entry = self._metadata().get(write.key.id)
        return None if entry is None else self._sessions.for_change(entry)

    def _metadata(self) -> dict[str, Entry]:
        """The sessions' metadata, rebuilt when it cannot be read. Only under the lock."""
        metadata = self._sessions.metadata
        try:
            return metadata.read()
        except ValueError as error:
            now = self._time.tick()
            entries = metadata.rebuilt(self._base, now)
            keep_aside(metadata.path, self._files, now, f"{type(error).__name__}")
            self._log.replace(self._sessions.metadata_contents(entries))
            metadata.wrote(entries)
            log.warning("metadata.json was rebuilt from the session files: %d sessions", len(entries))
            return entries

    def _document(self, key: Key, stored: Stored, fields: Sequence[str] | None) -> Document:
        data: dict[str, Value] = projected(stored.data, fields)
        read_time = max(self._time.peek(), stored.update_time)
        return Document(key, data, stored.version, stored.update_time, read_time)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        deadline = time.monotonic() + _LOCK_LIMIT
        while not self._lock.try_lock():
            if time.monotonic() > deadline:
                raise StoreUnavailable("Another process holds the store's lock for too long")
            time.sleep(_POLL)
        try:
            self._remember_time()
            self._log.recover()
            yield
        finally:
            self._lock.unlock()

    def _remember_time(self) -> None:
        text = self._lock.read()
        try:
            last = datetime.fromisoformat(text.decode()).astimezone(UTC)
        except ValueError:
            return  # a new store, or a crash in the middle of writing it: the documents' own times still hold
        if self._time.last is None or last > self._time.last:
            self._time.last = last


class Unsettled(Exception):
    """A reading without the lock cannot tell: a commit is under way, or a file is damaged."""
