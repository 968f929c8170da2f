"""``python -m bybot sessions ...``: the operator's hands on stored logins, while the bot runs and while it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bybot.commands import shown
from bybot.commands.moving import attach, export_session, import_session
from bybot.commands.running import AsJson, EnvFile, Facts, Options, User, Wait, operate, run, say

if TYPE_CHECKING:
    from bybot.config import Settings
    from bybot.web.operations import Operator

app = typer.Typer(
    name="sessions",
    help="Stored logins: see, test, remove, move. Works through the bot while it runs, and without it.",
    no_args_is_help=True,
)


@app.command("list")
def list_sessions(env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """All stored sessions and how they stand."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("list")

    operate(Options(env_file, as_json), work, shown.sessions, acts=False)


@app.command()
def info(user: User, env_file: EnvFile = None, as_json: AsJson = False) -> None:
    """What is known of one session. Exit code 0: it works; 1: it does not; 66: there is none; 75: nobody can tell."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("info", user=user)

    operate(Options(env_file, as_json), work, shown.info, shown.info_exit, acts=False)


@app.command("test")
def try_session(user: User, env_file: EnvFile = None, as_json: AsJson = False, wait: Wait = None) -> None:
    """Ask Telegram, through the session's one client, who is logged in."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("test", user=user)

    operate(Options(env_file, as_json, wait), work, shown.test, shown.test_exit)


@app.command()
def refresh(user: User, env_file: EnvFile = None, as_json: AsJson = False, wait: Wait = None) -> None:
    """Have one session checked with Telegram now by the process that holds it. Exit codes as with info."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("refresh", user=user)

    operate(Options(env_file, as_json, wait), work, shown.info, shown.info_exit)


@app.command()
def clear(user: User, env_file: EnvFile = None, as_json: AsJson = False, wait: Wait = None) -> None:
    """Log one session out at Telegram and remove every copy of it."""

    async def work(operator: Operator) -> Facts:
        return await operator.call("clear", user=user)

    operate(Options(env_file, as_json, wait), work, shown.deletion, shown.deletion_exit)


@app.command()
def cleanup(
    days: Annotated[float, typer.Option(min=0, help="Older than that many days without any use.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    env_file: EnvFile = None,
    as_json: AsJson = False,
    wait: Wait = None,
) -> None:
    """Log out and remove sessions that nobody used for long. Those in use stay."""
    if days <= 0:  # as a setting 0 means off; here it would remove all
        raise typer.BadParameter("0 days would remove every session that is not in use", param_hint="--days")

    async def work(operator: Operator) -> Facts:
        return await operator.call("cleanup", days=days, dry_run=dry_run)

    operate(Options(env_file, as_json, wait), work, shown.cleanup, shown.cleanup_exit)


@app.command("rotate-keys")
def rotate_keys(env_file: EnvFile = None, as_json: AsJson = False, wait: Wait = None) -> None:
    """Seal everything with the first of SESSION_ENCRYPTION_KEYS. May be stopped and done again."""

    async def work(settings: Settings) -> Facts:
        from bybot.commands.reach import reach
        from bybot.parts import create_vault

        async with reach(settings, wait=wait, say=say) as operator:
            return await operator.call("rotate-keys", expect=create_vault(settings).fingerprint)

    run(Options(env_file, as_json, wait), work, shown.rotation, shown.rotation_exit)


app.command("import")(import_session)
app.command("export")(export_session)
app.command()(attach)
