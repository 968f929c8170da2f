"""The screens of a new pair: source, target, which posts, confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.formats import duration, number, short
from bybot.bot.views.base import AccountFacts, Rows, View, button, icon, labelled, page_buttons, page_of
from bybot.mirror.model import ByDates, ByIds, ChatRef, Estimate, Everything, Last, Mode, New
from bybot.mirror.paircalls import History

AREA: Final = "pw"
#: What a press of the button for the order leads to.
_OTHER: Final[dict[History, History]] = {"first": "beside", "beside": "first"}
#: The numbers offered as buttons.
LAST_CHOICES: Final = (10, 100, 1000)
#: The largest number of last posts that may be asked for.
MOST_LAST: Final = 1_000_000


def _leave(language: Language, ticket: str, *, back: bool) -> Rows:
    cancel = button(language, "cancel", Press(AREA, "cancel", ticket))
    return ((button(language, "back", Press(AREA, "back", ticket)), cancel) if back else (cancel,),)


def account(language: Language, ticket: str, accounts: Sequence[AccountFacts]) -> View:
    """With which of several accounts?"""
    rows = tuple((labelled(short(each.name, 40), Press(AREA, "account", ticket, each.user)),) for each in accounts)
    return View(t(language, "wizard.account"), (*rows, *_leave(language, ticket, back=False)))


def source(language: Language, ticket: str, *, back: bool = False) -> View:
    """Where to copy from. ``back`` leads to the choice of the account."""
    pick = button(language, "pick", Press(AREA, "pick", ticket, "0"))
    return View(t(language, "wizard.source"), ((pick,), *_leave(language, ticket, back=back)))


def target(language: Language, ticket: str, source: ChatRef) -> View:
    pick = button(language, "pick", Press(AREA, "pick", ticket, "0"))
    text = t(language, "wizard.target", source=short(source.title, 40))
    if source.protected:
        text = Html(f"{text}\n\n{t(language, 'wizard.protected', source=short(source.title, 40))}")
    return View(text, ((pick,), *_leave(language, ticket, back=True)))


def pick(language: Language, ticket: str, step: str, chats: Sequence[ChatRef], page: int) -> View:
    """A page of the person's channels, one button each."""
    if not chats:
        return View(t(language, "wizard.pick_none"), _leave(language, ticket, back=True))
    shown, page = page_of(chats, page)
    rows = tuple(
        (labelled(f"{icon(chat)} {short(chat.title, 30)}", Press(AREA, "chat", ticket, str(chat.id))),)
        for chat in shown
    )
    pages = page_buttons(len(chats), page, Press(AREA, "pick", ticket))
    key = "wizard.pick_source" if step == "source" else "wizard.pick_target"
    return View(t(language, key), (*rows, *pages, *_leave(language, ticket, back=True)))


def choose_range(language: Language, ticket: str, source: ChatRef, target: ChatRef, *, task: bool = False) -> View:
    """Which posts. A task has no new ones, and nothing before this step."""
    numbers = tuple(
        button(language, "mode_last", Press(AREA, "last", ticket, str(count)), count=number(count))
        for count in LAST_CHOICES
    )
    rows = (
        *(() if task else ((button(language, "mode_new", Press(AREA, "new_only", ticket)),),)),
        numbers,
        (
            button(language, "mode_number", Press(AREA, "number", ticket)),
            button(language, "mode_span", Press(AREA, "span", ticket)),
        ),
        (button(language, "mode_all", Press(AREA, "all", ticket)),),
        *_leave(language, ticket, back=not task),
    )
    key = "task.range" if task else "wizard.range"
    return View(t(language, key, source=short(source.title, 40), target=short(target.title, 40)), rows)


def ask_number(language: Language, ticket: str) -> View:
    return View(t(language, "wizard.number"), _leave(language, ticket, back=True))


def ask_span(language: Language, ticket: str) -> View:
    return View(t(language, "wizard.span"), _leave(language, ticket, back=True))


def what(language: Language, mode: Mode) -> Html:
    """The chosen posts in words."""
    match mode:
        case Last(count):
            return t(language, "wizard.what_last", count=number(count))
        case Everything():
            return t(language, "wizard.what_all")
        case New():
            return t(language, "wizard.what_new")
        case ByIds(first, last):
            key = "wizard.what_ids" if last else "wizard.what_ids_on"
            return t(language, key, first=str(first), last=str(last))
        case ByDates(since, end):
            key = "wizard.what_days" if end else "wizard.what_days_on"
            last_day = "" if end is None else f"{end - timedelta(seconds=1):%Y-%m-%d}"
            return t(language, key, first=f"{since:%Y-%m-%d}", last=last_day)


def posts_of(language: Language, mode: Mode) -> Html:
    """The posts of a task in words: there are no new ones after them."""
    if isinstance(mode, Last):
        return t(language, "task.what_last", count=number(mode.count))
    if isinstance(mode, ByIds) and mode.last is not None:
        return t(language, "task.what_ids", first=str(mode.first), last=str(mode.last))
    if isinstance(mode, ByDates) and mode.until is not None:
        days = (mode.since, mode.until - timedelta(seconds=1))
        return t(language, "task.what_days", first=f"{days[0]:%Y-%m-%d}", last=f"{days[1]:%Y-%m-%d}")
    return t(language, "task.what_all") if isinstance(mode, Everything) else what(language, mode)


def goes_on(mode: Mode) -> bool:
    """Whether there are posts of before, and new ones after them: one may go before or beside the other."""
    return isinstance(mode, Last | Everything) or (
        isinstance(mode, ByIds | ByDates) and (mode.last if isinstance(mode, ByIds) else mode.until) is None
    )


def confirm(
    language: Language,
    ticket: str,
    source: ChatRef,
    target: ChatRef,
    mode: Mode,
    guess: Estimate | None,
    *,
    history: History = "first",
    task: bool = False,
) -> View:
    """The last question, with count and time before the first send.

    Args:
        history: whether it goes before new posts or beside them; the person may change that.
        task: it is about a task of a pair that is there.
    """
    choice = goes_on(mode) and not task
    estimate = (
        t(language, "wizard.estimate", count=number(guess.count), time=duration(language, guess.seconds))
        if guess and guess.count
        else None
    )
    text = t(
        language,
        "task.confirm" if task else "wizard.confirm",
        source=short(source.title, 40),
        target=short(target.title, 40),
        what=posts_of(language, mode) if task or (choice and history == "beside") else what(language, mode),
        estimate=lines(
            t(language, f"wizard.history_{history}") if choice else None,
            estimate,
            t(language, "wizard.protected", source=short(source.title, 40)) if source.protected else None,
        ),
    )
    text = Html(text.replace("\n\n\n", "\n\n"))
    start = button(language, "start_pair", Press(AREA, "start", ticket))
    order = button(language, f"history_{_OTHER[history]}", Press(AREA, "order", ticket))
    return View(text, (*(((order,),) if choice else ()), (start,), *_leave(language, ticket, back=True)))


def added(language: Language, source: ChatRef, target: ChatRef, mode: Mode) -> View:
    text = t(
        language,
        "wizard.added",
        source=short(source.title, 40),
        target=short(target.title, 40),
        what=what(language, mode),
    )
    return View(text, ((button(language, "pairs", Press("pr", "list")),),))


def ended(language: Language, key: str) -> View:
    """Why no pair was added, and the way to those that are there."""
    return View(t(language, key), ((button(language, "pairs", Press("pr", "list")),),))
