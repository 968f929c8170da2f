"""The list of a person's accounts, one account, and the question which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telegram import InlineKeyboardButton

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.errors import reason_text
from bybot.bot.texts.formats import date, short
from bybot.bot.views.base import AccountFacts, Rows, View, button, grid, labelled, session_state
from bybot.bot.views.login import start_login

AREA: Final = "ac"


def account_list(language: Language, accounts: Sequence[AccountFacts]) -> View:
    """All accounts of a person, one button each."""
    if not accounts:
        return View(t(language, "accounts.none"), start_login(language))
    entries = [
        t(language, "accounts.line", number=i, account=short(each.name, 40), state=session_state(language, each.status))
        for i, each in enumerate(accounts, 1)
    ]
    numbers = [labelled(str(i), Press(AREA, "view", argument=each.user)) for i, each in enumerate(accounts, 1)]
    title = t(language, "accounts.title", count=len(accounts))
    text = Html("\n\n".join((title, *entries, t(language, "accounts.choose"))))
    return View(text, (*grid(numbers, 4), (add_button(language),)))


def add_button(language: Language) -> InlineKeyboardButton:
    """The way to one more account."""
    return button(language, "add_account", Press(AREA, "add"))


def account(language: Language, account: AccountFacts, *, pairs: int) -> View:
    """One account with all its facts."""
    facts = lines(
        t(language, "status.session", state=session_state(language, account.status)),
        t(language, "status.since", since=date(language, account.since)) if account.since and account.working else None,
        t(language, "status.reason", reason=reason_text(language, account.reason))
        if account.reason and not account.working
        else None,
        t(language, "accounts.pairs", pairs=pairs),
    )
    return View(Html(f"{t(language, 'accounts.one', account=account.name)}\n\n{facts}"), _ways(language, account))


def _ways(language: Language, account: AccountFacts) -> Rows:
    logout = button(language, "logout", Press(AREA, "logout", argument=account.user))
    if account.working:
        first = (button(language, "devices", Press("dv", "list", argument=account.user)), logout)
    else:
        first = (button(language, "login_again", Press(AREA, "login", argument=account.user)), logout)
    return (first, (button(language, "back", Press(AREA, "list")),))


def choose(language: Language, accounts: Sequence[AccountFacts], key: str, area: str, action: str) -> View:
    """Which account is meant?

    Args:
        key: the question's sentence.
        area: whose buttons they are.
        action: what a button does with the account, which is its argument.
    """
    rows = tuple((labelled(short(each.name, 40), Press(area, action, argument=each.user)),) for each in accounts)
    return View(t(language, key), rows)
