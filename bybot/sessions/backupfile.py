"""A backup as one file: documents in sealed chunks, and at the end a manifest that proves it whole.

The file is::

    magic (8)
    frames: kind (1)  length (4, big endian)  content
        H  the head, readable: format, the backup's name, bot id, time, the key's fingerprint
        C  a chunk: lines of JSON, a document each; sealed for this backup and this place in it
        M  the manifest, sealed: how many chunks and documents there are, and the hash of everything before it

A chunk of another backup, chunks in another order, a missing or an added one, a changed head: all of it is noticed,
and nothing of a backup is used before all of it was checked. Without encryption keys chunks and manifest are plain,
as the store itself is, and the hash alone guards against accidents. Everything here blocks: it runs in threads.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from bybot.errors import Tampered, UnreadableBackup
from bybot.sessions.vault import Vault
from bybot.stores.base import Document, Key
from bybot.stores.jsonform import dumps, from_json, to_json

MAGIC: Final = b"BYBOTBK\x01"
FORMAT: Final = 1
_HEAD, _CHUNK, _MANIFEST = b"H", b"C", b"M"
_CHUNK_BYTES: Final = 1 << 20
# A chunk holds at least one document, which is below 1 MB; as JSON and base64 it may grow by half.
_MAX_FRAME: Final = 16 << 20
_OTHER_BOT: Final = "Set BOT_ID to the name of the data space that the backup was made of."


@dataclass(frozen=True)
class Head:
    """What a backup says about itself to anybody who reads the file."""

    name: str
    bot_id: str
    created_at: datetime
    sealed_with: str | None


@dataclass(frozen=True)
class Saved:
    """A document as it was when the backup was made."""

    key: Key
    data: Mapping[str, Any]
    update_time: datetime


class BackupWriter:
    """Writes a backup into a file that is open for writing."""

    def __init__(self, file: BinaryIO, vault: Vault, head: Head) -> None:
        self.documents: Counter[str] = Counter()
        self.bytes = 0
        self._file = file
        self._vault = vault
        self._name = head.name
        self._digest = hashlib.sha256()
        self._lines: list[bytes] = []
        self._pending = 0
        self._chunks = 0
        self._write(MAGIC)
        form = {"format": FORMAT, "name": head.name, "bot_id": head.bot_id, "sealed_with": head.sealed_with}
        self._frame(_HEAD, dumps(form | {"created_at": head.created_at.isoformat()}))

    def add(self, document: Document) -> None:
        """Put a document into it."""
        line = dumps(
            {
                "collection": document.key.collection,
                "id": document.key.id,
                "update_time": document.update_time.isoformat(),
                "fields": {name: to_json(value) for name, value in document.data.items()},
            }
        )
        self._lines.append(line)
        self._pending += len(line)
        self.documents[document.key.collection] += 1
        if self._pending >= _CHUNK_BYTES:
            self._end_chunk()

    def finish(self) -> None:
        """Write what is left, and the manifest. Without it the file is no backup."""
        self._end_chunk()
        manifest = {"chunks": self._chunks, "documents": dict(self.documents), "sha256": self._digest.hexdigest()}
        self._frame(_MANIFEST, self._vault.seal(dumps(manifest), user="", purpose=_purpose(self._name, "manifest")))

    def _end_chunk(self) -> None:
        if self._lines:
            purpose = _purpose(self._name, str(self._chunks))
            self._frame(_CHUNK, self._vault.seal(b"".join(self._lines), user="", purpose=purpose))
            self._chunks += 1
            self._lines, self._pending = [], 0

    def _frame(self, kind: bytes, content: bytes) -> None:
        self._write(kind + len(content).to_bytes(4, "big") + content)

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._digest.update(content)
        self.bytes += len(content)


def read_head(file: BinaryIO) -> Head:
    """The head of a backup; the file stands behind it then.

    Raises:
        UnreadableBackup: it is no backup.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise UnreadableBackup("This is no backup of bybot.")
    kind, content = _next_frame(file)
    if kind != _HEAD:
        raise UnreadableBackup("The backup has no head.")
    return _head(content)


def check(file: BinaryIO, vault: Vault, *, bot_id: str) -> tuple[Head, Counter[str]]:
    """Read all of a backup and hold it against its manifest.

    Args:
        bot_id: the data space that it must be of.

    Returns:
        The head, and how many documents of each collection it holds.

    Raises:
        UnreadableBackup: it is cut off, altered, of another bot, or no backup.
        WrongKey, KeyMissing: it is sealed with another key.
    """
    file.seek(0)
    head = read_head(file)
    if head.bot_id != bot_id:
        raise UnreadableBackup(f"The backup is of {head.bot_id}, and this is {bot_id}.", next_step=_OTHER_BOT)
    digest = hashlib.sha256()
    documents: Counter[str] = Counter()
    chunks = 0
    _add_to(digest, file, 0)
    while True:
        start = file.tell()
        kind, content = _next_frame(file)
        if kind == _MANIFEST:
            break
        documents.update(saved.key.collection for saved in _documents(vault, head, chunks, kind, content))
        chunks += 1
        _add_to(digest, file, start)
    manifest = _form(_opened(vault, content, head, "manifest"))
    if file.read(1):
        raise UnreadableBackup("Something follows the end of the backup.")
    expected = {"chunks": chunks, "documents": dict(documents), "sha256": digest.hexdigest()}
    if manifest != expected:
        raise UnreadableBackup("The backup is not what its manifest says.")
    return head, documents


def documents(file: BinaryIO, vault: Vault) -> Iterator[list[Saved]]:
    """The documents of a backup that was checked, a chunk at a time. Raises what :func:`check` raises."""
    file.seek(0)
    head = read_head(file)
    for number in range(1 << 31):
        kind, content = _next_frame(file)
        if kind == _MANIFEST:
            return
        yield _documents(vault, head, number, kind, content)


def _documents(vault: Vault, head: Head, number: int, kind: bytes, content: bytes) -> list[Saved]:
    if kind != _CHUNK:
        raise UnreadableBackup("The backup holds an unknown part.")
    lines = _opened(vault, content, head, str(number)).splitlines()
    return [_saved(_form(line)) for line in lines]


def _opened(vault: Vault, content: bytes, head: Head, place: str) -> bytes:
    if head.sealed_with is not None and not vault.is_sealed(content):
        raise UnreadableBackup("A part of the sealed backup is not sealed.")
    try:
        return vault.open(content, user="", purpose=_purpose(head.name, place))
    except Tampered:
        raise UnreadableBackup("The backup was altered.") from None


def _next_frame(file: BinaryIO) -> tuple[bytes, bytes]:
    kind, length = file.read(1), int.from_bytes(file.read(4), "big")
    if length > _MAX_FRAME:
        raise UnreadableBackup("The backup was altered.")
    content = file.read(length)
    if not kind or len(content) != length:
        raise UnreadableBackup("The backup is cut off.")
    return kind, content


def _add_to(digest: Any, file: BinaryIO, start: int) -> None:
    """Hash what lies between ``start`` and where the file stands."""
    end = file.tell()
    file.seek(start)
    digest.update(file.read(end - start))


def _head(content: bytes) -> Head:
    form = _form(content)
    if form.get("format") != FORMAT:
        raise UnreadableBackup(
            "The backup is of another format; use the version of bybot that made it, or a newer one."
        )
    try:
        created_at = datetime.fromisoformat(form["created_at"]).astimezone(UTC)
        return Head(str(form["name"]), str(form["bot_id"]), created_at, form["sealed_with"])
    except (KeyError, TypeError, ValueError):
        raise UnreadableBackup("The backup's head is unreadable.") from None


def _saved(form: dict[str, Any]) -> Saved:
    try:
        key = Key(form["collection"], form["id"])
        data = {name: from_json(value) for name, value in form["fields"].items()}
        return Saved(key, data, datetime.fromisoformat(form["update_time"]).astimezone(UTC))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UnreadableBackup("A document of the backup is unreadable.") from None


def _form(content: bytes) -> dict[str, Any]:
    try:
        form = json.loads(content)
    except ValueError:
        raise UnreadableBackup("The backup was altered.") from None
    if not isinstance(form, dict):
        raise UnreadableBackup("The backup was altered.")
    return form


def _purpose(name: str, place: str) -> str:
    return f"backup {name} {place}"
