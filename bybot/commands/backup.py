"""``python -m bybot backup`` and ``restore``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bybot.commands import shown
from bybot.commands.running import AsJson, EnvFile, Facts, Options, Wait, operate, run

if TYPE_CHECKING:
    from bybot.config import Settings
    from bybot.web.operations import Operator


def backup(
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write this file instead.", show_default=False, dir_okay=False),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Make none; show those that are kept.")] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
) -> None:
    """Save everything in one sealed file: sessions, people, pairs, states. The newest seven are kept."""
    options = Options(env_file, as_json)
    if listed:
        if to is not None:
            raise typer.BadParameter("--list makes no backup, so --to has no use", param_hint="--to")
        return operate(options, _list, shown.backups, acts=False)
    if to is None:
        return operate(options, _make, shown.backup, acts=False)
    if not to.absolute().parent.is_dir():
        raise typer.BadParameter(f"the folder {to.absolute().parent} is not there", param_hint="--to")
    return run(options, lambda settings: _write(settings, to), shown.backup)


async def _list(operator: Operator) -> Facts:
    return await operator.call("backups")


async def _make(operator: Operator) -> Facts:
    return await operator.call("backup")


async def _write(settings: Settings, to: Path) -> Facts:
    """A file of the caller's is written by this process: it is here, wherever the bot runs."""
    from bybot.commands.reach import stored
    from bybot.web.portableops import write_backup

    async with stored(settings) as hands:
        return await write_backup(hands, await asyncio.to_thread(to.absolute))


def restore(
    source: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A file, or a name that `backup --list` shows.")],
    other_copy_stopped: Annotated[
        bool,
        typer.Option(
            "--other-copy-stopped",
            help="State that nothing else uses these logins: in a store without sessions they connect at once.",
        ),
    ] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Bring back what is missing. Nothing newer is overwritten; logins stay detached until `sessions attach`."""
    file = Path(source)
    given: Facts = {"file": file} if file.is_file() else {"name": source}
    if "name" in given and ("/" in source or file.suffix):
        raise typer.BadParameter(f"{source} is not there", param_hint="FILE")

    async def work(operator: Operator) -> Facts:
        return await operator.call("restore", other_copy_stopped=other_copy_stopped, **given)

    operate(Options(env_file, as_json, wait), work, shown.restored, shown.restored_exit)
