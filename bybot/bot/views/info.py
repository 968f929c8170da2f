"""Greeting, status, channels, figures, language, help, and the questions before something is erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.errors import reason_text
from bybot.bot.texts.formats import date, short
from bybot.bot.views.base import (
    AccountFacts,
    View,
    button,
    icon,
    labelled,
    page_buttons,
    page_of,
    session_state,
)
from bybot.bot.views.login import after_login, start_login
from bybot.mirror.model import ChatRef

#: A list of lines is denser than a list of buttons.
_CHANNELS_PER_PAGE: Final = 15
_FIGURES: Final = ("total_sessions", "active_sessions", "user_sessions", "bot_sessions", "bot_id")


def greeting(language: Language, name: str, account: str | None) -> View:
    hello = t(language, "start.hello", name=short(name, 40))
    if account:
        logged_in = t(language, "start.logged_in", account=account)
        return View(Html(f"{hello}\n\n{logged_in}\n{t(language, 'start.next')}"), after_login(language))
    return View(hello, start_login(language))


def status(
    language: Language, accounts: Sequence[AccountFacts], *, none: str = "no_session", pairs: int, running: int
) -> View:
    """How the sessions of all accounts and the pairs stand.

    Args:
        none: the state to tell when there is no account: not logged in, or just logging in.
    """
    blocks = [_account(language, account) for account in accounts]
    if not blocks:
        blocks = [t(language, "status.session", state=session_state(language, none))]
    text = "\n\n".join(
        (t(language, "status.title"), *blocks, t(language, "status.pairs", total=pairs, running=running))
    )
    working = any(account.working for account in accounts)
    return View(Html(text), after_login(language) if working else start_login(language))


def _account(language: Language, account: AccountFacts) -> Html:
    over = account.reason if not account.working else None
    return lines(
        t(language, "status.account", account=account.name),
        t(language, "status.session", state=session_state(language, account.status)),
        t(language, "status.since", since=date(language, account.since)) if account.since and not over else None,
        t(language, "status.reason", reason=reason_text(language, over)) if over else None,
    )


def stats(language: Language, figures: Mapping[str, Any], accounts: Sequence[AccountFacts]) -> View:
    rows = [
        t(language, "stats.line", name=t(language, f"stats.{name}"), value=figures[name])
        for name in _FIGURES
        if name in figures
    ]
    states = [account.status for account in accounts] or ["no_session"]
    mine = [t(language, "stats.mine", state=session_state(language, state)) for state in states]
    return View(Html(f"{t(language, 'stats.title')}\n\n{lines(*rows, *mine)}"))


def channels(
    language: Language,
    chats: Sequence[ChatRef],
    page: int,
    account: AccountFacts,
    accounts: Sequence[AccountFacts] = (),
) -> View:
    """The channels of an account.

    Args:
        accounts: all accounts of the person; with several, the others can be looked at too.
    """
    refresh = button(language, "refresh", Press("ch", "refresh", account.user))
    others = tuple(
        (labelled(f"👤 {short(each.name, 36)}", Press("ch", "page", each.user)),)
        for each in accounts
        if each.user != account.user
    )
    whose = t(language, "channels.account", account=account.name) if others else ""
    if not chats:
        return View(lines(whose, t(language, "channels.none")), ((refresh,), *others))
    shown, page = page_of(chats, page, _CHANNELS_PER_PAGE)
    entries = [_channel(language, chat) for chat in shown]
    text = Html(
        f"{lines(t(language, 'channels.title', count=len(chats)), whose)}\n\n{lines(*entries)}\n\n"
        f"<i>{t(language, 'channels.legend')}</i>"
    )
    pages = page_buttons(len(chats), page, Press("ch", "page", account.user), _CHANNELS_PER_PAGE)
    return View(text, (*pages, (button(language, "add_pair", Press("pw", "new")), refresh), *others))


def _channel(language: Language, chat: ChatRef) -> Html:
    marks = ("✏️" if chat.can_post else "") + ("🔒" if chat.protected else "")
    name = f" · @{chat.username}" if chat.username else ""
    line = t(language, "channels.line", icon=icon(chat), title=short(chat.title, 36), name=name, marks=marks)
    return Html(line.rstrip())


def languages(language: Language) -> View:
    return View(
        t(language, "language.ask"),
        (
            (
                labelled("English", Press("la", "set", argument="en")),
                labelled("中文", Press("la", "set", argument="zh")),
            ),
        ),
    )


def help_(language: Language, *, admin: bool) -> View:
    text = t(language, "help.text")
    return View(Html(f"{text}\n\n{t(language, 'help.admin')}") if admin else text)


def logout(language: Language, account: str, user: str = "") -> View:
    """The question before an account is logged out; ``user`` is what the manager knows it by."""
    return View(
        t(language, "logout.ask", account=account),
        (
            (button(language, "log_out", Press("lo", "yes", argument=user)),),
            (button(language, "keep", Press("lo", "no")),),
        ),
    )


def forget(language: Language, *, other: int | None = None) -> View:
    text = t(language, "forget.ask") if other is None else t(language, "forget.ask_other", user=other)
    return View(
        text,
        (
            (button(language, "forget_yes", Press("fg", "yes", argument=str(other or ""))),),
            (button(language, "keep", Press("fg", "no")),),
        ),
    )
