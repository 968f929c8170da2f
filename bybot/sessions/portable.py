"""What leaves this store and comes into it: backups, and the keys that everything is sealed with. For operators.

``manager.portable`` has these calls; ``manager.acting_as(caller).portable`` has the same ones for administrators.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

from bybot.sessions.backup import Backup, make_backup
from bybot.sessions.core import Core
from bybot.sessions.recovery import Restored, apply_backup
from bybot.sessions.rotation import Rotation, rotate
from bybot.sessions.shelf import BackupEntry, open_file, shelf_of


class Portable:
    """See the module.

    Args:
        bot_id: the data space.
        sessions_dir: beside a store on a disk, backups are kept in it.
    """

    def __init__(self, core: Core, *, bot_id: str, sessions_dir: str) -> None:
        self._core = core
        self._bot_id = bot_id
        self._shelf = shelf_of(core.store, sessions_dir, bot_id)
        # One at a time: each of them goes through the whole store.
        self._busy = asyncio.Lock()

    # Backups ------------------------------------------------------------------------------------------------------

    async def backup(self, destination: Path | None = None) -> Backup:
        """Save every document that a restart could not make anew, in one sealed file.

        Args:
            destination: a file, written atomically; None: where this deployment keeps its backups (``backups`` in
                SESSIONS_DIR, or the store itself where there is no disk), of which the newest seven stay.

        Raises:
            StoreUnavailable, PortableError: there is no new backup; the older ones are untouched.
        """
        async with self._busy:
            return await make_backup(self._core, self._shelf, bot_id=self._bot_id, destination=destination)

    async def list_backups(self) -> list[BackupEntry]:
        """The backups that this deployment keeps, the oldest first. Raises StoreUnavailable."""
        return await self._shelf.entries()

    async def restore(self, source: Path | str, *, other_copy_stopped: bool = False) -> Restored:
        """Bring back what is missing. Nothing newer is overwritten, and restored logins are detached.

        Args:
            source: a file, or the name of a kept backup.
            other_copy_stopped: nothing else uses these logins. In a store without sessions they then connect at once.

        Raises:
            UnreadableBackup, WrongKey, KeyMissing: nothing was changed.
            OwnedElsewhere, Fenced, StoreUnavailable: do it again; what was restored stays.
        """
        async with self._busy:
            file = await self._open(source)
            try:
                return await apply_backup(self._core, file, bot_id=self._bot_id, other_copy_stopped=other_copy_stopped)
            finally:
                file.close()

    async def _open(self, source: Path | str) -> BinaryIO:
        if isinstance(source, Path) or "/" in source:
            return await open_file(Path(source))
        return await self._shelf.take(source)

    # Keys ---------------------------------------------------------------------------------------------------------

    async def rotate_keys(self) -> Rotation:
        """Seal everything that is stored with the first configured key. May be stopped and done again.

        Raises:
            KeyMissing: no key is configured.
            OwnedElsewhere, Fenced, StoreUnavailable: do it again; nothing is lost.
        """
        async with self._busy:
            done = await rotate(self._core)
            entries = await self._shelf.entries()
        old = tuple(entry.where for entry in entries if entry.sealed_with != done.fingerprint)
        return Rotation(done.fingerprint, done.resealed, done.already, done.failed, old)
