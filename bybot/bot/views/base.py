"""A view is what one message shows: HTML text and inline buttons. Views are pure functions of data and language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, plain, t
from bybot.mirror.model import ChatRef

T = TypeVar("T")
Rows = tuple[tuple[InlineKeyboardButton, ...], ...]
#: Entries of a list that fit on a phone without scrolling far.
PAGE_SIZE: Final = 8


@dataclass(frozen=True)
class View:
    """One message."""

    text: Html
    rows: Rows = ()

    @property
    def markup(self) -> InlineKeyboardMarkup | None:
        return InlineKeyboardMarkup(self.rows) if self.rows else None

    def below(self, note: str | None) -> View:
        """The same view with a remark on top, set apart by an empty line."""
        return replace(self, text=Html(f"{note}\n\n{self.text}")) if note else self


class AccountFacts(Protocol):
    """What is shown of one of a person's accounts: the key it is known by, its name, and how its session stands."""

    @property
    def user(self) -> str:
        """What manager and mirror know it by."""

    @property
    def name(self) -> str:
        """As its owner knows it."""

    @property
    def status(self) -> str:
        """The manager's word for its session."""

    @property
    def reason(self) -> str | None:
        """Why it does not work."""

    @property
    def since(self) -> datetime | None:
        """When it logged in."""

    @property
    def working(self) -> bool:
        """Whether it is logged in."""


def session_state(language: Language, status: str) -> Html:
    """How a session stands, in words."""
    key = f"session.{status}"
    return t(language, key if has(key) else "session.error")


def heading(language: Language, account: str | None, text: Html) -> Html:
    """The text with the account's name above it, when the person has several."""
    return lines(t(language, "accounts.one", account=account), text) if account else text


def button(language: Language, key: str, press: Press, **facts: object) -> InlineKeyboardButton:
    """A button whose label is a sentence of the catalogue."""
    return InlineKeyboardButton(plain(language, f"button.{key}", **facts), callback_data=press.data())


def labelled(label: str, press: Press) -> InlineKeyboardButton:
    """A button with a label of its own, such as a digit or a title."""
    return InlineKeyboardButton(label, callback_data=press.data())


def grid(buttons: Iterable[InlineKeyboardButton], columns: int) -> Rows:
    """The buttons in rows of that many."""
    items = tuple(buttons)
    return tuple(items[start : start + columns] for start in range(0, len(items), columns))


def icon(chat: ChatRef) -> str:
    return "📢" if chat.kind == "channel" else "👥"


def page_count(total: int, size: int = PAGE_SIZE) -> int:
    return max(1, -(-total // size))


def page_of(items: Sequence[T], page: int, size: int = PAGE_SIZE) -> tuple[Sequence[T], int]:
    """One page of a list, and its number brought into range (from 0)."""
    page = max(0, min(page, page_count(len(items), size) - 1))
    return items[page * size : (page + 1) * size], page


def page_buttons(total: int, page: int, press: Press, size: int = PAGE_SIZE) -> Rows:
    """‹ 2/5 › for lists of more than one page; ``press`` gets the page number as its argument."""
    pages = page_count(total, size)
    if pages == 1:
        return ()

    def to(number: int, label: str) -> InlineKeyboardButton:
        return labelled(label, replace(press, argument=str(number % pages)))

    return ((to(page - 1, "‹"), to(page, f"{page + 1}/{pages}"), to(page + 1, "›")),)


__all__ = [
    "PAGE_SIZE",
    "AccountFacts",
    "Rows",
    "View",
    "button",
    "grid",
    "icon",
    "labelled",
    "lines",
    "page_buttons",
    "page_count",
    "page_of",
    "session_state",
]
