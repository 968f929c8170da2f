"""Sessions of the local store as documents: the bytes from their file, the other fields from metadata.json."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bybot.errors import CorruptDocument
from bybot.stores.aside import copies_aside, keep_aside
from bybot.stores.base import Key, Value, Where
from bybot.stores.files import Files
from bybot.stores.metadata import Entry, MetadataFile, digest_of, encoded, kept_aside_name, session_path
from bybot.stores.values import SESSION_COLLECTION, SESSION_FIELD
from bybot.stores.writes import Stored, matches

log = logging.getLogger(__name__)


class SessionFiles:
    """Reads sessions, and says what a commit has to write for them."""

    def __init__(self, base: Path, files: Files) -> None:
        self._base = base
        self._files = files
        self.metadata = MetadataFile(base)

    def whole(self, id_: str, entry: Entry) -> Stored:
        """A session with its bytes.

        Raises:
            CorruptDocument: its file is gone or is not the one that metadata.json names; nothing was changed.
        """
        if entry.digest is None:
            return entry.stored
        path = session_path(self._base, id_)
        try:
            content: bytes | None = path.read_bytes()
        except FileNotFoundError:
            content = None
        if content is None or digest_of(content) != entry.digest:
            raise CorruptDocument(f"{path.name} is damaged or gone", kept_at=kept_aside_name(path))
        return _with_bytes(entry.stored, content)

    def whole_or_keep_aside(self, id_: str, entry: Entry, now: datetime) -> Stored:
        """The same, under the lock.

        Raises:
            CorruptDocument: its file is gone or damaged, and was kept aside.
        """
        try:
            return self.whole(id_, entry)
        except CorruptDocument as error:
            path = session_path(self._base, id_)
            if not path.exists():
                raise
            kept = keep_aside(path, self._files, now, "it is not what metadata.json names")
            raise CorruptDocument(error.message, kept_at=kept) from error

    def for_change(self, entry: Entry) -> Stored:
        """A session as a write needs to see it: its bytes are not read, but their size counts."""
        return entry.stored if entry.digest is None else _with_bytes(entry.stored, _Kept(entry.size))

    def walk(
        self, where: Where | None, fields: Sequence[str] | None, after: str | None, now: datetime
    ) -> Iterator[tuple[str, Stored]]:
        """Sessions by id, under the lock; bytes are read when asked for, and broken sessions then left out."""
        by_bytes = where is not None and where.field == SESSION_FIELD
        with_bytes = by_bytes or fields is None or SESSION_FIELD in fields
        for id_, entry in sorted(self.metadata.read().items()):
            if (after is not None and id_ <= after) or not (by_bytes or matches(where, entry.stored.data)):
                continue
            try:
                stored = self.whole_or_keep_aside(id_, entry, now) if with_bytes else entry.stored
            except CorruptDocument as error:
                log.error("The session %s is left out: %s", id_, error.message)
                continue
            if matches(where, stored.data):
                yield id_, stored

    def contents(
        self, after: Mapping[Key, Stored | None], now: datetime
    ) -> tuple[dict[Path, bytes | None], dict[str, Entry] | None]:
        """What the files of these sessions must become, and the entries of metadata.json then (None: unchanged)."""
        files: dict[Path, bytes | None] = {}
        entries = dict(self.metadata.read())
        changed = erased = False
        for key, stored in after.items():
            if key.collection == SESSION_COLLECTION:
                old = entries.pop(key.id, None)
                path = session_path(self._base, key.id)
                if stored is not None:
                    entries[key.id] = entry = _entry(stored, old)
                if stored is None or entry.digest is None:
                    if old is not None and old.digest is not None:
                        files |= dict.fromkeys([path, *copies_aside(path)])
                        erased = True
                elif not isinstance(content := stored.data[SESSION_FIELD], _Kept):
                    self._spare_stranger(path, old, now)
                    files[path] = content
                changed = changed or stored is not None or old is not None
        if not changed:
            return files, None
        return files | self.metadata_contents(entries, erased=erased), entries

    def metadata_contents(self, entries: Mapping[str, Entry], *, erased: bool = False) -> dict[Path, bytes | None]:
        """What metadata.json must become; the present one stays as the copy before the newest.

        Args:
            erased: a session was deleted: no copy may speak of it any more.
        """
        if erased:
            return dict.fromkeys([self.metadata.path, self.metadata.backup], encoded(entries))
        if self.metadata.path.exists():
            self._files.keep_link(self.metadata.path, self.metadata.backup)
        return {self.metadata.path: encoded(entries)}

    def _spare_stranger(self, path: Path, old: Entry | None, now: datetime) -> None:
        """A session file that metadata.json does not know was put there by somebody: never overwrite it."""
        if (old is None or old.digest is None) and path.exists():
            keep_aside(path, self._files, now, "metadata.json does not know it")


class _Kept(bytes):
    """Stands for bytes that a write leaves as they are: zeros of the same number."""


def _with_bytes(stored: Stored, content: bytes) -> Stored:
    return replace(stored, data=stored.data | {SESSION_FIELD: content})


def _entry(stored: Stored, old: Entry | None) -> Entry:
    fields: dict[str, Value] = dict(stored.data)
    content = fields.get(SESSION_FIELD)
    if not isinstance(content, bytes):
        return Entry(stored, None)
    del fields[SESSION_FIELD]
    lean = replace(stored, data=fields)
    if isinstance(content, _Kept) and old is not None:
        return replace(old, stored=lean)
    return Entry(lean, digest_of(content), len(content))
