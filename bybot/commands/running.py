"""How a command of the operator runs: its settings, its log, its signals, its answer and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from bybot.errors import BybotError
from bybot.ids import user_key
from bybot.log import setup_logging
from bybot.web.errorfacts import facts_of

if TYPE_CHECKING:
    from bybot.config import Settings
    from bybot.web.operations import Operator

Facts = dict[str, Any]
Work = Callable[["Operator"], Awaitable[Facts]]
Show = Callable[[Console, Facts], None]

#: What a shell shows for a process that SIGTERM ended.
TERMINATED: Final = 128 + signal.SIGTERM
# Where the output is no terminal, lines are as long as they are.
_WIDE: Final = 250


def user_id(text: str | None) -> str | None:
    """What names a user, as it was given. Raises BadParameter when it names nobody."""
    try:
        if text is not None:
            user_key(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}") from None
    return text


EnvFile = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Read this file instead of .env.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, errors too.")]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        min=0,
        metavar="SECONDS",
        show_default=False,
        help="How long to wait for a process that holds the sessions and does not answer. Default: until its lease "
        "has lapsed.",
    ),
]
User = Annotated[
    str,
    typer.Argument(metavar="USER", callback=user_id, help="The person's Telegram id, as `sessions list` shows it."),
]


@dataclass(frozen=True)
class Options:
    """What every command takes."""

    env_file: Path | None = None
    as_json: bool = False
    wait: float | None = None


def run(
    options: Options,
    work: Callable[[Settings], Awaitable[Facts]],
    show: Show,
    exit_code: Callable[[Facts], int] = lambda facts: 0,
) -> None:
    """Run a command to its end: print what it gives, and leave with its exit code.

    Args:
        work: gets the checked settings.
        show: prints for people.
        exit_code: of what was given.

    Raises:
        typer.Exit: always, with the exit code.
        BybotError: what failed, unless it was printed as JSON.
    """
    try:
        settings = _settings(options.env_file)
        facts = asyncio.run(_until_told(work(settings)))
    except BybotError as error:
        if not options.as_json:
            raise
        print_json({"error": facts_of(error)})
        raise typer.Exit(error.exit_code) from None
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    if options.as_json:
        print_json(facts)
    else:
        show(console(), facts)
    raise typer.Exit(exit_code(facts))


def operate(
    options: Options,
    work: Work,
    show: Show,
    exit_code: Callable[[Facts], int] = lambda facts: 0,
    *,
    acts: bool = True,
) -> None:
    """:func:`run` with whoever can carry out operations."""

    from bybot.commands.reach import reach  # Telethon and the stores take half a second: not for --help

    async def with_operator(settings: Settings) -> Facts:
        async with reach(settings, acts=acts, wait=options.wait, say=say) as operator:
            return await work(operator)

    run(options, with_operator, show, exit_code)


def _settings(env_file: Path | None) -> Settings:
    if env_file is not None and not env_file.is_file():
        raise typer.BadParameter(f"{env_file} is not there", param_hint="--env-file")
    from bybot.config import load_settings

    settings = load_settings(env_file)
    # What matters is told as an answer or an error; the log speaks only when it is asked to.
    level = "DEBUG" if settings.log_level == "DEBUG" else "ERROR"
    setup_logging(level, settings.log_format, settings.secret_texts)
    logging.getLogger().setLevel(level)
    return settings


async def _until_told(work: Awaitable[Facts]) -> Facts:
    """SIGTERM ends the work as Ctrl-C does: everything is given back first."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await work
    finally:
        with contextlib.suppress(ValueError):
            loop.remove_signal_handler(signal.SIGTERM)


# Printing -----------------------------------------------------------------------------------------------------------


def console(*, stderr: bool = False) -> Console:
    """For people; never wraps what is written into a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=None if stream.isatty() else _WIDE)


def print_json(facts: Any) -> None:
    """One JSON object on standard output."""
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))


def say(text: str) -> None:
    """A sentence beside the answer."""
    console(stderr=True).print(text, markup=False)
