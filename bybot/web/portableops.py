"""The operator's operations on what leaves the store and comes into it: logins, backups and encryption keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from bybot.errors import ConfigurationError, NoSession, Problem, UnreadableBackup
from bybot.ids import user_key
from bybot.sessions.imported import Form
from bybot.sessions.vault import Vault
from bybot.web.operation import Facts, Hands, Operation, none_of
from bybot.web.plain import plain

_LONG: Final = 3600.0
#: What a login is sealed for between two processes that have the same encryption key.
_ROAD: Final = "road"


async def export_session(hands: Hands, user: str, form: Form = Form.TELETHON_FILE) -> Facts:
    """Hand a login out for another program; it is detached here from then on.

    The login is in the answer, sealed with the encryption key (see :func:`unsealed`): so it travels over HTTP.

    Raises:
        NoSession, SessionRevoked, PortableError: there is none that could be handed out in this form.
        OwnedElsewhere, StoreUnavailable, VaultError: nothing was handed out.
    """
    try:
        exported = await hands.acting.portable.export_session(user, form)
    except NoSession as error:
        raise none_of(user) from error
    sealed = hands.vault.seal_text(exported.data, user=user_key(user), purpose=_ROAD)
    return {
        "user_id": exported.user_id,
        "form": exported.form.value,
        "dc_id": exported.dc_id,
        "account_id": exported.account_id,
        "sealed": sealed,
    }


def unsealed(vault: Vault, facts: Facts) -> tuple[Facts, bytes]:
    """What :func:`export_session` gave, and the login in it. Raises VaultError."""
    left = dict(facts)
    return left, vault.open_text(left.pop("sealed"), user=user_key(left["user_id"]), purpose=_ROAD)


def sealed(vault: Vault, user: str, data: bytes) -> bytes:
    """A login on its way to :func:`import_session`."""
    return vault.seal(data, user=user_key(user), purpose=_ROAD)


async def import_session(
    hands: Hands, user: str, file: Path | bytes | None = None, other_copy_stopped: bool = False, replace: bool = False
) -> Any:
    """Take in a login of another program, detached unless nothing else uses it.

    Args:
        file: what :func:`sealed` made, or where it is.

    Raises:
        UnreadableSession, KeyInUse, AlreadyLoggedIn, AccountMismatch, OwnedElsewhere, StoreUnavailable: nothing was
            stored.
    """
    if file is None:
        raise ValueError("file: nothing was sent.")
    came = file if isinstance(file, bytes) else await asyncio.to_thread(file.read_bytes)
    data = hands.vault.open(came, user=user_key(user), purpose=_ROAD)
    return await hands.acting.portable.import_session(
        user, data, other_copy_stopped=other_copy_stopped, replace=replace
    )


async def migrate(
    hands: Hands, path: str | None = None, other_copy_stopped: bool = False, dry_run: bool = False
) -> Any:
    """Bring sessions of older layouts into the present one.

    Args:
        path: a directory or a ``user_*.session`` file on the disk of the process that does it; None: what the store
            itself still holds in an older layout.

    Raises:
        PortableError: the path cannot be read.
        OwnedElsewhere, StoreUnavailable: do it again; what was stored stays, and originals are untouched.
    """
    source = None if path is None else Path(path)
    return await hands.acting.portable.migrate(source, other_copy_stopped=other_copy_stopped, dry_run=dry_run)


async def attach_session(hands: Hands, user: str) -> Any:
    """State that nothing else uses a detached login: it connects.

    Raises:
        NoSession, SessionRevoked, SessionDetached, OwnedElsewhere, StoreUnavailable, VaultError: see the message.
    """
    try:
        return await hands.acting.portable.attach(user)
    except NoSession as error:
        raise none_of(user) from error


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
    portable = hands.acting.portable
    if name is not None and name not in {entry.name for entry in await portable.list_backups()}:
        raise UnreadableBackup(
            f"No backup {name} is kept.", next_step="`python -m bybot backup --list` shows those that are."
        )
    return await portable.restore(file or str(name), other_copy_stopped=other_copy_stopped)


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
    Operation("export", "POST", "/sessions/{user}/export", export_session),
    Operation("import", "POST", "/sessions/{user}/import", import_session, upload="file"),
    Operation("migrate", "POST", "/migrate", migrate, seconds=_LONG),
    Operation("attach", "POST", "/sessions/{user}/attach", attach_session),
    Operation("backup", "POST", "/backups", make_backup, acts=False, seconds=_LONG),
    Operation("backups", "GET", "/backups", list_backups, acts=False),
    Operation("restore", "POST", "/restore", restore, seconds=_LONG, upload="file"),
    Operation("rotate-keys", "POST", "/rotate-keys", rotate_keys, seconds=_LONG),
)
