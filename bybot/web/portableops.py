"""The operator's operations on what leaves the store and comes into it: backups and encryption keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from bybot.errors import ConfigurationError, Problem
from bybot.web.operation import Facts, Hands, Operation
from bybot.web.plain import plain

_LONG: Final = 3600.0


async def make_backup(hands: Hands) -> Facts:
    """Save everything where this deployment keeps its backups.

    Raises:
        StoreUnavailable, PortableError: there is no new backup.
    """
    backup = await hands.acting.portable.backup()
    return told(backup, documents=backup.documents, sessions=backup.sessions)


async def write_backup(hands: Hands, destination: Path) -> Facts:
    """Save everything in a file of this machine. Not served: an asker's file is not on the service's disk."""
    backup = await hands.acting.portable.backup(destination)
    return told(backup, documents=backup.documents, sessions=backup.sessions)


async def list_backups(hands: Hands) -> Facts:
    """The backups that are kept, the oldest first."""
    entries = await hands.acting.portable.list_backups()
    return {"backups": plain(entries), "total": len(entries)}


async def restore(
    hands: Hands, file: Path | None = None, name: str | None = None, other_copy_stopped: bool = False
) -> Any:
    """Bring back what is missing, from a file or from a kept backup.

    Raises:
        ValueError: neither is given, or both are.
        UnreadableBackup, WrongKey, KeyMissing: nothing was changed.
        OwnedElsewhere, StoreUnavailable: do it again; what was restored stays.
    """
    if (file is None) == (name is None):
        raise ValueError("Name either a file or a kept backup.")
    source = file if file is not None else str(name)
    return await hands.acting.portable.restore(source, other_copy_stopped=other_copy_stopped)


async def rotate_keys(hands: Hands, expect: str | None = None) -> Facts:
    """Seal everything that is stored with the first configured key.

    Args:
        expect: the fingerprint of the key that is meant; another one here means that this process was started before
            the keys were changed.

    Raises:
        ConfigurationError: this process has another first key; nothing was done.
        KeyMissing: no key is configured.
        OwnedElsewhere, StoreUnavailable: do it again; nothing is lost.
    """
    if expect is not None and hands.vault.fingerprint != expect:
        fact = "of the bot that runs begins with another key than this command line's"
        step = "Restart the bot with the new keys, then rotate."
        raise ConfigurationError([Problem("SESSION_ENCRYPTION_KEYS", fact, step)])
    done = await hands.acting.portable.rotate_keys()
    return told(done, complete=done.complete)


def told(result: Any, **more: Any) -> Facts:
    """A result as JSON knows it, with what it works out by itself."""
    return {**plain(result), **plain(more)}


PORTABLE: Final = (
    Operation("backup", "POST", "/backups", make_backup, acts=False, seconds=_LONG),
    Operation("backups", "GET", "/backups", list_backups, acts=False),
    Operation("restore", "POST", "/restore", restore, seconds=_LONG, upload="file"),
    Operation("rotate-keys", "POST", "/rotate-keys", rotate_keys, seconds=_LONG),
)
