"""What leaves this store and comes into it: logins, backups, and the keys that seal everything. For operators.

``manager.portable`` has these calls; ``manager.acting_as(caller).portable`` has the same ones for administrators.
"""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any, BinaryIO

from bybot.ids import user_key
from bybot.sessions.backup import Backup, make_backup
from bybot.sessions.core import Core
from bybot.sessions.imported import Attached, Exported, Form, Imported, attach, export, take_in
from bybot.sessions.migration import Migration, migrate
from bybot.sessions.model import SessionState
from bybot.sessions.older import aside_metadata, at_path, in_store
from bybot.sessions.recovery import Restored, apply_backup
from bybot.sessions.rotation import Rotation, rotate
from bybot.sessions.shelf import BackupEntry, open_file, shelf_of

__all__ = [
    "Attached",
    "Backup",
    "BackupEntry",
    "Exported",
    "Form",
    "Imported",
    "Migration",
    "Portable",
    "Restored",
    "Rotation",
]

UserId = int | str


class Portable:
    """See the module.

    Args:
        bot_id: the data space.
        api_id: the operator's application, which some forms of logins name.
        sessions_dir: beside a store on a disk, backups are kept in it.
    """

    def __init__(self, core: Core, *, bot_id: str, sessions_dir: str, api_id: int) -> None:
        self._core = core
        self._api_id = api_id
        self._bot_id = bot_id
        self._data = Path(sessions_dir) / bot_id if sessions_dir and core.store.kind == "local" else None
        self._shelf = shelf_of(core.store, sessions_dir, bot_id)
        # One at a time: each of them goes through the whole store.
        self._busy = asyncio.Lock()

    # Logins -------------------------------------------------------------------------------------------------------

    async def export_session(self, user_id: UserId, form: Form | str = Form.TELETHON_FILE) -> Exported:
        """Hand a login out, for another program. It is detached here from then on, until :meth:`attach`.

        Args:
            form: a value of :class:`Form`. The result holds the login: whoever reads it has the account.

        Raises:
            NoSession, SessionRevoked: there is none that could be handed out.
            PortableError: this form needs a fact that is not known yet.
            OwnedElsewhere, Fenced, StoreUnavailable, VaultError, CorruptDocument: nothing was handed out.
            ValueError: there is no such form.
        """
        return await export(self._core, user_key(user_id), Form(form), api_id=self._api_id)

    async def import_session(
        self, user_id: UserId, data: bytes | str, *, other_copy_stopped: bool = False, replace: bool = False
    ) -> Imported:
        """Take in a login of Telethon, Pyrogram or Kurigram as somebody's session. It is detached.

        Args:
            data: a session string, or the content of a ``.session`` file (see
                :func:`bybot.sessions.formats.detect.load`).
            other_copy_stopped: no other program uses this login any more: attach it at once.
            replace: over a detached login; one that works is never replaced.

        Raises:
            UnreadableSession: it is no session, or of no known form.
            KeyInUse: this login is stored for another session.
            AlreadyLoggedIn: the person has a session.
            AccountMismatch: the session belongs to another Telegram account.
            OwnedElsewhere, Fenced, StoreUnavailable: nothing was stored.
        """
        user = user_key(user_id)
        done = await take_in(self._core, user, data, replace=replace)
        if not other_copy_stopped:
            return done
        attached = await attach(self._core, user)
        return dataclasses.replace(
            done, state=SessionState.READY, connected=attached.connected, account_id=attached.account_id
        )

    async def attach(self, user_id: UserId) -> Attached:
        """State that no other copy of a detached login is in use: it connects, and is used from now on.

        Raises:
            NoSession: there is no stored login.
            SessionRevoked: Telegram does not accept it any more, or it is another account's than it should be.
            SessionDetached: the same login is stored for another session.
            OwnedElsewhere, Fenced, StoreUnavailable, VaultError: see the message.
        """
        return await attach(self._core, user_key(user_id))

    async def migrate(
        self, path: Path | None = None, *, other_copy_stopped: bool = False, dry_run: bool = False
    ) -> Migration:
        """Bring sessions of older layouts into the present one, without loss. See :class:`Migration`.

        Args:
            path: a directory with ``user_*.session`` files (those directly below it are looked at too), or one such
                file; None: documents of the store itself.
            other_copy_stopped: no other program uses these logins: they connect, and files that were read back go.
            dry_run: change nothing, and say what would be done.

        Raises:
            PortableError: the path cannot be read.
            OwnedElsewhere, Fenced, StoreUnavailable: do it again; what was stored stays, and originals are untouched.
        """
        async with self._busy:
            if path is None:
                found = await in_store(
                    self._core.store, self._core.codec, await asyncio.to_thread(self._put_aside_metadata)
                )
            else:
                found = await asyncio.to_thread(at_path, path)
            return await migrate(self._core, found, other_copy_stopped=other_copy_stopped, dry_run=dry_run)

    def _put_aside_metadata(self) -> list[Any]:
        """Metadata of an older version, which the store on this disk found instead of its own and put aside."""
        return [] if self._data is None else aside_metadata(self._data)

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
