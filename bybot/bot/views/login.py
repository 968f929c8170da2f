"""The screens of the login: consent, number, keypad, QR picture, password."""

from __future__ import annotations

from typing import Final, Literal

from telegram import InlineKeyboardButton

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, t
from bybot.bot.texts.formats import duration
from bybot.bot.views.base import Rows, View, button, grid, labelled

AREA: Final = "lg"
Storage = Literal["local", "firebase", "memory"]
#: What a digit that was entered looks like: never the digit, for a code that stands in a chat is dead.
_FILLED, _OPEN = "●", "○"


def consent(language: Language, *, storage: Storage, sealed: bool, device: str, then: str = "") -> View:
    """The notice before the first login. ``then`` is what follows the agreement."""
    seal = t(language, "consent.sealed") if sealed else ""
    where = t(language, f"consent.storage.{storage}", **({"sealed": seal} if storage == "local" else {}))
    return View(
        t(language, "consent.notice", storage=where, device=device),
        (
            (button(language, "agree", Press(AREA, "agree", argument=then)),),
            (button(language, "cancel", Press(AREA, "decline")),),
        ),
    )


def phone(language: Language, ticket: str) -> View:
    return View(
        t(language, "login.phone"),
        (
            (button(language, "qr", Press(AREA, "qr", ticket)),),
            (button(language, "cancel", Press(AREA, "cancel", ticket)),),
        ),
    )


def where_text(language: Language, where: str) -> Html:
    """Where the code went, from the manager's word for it (app, sms, call, email, ...)."""
    key = f"login.where.{where}"
    return t(language, key if has(key) else "login.where.other")


def dots(entered: int, length: int) -> str:
    return " ".join(_FILLED * entered + _OPEN * max(0, length - entered))


def keypad(
    language: Language,
    ticket: str,
    *,
    where: str,
    entered: int,
    length: int,
    seconds_left: float,
    usable: bool = True,
) -> View:
    """The keypad.

    Args:
        entered: how many digits were tapped.
        seconds_left: how long the code is valid.
        usable: False leaves only the way to a new code.
    """
    text = t(
        language,
        "login.code",
        where=where_text(language, where),
        left=duration(language, seconds_left),
        entered=dots(entered, length),
    )
    return View(text, (*(_digits(language, ticket) if usable else ()), *_ways_out(language, ticket)))


def _digits(language: Language, ticket: str) -> Rows:
    nine = grid([labelled(d, Press(AREA, "digit", ticket, d)) for d in "123456789"], 3)
    last = (
        button(language, "clear", Press(AREA, "clear", ticket)),
        labelled("0", Press(AREA, "digit", ticket, "0")),
        labelled("⌫", Press(AREA, "back", ticket)),
    )
    return (*nine, last)


def _ways_out(language: Language, ticket: str) -> Rows:
    return (
        (
            button(language, "resend", Press(AREA, "resend", ticket)),
            button(language, "qr", Press(AREA, "qr", ticket)),
        ),
        _leave(language, ticket),
    )


def _leave(language: Language, ticket: str) -> tuple[InlineKeyboardButton, ...]:
    return (
        button(language, "other_number", Press(AREA, "phone", ticket)),
        button(language, "cancel", Press(AREA, "cancel", ticket)),
    )


def typed(language: Language, ticket: str) -> View:
    """The answer to a code that was written into the chat."""
    return View(t(language, "login.code_typed"), _ways_out(language, ticket))


def qr(language: Language, ticket: str, *, seconds_left: float) -> View:
    """The caption and buttons under the QR picture."""
    return View(
        t(language, "login.qr", left=duration(language, seconds_left)),
        (
            (button(language, "phone", Press(AREA, "phone", ticket)),),
            (button(language, "cancel", Press(AREA, "cancel", ticket)),),
        ),
    )


def password(language: Language, ticket: str, *, hint: str | None) -> View:
    hint_line = t(language, "login.hint", hint=hint) if hint else None
    return View(
        lines(t(language, "login.password"), f"\n{hint_line}" if hint_line else None),
        (_leave(language, ticket),),
    )


def done(language: Language, account: str) -> View:
    return View(t(language, "login.done", account=account), after_login(language))


def after_login(language: Language) -> Rows:
    """What a person who is logged in does next."""
    return (
        (button(language, "add_pair", Press("pw", "new")),),
        (button(language, "pairs", Press("pr", "list")), button(language, "channels", Press("ch", "page"))),
    )


def already(language: Language) -> Rows:
    """What a person who is logged in may want with a login."""
    return ((button(language, "add_account", Press("ac", "add")),), *to_accounts(language), *after_login(language))


def to_accounts(language: Language) -> Rows:
    """The way to one's accounts."""
    return ((button(language, "accounts", Press("ac", "list")),),)


def start_login(language: Language) -> Rows:
    """The one button for people who are not logged in."""
    return ((button(language, "login", Press(AREA, "start")),),)
