"""/status, /session_stats, /create_session, /logout: all accounts, or the one that is chosen."""

from __future__ import annotations

from bybot.bot.handlers.account import Account, account_named, accounts_of, forget_name, session_info
from bybot.bot.handlers.login import login
from bybot.bot.services import Person
from bybot.bot.texts import Html, lines
from bybot.bot.turn import Turn
from bybot.bot.views import info as views
from bybot.bot.views.accounts import choose
from bybot.bot.views.base import View
from bybot.bot.views.login import start_login, to_accounts
from bybot.mirror.model import PairState
from bybot.sessions.model import Deletion

_RUNNING = frozenset({PairState.STARTING, PairState.HISTORY, PairState.LIVE, PairState.WAITING})


async def status(turn: Turn) -> None:
    """How the sessions and the pairs stand."""
    accounts = await accounts_of(turn)
    none = "no_session" if accounts else str((await session_info(turn)).get("status"))
    pairs = await turn.mirror.list_all(turn.user_id)
    view = views.status(
        turn.language,
        accounts,
        none=none,
        pairs=len(pairs),
        running=sum(pair.state in _RUNNING for pair in pairs),
    )
    await turn.show(view)


async def session_stats(turn: Turn) -> None:
    """Figures about sessions, as far as the person may see them."""
    figures = await turn.sessions.get_session_stats()
    await turn.reply(views.stats(turn.language, figures, await accounts_of(turn)))


async def create_session(turn: Turn) -> None:
    """Make sure that there is a session: says so when there is one, otherwise starts the login."""
    for account in await accounts_of(turn):
        if await turn.sessions.create_user_session(account.user):
            await status(turn)
            return
    await login(turn)


async def logout(turn: Turn) -> None:
    """Ask first: whether, and which one when there are several."""
    accounts = await accounts_of(turn)
    if not accounts:
        await turn.show(View(turn.t("logout.none"), start_login(turn.language)))
    elif len(accounts) == 1:
        await turn.reply(views.logout(turn.language, accounts[0].name, accounts[0].user))
    else:
        await turn.reply(choose(turn.language, accounts, "logout.choose", "lo", "ask"))


async def ask_logout(turn: Turn, account: Account) -> None:
    """The question, for an account that was chosen."""
    await turn.show(views.logout(turn.language, account.name, account.user))


async def on_logout(turn: Turn) -> None:
    """The answer to the question."""
    await turn.answer()
    press = turn.press
    if press is None or press.action not in {"yes", "ask"}:
        await turn.show(View(turn.t("logout.kept")))
        return
    account = await account_named(turn, press.argument or str(turn.user_id))
    if account is None:
        await turn.show(View(turn.t("logout.none"), start_login(turn.language)))
    elif press.action == "ask":
        await ask_logout(turn, account)
    else:
        await _log_out(turn, account)


async def _log_out(turn: Turn, account: Account) -> None:
    await turn.chat.typing()
    report = await turn.sessions.delete_user_session(account.user, reason="logout")
    forget_name(turn, account.user)
    turn.services.lists.drop(account.user)
    text = turn.t("logout.done", report=deletion_report(turn, report))
    rows = to_accounts(turn.language) if await accounts_of(turn) else start_login(turn.language)
    await turn.show(View(text, rows))


def deletion_report(person: Person, report: Deletion, account: str | None = None) -> Html:
    """What was done about a session, a line each.

    Args:
        account: its name, as a heading; None: without.
    """
    if not report.existed:
        return person.t("logout.none")
    device = person.services.options.device_model
    return lines(
        person.t("accounts.one", account=account) if account else None,
        person.t("report.telegram") if report.logged_out else person.t("report.telegram_failed", device=device),
        person.t("report.session") if "session" in report.removed else None,
        *(person.t("report.part_failed", part=failure) for failure in report.failures),
    )
