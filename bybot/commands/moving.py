"""``python -m bybot sessions import, export, attach``: logins that come from other programs and go to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bybot.commands import shown
from bybot.commands.running import AsJson, EnvFile, Facts, Options, User, Wait, operate, run, say, user_id
from bybot.errors import BybotError

if TYPE_CHECKING:
    from bybot.config import Settings
    from bybot.web.operations import Operator

#: The values of :class:`bybot.sessions.imported.Form`, which is too heavy to load for ``--help``.
FormName = Literal["telethon-file", "telethon-string", "pyrogram-file", "pyrogram-string"]
_STDOUT: Final = "-"
#: Older versions named the user in the file's name.
_OLDER: Final = re.compile(r"user_.+\.session\Z")
Stopped = Annotated[
    bool,
    typer.Option("--other-copy-stopped", help="State that no other program uses this login: it connects at once."),
]


def import_session(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE|DIRECTORY]",
            exists=True,
            show_default=False,
            help="A .session file, a text file with a session string, or a directory of an older version.",
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="USER",
            callback=user_id,
            show_default=False,
            help="Whose session the file's login becomes.",
        ),
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Bring over what an older version left in the store itself.")
    ] = False,
    other_copy_stopped: Stopped = False,
    replace: Annotated[bool, typer.Option("--replace", help="With --user: over a detached session.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With a directory or --stored: only say what would be done.")
    ] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Take in logins of Telethon, Pyrogram, Kurigram and of older versions. They stay detached until `attach`."""
    options = Options(env_file, as_json, wait)
    _refuse_mixed(source, user, stored=stored, replace=replace, dry_run=dry_run)
    if user is not None and source is not None:
        return run(options, partial(_import, options, user, source, other_copy_stopped, replace), shown.imported)
    path = None if source is None else str(source.absolute())

    async def work(operator: Operator) -> Facts:
        return await operator.call("migrate", path=path, other_copy_stopped=other_copy_stopped, dry_run=dry_run)

    return operate(options, work, shown.migrated, shown.migrated_exit)


def _refuse_mixed(source: Path | None, user: str | None, *, stored: bool, replace: bool, dry_run: bool) -> None:
    if stored == (source is not None):
        raise typer.BadParameter("name either a file, or a directory, or --stored", param_hint="FILE")
    if user is not None and (source is None or source.is_dir()):
        raise typer.BadParameter("a user belongs to one file", param_hint="--user")
    if user is None and source is not None and source.is_file() and not _OLDER.match(source.name):
        raise typer.BadParameter(f"say whose session {source.name} becomes", param_hint="--user")
    if replace and user is None:
        raise typer.BadParameter("it is for one file with --user", param_hint="--replace")
    if dry_run and user is not None:
        raise typer.BadParameter("it is for a directory or --stored", param_hint="--dry-run")


async def _import(
    options: Options, user: str, file: Path, other_copy_stopped: bool, replace: bool, settings: Settings
) -> Facts:
    from bybot.commands.reach import reach
    from bybot.parts import create_vault
    from bybot.sessions.formats.detect import load
    from bybot.web.portableops import sealed

    data = sealed(create_vault(settings), user, await asyncio.to_thread(load, file))
    async with reach(settings, wait=options.wait, say=say) as operator:
        return await operator.call(
            "import", user=user, file=data, other_copy_stopped=other_copy_stopped, replace=replace
        )


def attach(user: User, env_file: EnvFile = None, as_json: AsJson = False, wait: Wait = None) -> None:
    """State that no other program uses a detached login: it connects, and is used from now on."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("attach", user=user)

    operate(Options(env_file, as_json, wait), work, shown.attached)


def export_session(
    user: User,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FILE", help="A new file, readable by you alone; - prints a string.", show_default=False
        ),
    ],
    form: Annotated[
        FormName, typer.Option("--form", help="For which program; Kurigram reads Pyrogram's.")
    ] = "telethon-file",
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Hand a login out for another program. Here it is detached from then on: nothing uses it until `attach`."""
    if to == _STDOUT and (as_json or not form.endswith("string")):
        raise typer.BadParameter("only a string is printed, and not with --json", param_hint="--to")
    where = "standard output" if to == _STDOUT else os.path.abspath(to)

    async def work(settings: Settings) -> Facts:
        from bybot.commands.reach import reach
        from bybot.parts import create_vault
        from bybot.web.portableops import unsealed

        with _written(to) as descriptor:
            async with reach(settings, wait=wait, say=say) as operator:
                facts = await operator.call("export", user=user, form=form)
            facts, data = unsealed(create_vault(settings), facts)
            _write(descriptor, data, user)
        return {**facts, "where": where}

    run(Options(env_file, as_json, wait), work, shown.exported_string if to == _STDOUT else shown.exported)


@contextmanager
def _written(to: str) -> Iterator[int]:
    """A new file's descriptor, before anything is handed out; the file is gone again when that fails."""
    if to == _STDOUT:
        yield sys.stdout.fileno()
        return
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{to}: {error.strerror}", param_hint="--to") from error
    try:
        yield descriptor
        os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(to)
        raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes, user: str) -> None:
    if descriptor == sys.stdout.fileno():
        data += b"\n"
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        raise BybotError(
            f"The session of {user} is detached, but the login could not be written: {error.strerror}.",
            next_step=f"Export it again to another place, or go on here: `python -m bybot sessions attach {user}`.",
        ) from error
