"""``python -m bybot sessions import, export, attach``: logins that come from other programs and go to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bybot.commands import shown
from bybot.commands.running import AsJson, EnvFile, Facts, Options, User, Wait, operate, run, say
from bybot.errors import BybotError

if TYPE_CHECKING:
    from bybot.config import Settings
    from bybot.web.operations import Operator

#: The values of :class:`bybot.sessions.imported.Form`, which is too heavy to load for ``--help``.
FormName = Literal["telethon-file", "telethon-string", "pyrogram-file", "pyrogram-string"]
_STDOUT: Final = "-"
Stopped = Annotated[
    bool,
    typer.Option("--other-copy-stopped", help="State that no other program uses this login: it connects at once."),
]


def import_session(
    user: User,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="A .session file, or a text file with a session string."
        ),
    ],
    other_copy_stopped: Stopped = False,
    replace: Annotated[bool, typer.Option("--replace", help="Over a detached session of this user.")] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Take in a login of Telethon, Pyrogram or Kurigram. It stays detached until `attach`. The file is only read."""

    async def work(settings: Settings) -> Facts:
        from bybot.commands.reach import reach
        from bybot.parts import create_vault
        from bybot.sessions.formats.detect import load
        from bybot.web.portableops import sealed

        data = sealed(create_vault(settings), user, await asyncio.to_thread(load, file))
        async with reach(settings, wait=wait, say=say) as operator:
            return await operator.call(
                "import", user=user, file=data, other_copy_stopped=other_copy_stopped, replace=replace
            )

    run(Options(env_file, as_json, wait), work, shown.imported)


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
            next_step=f"Export it again to another place, or go on with it here: `bybot sessions attach {user}`.",
        ) from error
