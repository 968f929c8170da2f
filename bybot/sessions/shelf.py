"""Where backups are kept: as files in a directory, or as documents of the store itself where there is no disk."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from bybot.errors import PortableError, UnreadableBackup
from bybot.sessions.backupfile import read_head
from bybot.sessions.model import BACKUPS
from bybot.stores.base import SERVER_TIME, Condition, Delete, Document, Key, Put, Store
from bybot.stores.files import TEMPORARY_PREFIX, Files

log = logging.getLogger(__name__)

SUFFIX: Final = ".bybot-backup"
_PART_BYTES: Final = 900_000
# Parts without a head may belong to a backup that is being written.
_UNFINISHED: Final = timedelta(hours=6)
_HEAD_FIELDS: Final = ("bytes", "parts", "sha256", "created_at", "sealed_with")

#: Writes a backup into a file, and returns when all of it is there.
Fill = Callable[[BinaryIO], Awaitable[None]]


@dataclass(frozen=True)
class BackupEntry:
    """One backup that is kept. ``where`` is its path, or its name in the store."""

    name: str
    where: str
    bytes: int
    created_at: datetime
    sealed_with: str | None


class Shelf(Protocol):
    """Keeps backups."""

    async def put(self, name: str, fill: Fill, *, created_at: datetime, sealed_with: str | None) -> BackupEntry:
        """Keep a new backup: all of it, durably, or nothing. Raises what ``fill`` raises, PortableError."""

    async def entries(self) -> list[BackupEntry]:
        """What is kept, the oldest first."""

    async def take(self, name: str) -> BinaryIO:
        """A backup, open for reading; the caller closes it.

        Raises:
            UnreadableBackup: there is none of that name, or not all of it.
        """

    async def remove(self, entry: BackupEntry) -> None:
        """Throw one away."""

    async def sweep(self, now: datetime) -> None:
        """Throw away what crashes left of unfinished ones."""


async def write_file(path: Path, fill: Fill) -> int:
    """Write a file that only its owner can read, atomically: all of it or nothing. Returns its size.

    Raises:
        PortableError: the disk refuses.
    """
    files = Files()
    directory = path.parent

    def begin() -> tuple[BinaryIO, Path]:
        files.make_directory(directory)
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=directory)
        return open(descriptor, "w+b"), Path(name)

    def end(file: BinaryIO, temporary: Path) -> int:
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
        files.rename(temporary, path)
        files.flush_directory(directory)
        return size

    try:
        file, temporary = await asyncio.to_thread(begin)
        try:
            with file:
                await fill(file)
                return await asyncio.to_thread(end, file, temporary)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PortableError(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from error


async def open_file(path: Path) -> BinaryIO:
    """A file for reading.

    Raises:
        UnreadableBackup: there is none, or it cannot be opened.
    """
    try:
        return cast(BinaryIO, await asyncio.to_thread(open, path, "rb"))
    except OSError as error:
        raise UnreadableBackup(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from error


class DirectoryShelf:
    """Backups as files ``{bot id}-{name}.bybot-backup`` in a directory, which several data spaces may share."""

    def __init__(self, directory: Path, bot_id: str) -> None:
        self._directory = directory
        self._bot_id = bot_id

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._bot_id}-{name}{SUFFIX}"

    async def put(self, name: str, fill: Fill, *, created_at: datetime, sealed_with: str | None) -> BackupEntry:
        path = self._path(name)
        size = await write_file(path, fill)
        return BackupEntry(name, str(path), size, created_at, sealed_with)

    async def entries(self) -> list[BackupEntry]:
        return await asyncio.to_thread(self._entries)

    def _entries(self) -> list[BackupEntry]:
        found: list[BackupEntry] = []
        for path in self._directory.glob(f"{self._bot_id}-*{SUFFIX}"):
            try:
                with path.open("rb") as file:
                    head = read_head(file)
                size = path.stat().st_size
            except (OSError, UnreadableBackup) as error:
                log.warning("%s is passed over: %s", path.name, error)
                continue
            if head.bot_id == self._bot_id:
                found.append(BackupEntry(head.name, str(path), size, head.created_at, head.sealed_with))
        return sorted(found, key=lambda entry: (entry.created_at, entry.name))

    async def take(self, name: str) -> BinaryIO:
        return await open_file(self._path(name))

    async def remove(self, entry: BackupEntry) -> None:
        await asyncio.to_thread(Path(entry.where).unlink, missing_ok=True)

    async def sweep(self, now: datetime) -> None:
        await asyncio.to_thread(self._sweep, (now - _UNFINISHED).timestamp())

    def _sweep(self, before: float) -> None:
        for path in self._directory.glob(f"{TEMPORARY_PREFIX}*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


class StoreShelf:
    """Backups as documents: ``backups/{name}`` tells about one, ``backups/{name}:{n}`` holds a part of its bytes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, name: str, fill: Fill, *, created_at: datetime, sealed_with: str | None) -> BackupEntry:
        with tempfile.TemporaryFile() as file:
            await fill(file)
            size = file.tell()
            file.seek(0)
            digest = hashlib.sha256()
            parts = 0
            while part := await asyncio.to_thread(file.read, _PART_BYTES):
                digest.update(part)
                await self._store.commit([Put(_part(name, parts), {"data": part})])
                parts += 1
        # Last: without it the parts are no backup.
        facts = {"bytes": size, "parts": parts, "sha256": digest.hexdigest(), "sealed_with": sealed_with}
        head = facts | {"created_at": created_at, "saved_at": SERVER_TIME}
        await self._store.commit([Put(Key(BACKUPS, name), head, if_=Condition.ABSENT)])
        return BackupEntry(name, f"{BACKUPS}/{name}", size, created_at, sealed_with)

    async def entries(self) -> list[BackupEntry]:
        documents = await self._store.query(BACKUPS, fields=_HEAD_FIELDS)
        found = [entry for document in documents if (entry := _entry(document)) is not None]
        return sorted(found, key=lambda entry: (entry.created_at, entry.name))

    async def take(self, name: str) -> BinaryIO:
        head = await self._store.get(Key(BACKUPS, name))
        if head is None or _entry(head) is None:
            raise UnreadableBackup(f"There is no backup {name}.")
        file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
        try:
            digest = hashlib.sha256()
            for number in range(head.data["parts"]):
                part = await self._store.get(_part(name, number))
                data = None if part is None else part.data.get("data")
                if not isinstance(data, bytes):
                    raise UnreadableBackup(f"A part of the backup {name} is gone.")
                digest.update(data)
                await asyncio.to_thread(file.write, data)
            if digest.hexdigest() != head.data.get("sha256"):
                raise UnreadableBackup(f"The backup {name} was altered.")
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return cast(BinaryIO, file)

    async def remove(self, entry: BackupEntry) -> None:
        # The head first: what is left of parts then is no backup, and is removed with the next one.
        await self._store.commit([Delete(Key(BACKUPS, entry.name))])
        await self._drop_loose(removed=entry.name)

    async def sweep(self, now: datetime) -> None:
        await self._drop_loose()

    async def _drop_loose(self, removed: str | None = None) -> None:
        """Remove parts that belong to no backup: of one that was removed, or that a crash left unfinished."""
        found = await self._store.query(BACKUPS, fields=("parts",))
        heads = {document.key.id for document in found if ":" not in document.key.id}
        loose = [
            document.key.id
            for document in found
            if ":" in document.key.id
            and document.key.id.partition(":")[0] not in heads
            and (
                removed == document.key.id.partition(":")[0] or document.read_time - document.update_time > _UNFINISHED
            )
        ]
        for start in range(0, len(loose), 100):
            await self._store.commit([Delete(Key(BACKUPS, id_)) for id_ in loose[start : start + 100]])


def shelf_of(store: Store, sessions_dir: str, bot_id: str) -> Shelf:
    """Beside a store on a disk its backups are files, ``backups`` in the sessions directory; else they are in it."""
    if store.kind == "local" and sessions_dir:
        return DirectoryShelf(Path(sessions_dir) / "backups", bot_id)
    return StoreShelf(store)


def _part(name: str, number: int) -> Key:
    return Key(BACKUPS, f"{name}:{number:05d}")


def _entry(document: Document) -> BackupEntry | None:
    data = document.data
    size, created_at, sealed_with = data.get("bytes"), data.get("created_at"), data.get("sealed_with")
    if ":" in document.key.id or not isinstance(size, int) or not isinstance(created_at, datetime):
        return None
    where = f"{BACKUPS}/{document.key.id}"
    known = sealed_with if isinstance(sealed_with, str) else None
    return BackupEntry(document.key.id, where, size, created_at.astimezone(UTC), known)
