"""``python -m bybot pairs ...``: pairs and settings of a person to a file and from one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bybot.commands import shownpairs
from bybot.commands.running import AsJson, EnvFile, Facts, Options, User, Wait, operate

if TYPE_CHECKING:
    from bybot.web.operations import Operator

_STDOUT: Final = "-"
#: The values of :data:`bybot.mirror.exchange.model.Start`, whose module is too heavy to load for ``--help``.
StartName = Literal["new", "file"]

app = typer.Typer(
    name="pairs",
    help="Pairs and settings of a person: to a file, and from one. Works through the bot while it runs, and without.",
    no_args_is_help=True,
)


@app.command("export")
def export_pairs(
    user: User,
    to: Annotated[str, typer.Argument(metavar="[FILE]", help="A new file; - prints it.")] = _STDOUT,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the pairs and settings of a person as JSON (docs/pairs-file.md). No login is in it."""
    if to == _STDOUT and as_json:
        raise typer.BadParameter("the file itself is printed: name a file for --json", param_hint="FILE")
    if to != _STDOUT and os.path.lexists(to):
        raise typer.BadParameter(f"{to} is there already", param_hint="FILE")
    where = "standard output" if to == _STDOUT else os.path.abspath(to)

    async def work(operator: Operator) -> Facts:
        facts = await operator.call("pairs.export", user=user)
        text = facts.pop("file")
        if to == _STDOUT:
            sys.stdout.write(text)
        else:
            _write(to, text)
        return {**facts, "where": where}

    operate(Options(env_file, as_json), work, shownpairs.exported, acts=False)


def _write(to: str, text: str) -> None:
    """A new file, readable by its owner alone: what channels somebody reads is nobody else's business."""
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{to}: {error.strerror}", param_hint="FILE") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


@app.command("import")
def import_pairs(
    user: User,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="One of `pairs export`, tgcf.config.json or .yml, mirror.config.yml or .env of telemirror.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made, and what is wrong.")] = False,
    start: Annotated[
        StartName, typer.Option("--start", help="Where pairs begin: with new posts, or where the file says.")
    ] = "new",
    settings: Annotated[bool, typer.Option("--settings/--no-settings", help="Take the file's settings over.")] = True,
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Make the pairs of a file with the login of USER; twice doubles nothing. Exit code 1: some could not be made."""

    async def work(operator: Operator) -> Facts:
        return await operator.call(
            "pairs.import", user=user, file=file.absolute(), dry_run=dry_run, start=start, settings=settings
        )

    operate(Options(env_file, as_json, wait), work, shownpairs.imported, shownpairs.imported_exit)
