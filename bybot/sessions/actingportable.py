"""What leaves the store and comes into it, for administrators only; see :class:`bybot.sessions.portable.Portable`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bybot.sessions.portable import (
    Attached,
    Backup,
    BackupEntry,
    Exported,
    Form,
    Imported,
    Migration,
    Portable,
    Restored,
    Rotation,
    UserId,
)


class ActingPortable:
    """The same calls. Each raises Forbidden unless the caller is an administrator, and each is audited.

    Args:
        check: notes an action and whose session it concerns, and refuses who may not do it.
    """

    def __init__(self, portable: Portable, check: Callable[[str, UserId], None]) -> None:
        self._portable = portable
        self._check = check

    async def export_session(self, user_id: UserId, form: Form | str = Form.TELETHON_FILE) -> Exported:
        self._check("export_session", user_id)
        return await self._portable.export_session(user_id, form)

    async def import_session(
        self, user_id: UserId, data: bytes | str, *, other_copy_stopped: bool = False, replace: bool = False
    ) -> Imported:
        self._check("import_session", user_id)
        return await self._portable.import_session(
            user_id, data, other_copy_stopped=other_copy_stopped, replace=replace
        )

    async def attach(self, user_id: UserId) -> Attached:
        self._check("attach", user_id)
        return await self._portable.attach(user_id)

    async def migrate(
        self, path: Path | None = None, *, other_copy_stopped: bool = False, dry_run: bool = False
    ) -> Migration:
        self._check("migrate", "*")
        return await self._portable.migrate(path, other_copy_stopped=other_copy_stopped, dry_run=dry_run)

    async def backup(self, destination: Path | None = None) -> Backup:
        self._check("backup", "*")
        return await self._portable.backup(destination)

    async def list_backups(self) -> list[BackupEntry]:
        self._check("list_backups", "*")
        return await self._portable.list_backups()

    async def restore(self, source: Path | str, *, other_copy_stopped: bool = False) -> Restored:
        self._check("restore", "*")
        return await self._portable.restore(source, other_copy_stopped=other_copy_stopped)

    async def rotate_keys(self) -> Rotation:
        self._check("rotate_keys", "*")
        return await self._portable.rotate_keys()
