"""Greeting, status, channels, figures, language, help, and the questions before something is erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, t
from bybot.bot.texts.errors import reason_text
from bybot.bot.texts.formats import date, short
from bybot.bot.views.base import View, button, icon, labelled, page_buttons, page_of
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


def session_state(language: Language, status: str) -> Html:
    key = f"session.{status}"
    return t(language, key if has(key) else "session.error")


def status(
    language: Language,
    *,
    state: str,
    account: str | None,
    since: datetime | None,
    reason: str | None,
    pairs: int,
    running: int,
) -> View:
    facts = lines(
        t(language, "status.session", state=session_state(language, state)),
        t(language, "status.account", account=account) if account else None,
        t(language, "status.since", since=date(language, since)) if since else None,
        t(language, "status.reason", reason=reason_text(language, reason)) if reason else None,
        t(language, "status.pairs", total=pairs, running=running),
    )
    text = Html(f"{t(language, 'status.title')}\n\n{facts}")
    return View(text, after_login(language) if account else start_login(language))


def stats(language: Language, figures: Mapping[str, Any], own_state: str) -> View:
    rows = [
        t(language, "stats.line", name=t(language, f"stats.{name}"), value=figures[name])
        for name in _FIGURES
        if name in figures
    ]
    mine = t(language, "stats.mine", state=session_state(language, own_state))
    return View(Html(f"{t(language, 'stats.title')}\n\n{lines(*rows, mine)}"))


def channels(language: Language, chats: Sequence[ChatRef], page: int = 0) -> View:
    refresh = button(language, "refresh", Press("ch", "refresh"))
    if not chats:
        return View(t(language, "channels.none"), ((refresh,),))
    shown, page = page_of(chats, page, _CHANNELS_PER_PAGE)
    entries = [_channel(language, chat) for chat in shown]
    text = Html(
        f"{t(language, 'channels.title', count=len(chats))}\n\n{lines(*entries)}\n\n"
        f"<i>{t(language, 'channels.legend')}</i>"
    )
    pages = page_buttons(len(chats), page, Press("ch", "page"), _CHANNELS_PER_PAGE)
    return View(text, (*pages, (button(language, "add_pair", Press("pw", "new")), refresh)))


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


def logout(language: Language, account: str) -> View:
    return View(
        t(language, "logout.ask", account=account),
        (
            (button(language, "log_out", Press("lo", "yes")),),
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
