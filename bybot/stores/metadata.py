"""The sessions of the local store: one file of bytes per session, and all other fields together in metadata.json.

metadata.json names the hash of every session file, so that a session file that is damaged, or that does not belong to
its metadata, is noticed. The copy before the newest one stays beside it as ``metadata.json.bak``: when metadata.json
cannot be read, sessions whose file still fits to that copy are restored whole from it, others from their file alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bybot.stores.aside import MARK
from bybot.stores.files import file_name, id_of_file_name
from bybot.stores.jsonform import dumps, stored_from_json, stored_to_json
from bybot.stores.writes import Stored

METADATA: Final = "metadata.json"
BACKUP: Final = "metadata.json.bak"
FORMAT: Final = 1


@dataclass(frozen=True)
class Entry:
    """One session in metadata.json: its fields without the bytes, and hash and size of the bytes, if it has any."""

    stored: Stored
    digest: str | None
    size: int = 0


Entries = Mapping[str, Entry]


def digest_of(content: bytes) -> str:
    """The hash by which metadata.json knows a session file."""
    return hashlib.sha256(content).hexdigest()


def session_path(base: Path, id_: str) -> Path:
    """Where the bytes of a session are."""
    return base / f"user_{file_name(id_)}.session"


def encoded(entries: Entries) -> bytes:
    """metadata.json with these entries."""
    sessions = {
        id_: stored_to_json(entry.stored) | {"session_sha256": entry.digest, "session_bytes": entry.size}
        for id_, entry in sorted(entries.items())
    }
    return dumps({"format": FORMAT, "sessions": sessions})


def decoded(content: bytes) -> dict[str, Entry]:
    """The entries of a metadata.json.

    Raises:
        ValueError: it is not one.
    """
    form = json.loads(content)
    if not isinstance(form, dict) or form.get("format") != FORMAT or not isinstance(form.get("sessions"), dict):
        raise ValueError("it is not of this store's format")
    return {id_: _entry(value) for id_, value in form["sessions"].items()}


def _entry(form: Any) -> Entry:
    stored = stored_from_json(form)
    digest, size = form.get("session_sha256"), form.get("session_bytes")
    if not isinstance(digest, str | None) or not isinstance(size, int):
        raise ValueError("a session's hash or size is missing")
    return Entry(stored, digest, size)


class MetadataFile:
    """Reads metadata.json, and only when it has changed."""

    def __init__(self, base: Path) -> None:
        self.path = base / METADATA
        self.backup = base / BACKUP
        self._seen: tuple[tuple[int, int, int], dict[str, Entry]] | None = None

    def read(self) -> dict[str, Entry]:
        """The entries; to be left unchanged by the caller. Empty when there is no file.

        Raises:
            ValueError: the file cannot be read as metadata.
        """
        try:
            stamp = _stamp(os.stat(self.path))
        except FileNotFoundError:
            return {}
        seen = self._seen
        if seen is not None and seen[0] == stamp:
            return seen[1]
        with open(self.path, "rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            entries = decoded(file.read())
        self._seen = (stamp, entries)
        return entries

    def wrote(self, entries: dict[str, Entry]) -> None:
        """Remember what was just written, so that it need not be read. Only under the store's lock."""
        try:
            self._seen = (_stamp(os.stat(self.path)), entries)
        except FileNotFoundError:
            self._seen = None

    def rebuilt(self, base: Path, now: datetime) -> dict[str, Entry]:
        """Entries made from the session files and the copy before the newest one."""
        try:
            old = decoded(self.backup.read_bytes())
        except (OSError, ValueError):
            old = {}
        entries: dict[str, Entry] = {}
        for id_, entry in old.items():
            content = _content(session_path(base, id_))
            if entry.digest == (None if content is None else digest_of(content)):
                entries[id_] = replace(entry, stored=_renewed(entry.stored, now))
        for path in base.glob("user_*.session"):
            session = id_of_file_name(path.name.removeprefix("user_").removesuffix(".session"))
            content = _content(path)
            if session is not None and content is not None and session not in entries:
                entries[session] = Entry(_renewed(Stored({}, "", now), now), digest_of(content), len(content))
        return entries


def kept_aside_name(path: Path) -> str | None:
    """The newest name under which a broken file was kept aside, if it was."""
    names = sorted(entry.name for entry in path.parent.glob(f"{path.name}{MARK}*"))
    return names[-1] if names else None


def _renewed(stored: Stored, now: datetime) -> Stored:
    # A new version: no one may go on from what was read before the damage.
    return Stored(stored.data, secrets.token_hex(8), max(stored.update_time, now.astimezone(UTC)))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _stamp(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
