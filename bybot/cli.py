"""The command line: ``python -m bybot COMMAND``. What fails ends with a message, a next step and an exit code."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bybot import __version__
from bybot.commands.backup import backup, restore
from bybot.commands.pairs import app as pairs_app
from bybot.commands.sessions import app as sessions_app
from bybot.errors import BybotError

app = typer.Typer(
    name="bybot",
    help="A Telegram bot that many people share: each logs in with their own account, and it mirrors channels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bybot {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Nothing is asked on standard input: everything comes from the environment, the env file and options."""


@app.command()
def run(
    env_file: Annotated[Path | None, typer.Option(help="Read this file instead of .env.")] = None,
) -> None:
    """Run the bot, the mirror and the HTTP service until SIGTERM or Ctrl-C."""
    from bybot.config import load_settings
    from bybot.deployment import run_forever

    if env_file is not None and not env_file.is_file():
        raise typer.BadParameter(f"{env_file} is not there", param_hint="--env-file")
    raise typer.Exit(asyncio.run(run_forever(load_settings(env_file))))


@app.command()
def keygen() -> None:
    """Print a new key for SESSION_ENCRYPTION_KEYS. Keep a copy: without it the stored logins cannot be opened."""
    from bybot.sessions.vault import generate_key

    typer.echo(generate_key())


@app.command()
def sandbox(
    serve: Annotated[bool, typer.Option("--serve", help="Run the sandbox Telegram with its chat page.")] = False,
    tour: Annotated[bool, typer.Option("--tour", help="Play the tour: log in, mirror, kill, compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --tour: print the result as one JSON object.")] = False,
    store: Annotated[str, typer.Option(help="With --tour: local or firestore.")] = "local",
    sabotage: Annotated[str, typer.Option(help="With --tour: misbehave, such as drop=1,double=1.")] = "",
    posts: Annotated[int, typer.Option(min=20, max=20_000, help="With --tour: posts of history.")] = 1000,
    live: Annotated[int, typer.Option(min=2, max=2_000, help="With --tour: posts that come live.")] = 50,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve: where the page is.")] = 8081,
    bot: Annotated[bool, typer.Option(help="With --serve: also run the bot, to chat with it on the page.")] = True,
) -> None:
    """The embedded Telegram: no account, no internet. Its page is bound to 127.0.0.1."""
    if serve == tour:
        raise typer.BadParameter("say either --serve or --tour", param_hint="sandbox")
    from bybot.sandbox import commands

    if serve:
        raise typer.Exit(asyncio.run(commands.serve_page(port=port, with_bot=bot)))
    raise typer.Exit(
        asyncio.run(commands.play_tour(as_json=as_json, store=store, sabotage=sabotage, history=posts, live=live))
    )


app.add_typer(sessions_app)
app.add_typer(pairs_app)
app.command()(backup)
app.command()(restore)


def main() -> None:
    """Entry point: typed errors become a message on stderr and an exit code."""
    try:
        app()
    except BybotError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(error.message, style="bold red", markup=False)
        if error.next_step:
            console.print(error.next_step, markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
