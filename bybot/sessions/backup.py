"""Making backups: every document that a restart could not make anew, in one sealed file."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from bybot.sessions.backupfile import BackupWriter, Head
from bybot.sessions.core import Core
from bybot.sessions.model import SESSIONS
from bybot.sessions.shelf import BackupEntry, Shelf, write_file
from bybot.stores.base import Document

log = logging.getLogger(__name__)

#: What is saved. Of the rest, leases, records and schedules are about running processes, logins under way last minutes,
#: the registry is made anew from the sessions, and the audit log would bring back people who had themselves forgotten.
COLLECTIONS: Final = (SESSIONS, "users", "pair_states", "bot_states")
#: How many of the backups that :meth:`Portable.backup` names itself are kept.
KEPT: Final = 7
_PAGE: Final = 50


@dataclass(frozen=True)
class Backup:
    """A backup that was made.

    Attributes:
        name: by which it can be restored, if it was not written to a file of the caller's.
        where: its path, or its name in the store.
        bytes: its size.
        collections: how many documents of each collection it holds.
        sealed: it opens only with the encryption key; False: no key is configured, and whoever reads it has the logins.
        removed: older ones that were thrown away for it.
    """

    name: str
    where: str
    bytes: int
    created_at: datetime
    sealed: bool
    collections: Mapping[str, int]
    removed: tuple[str, ...] = ()

    @property
    def documents(self) -> int:
        return sum(self.collections.values())

    @property
    def sessions(self) -> int:
        """How many session documents it holds, tombstones counted."""
        return self.collections.get(SESSIONS, 0)


async def make_backup(core: Core, shelf: Shelf, *, bot_id: str, destination: Path | None) -> Backup:
    """Write a backup.

    Args:
        destination: a file; None: on the shelf, of which the newest KEPT stay.

    Raises:
        StoreUnavailable, PortableError: there is no new backup; the older ones are untouched.
    """
    now = core.clock.now()
    head = Head(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}", bot_id, now, core.codec.vault.fingerprint)
    counts: dict[str, int] = {}

    async def fill(file: BinaryIO) -> None:
        writer = await asyncio.to_thread(BackupWriter, file, core.codec.vault, head)
        for collection in COLLECTIONS:
            await _add_all(core, writer, collection)
        await asyncio.to_thread(writer.finish)
        counts.update(writer.documents)

    if destination is not None:
        entry = BackupEntry(head.name, str(destination), await write_file(destination, fill), now, head.sealed_with)
        removed: tuple[str, ...] = ()
    else:
        await shelf.sweep(now)
        entry = await shelf.put(head.name, fill, created_at=now, sealed_with=head.sealed_with)
        removed = await _prune(shelf)
    log.info("A backup of %d documents was written: %s", sum(counts.values()), entry.where)
    return Backup(head.name, entry.where, entry.bytes, now, head.sealed_with is not None, counts, removed)


async def _add_all(core: Core, writer: BackupWriter, collection: str) -> None:
    after: str | None = None
    while page := await core.store.query(collection, limit=_PAGE, after=after):

        def add(documents: list[Document] = page) -> None:
            for document in documents:
                writer.add(document)

        await asyncio.to_thread(add)
        after = page[-1].key.id


async def _prune(shelf: Shelf) -> tuple[str, ...]:
    entries = await shelf.entries()
    old = entries[: max(0, len(entries) - KEPT)]
    for entry in old:
        await shelf.remove(entry)
    return tuple(entry.name for entry in old)
