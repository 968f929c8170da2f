"""What a pair did day by day: in words, and beside the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, t
from bybot.bot.texts.formats import number, short
from bybot.bot.views.base import View, button, labelled, page_buttons, page_of
from bybot.bot.views.pairs import names
from bybot.mirror.daybook import Day
from bybot.mirror.model import ChannelPair, PairStatus

AREA: Final = "nu"
#: Days of the pictures that are offered.
SPANS: Final = (30, 90, 365)


def numbers(language: Language, pair: ChannelPair, days: Mapping[date, Day], today: date) -> View:
    """Sums over some spans. All times are UTC."""
    spans = (
        ("today", days.get(today, Day())),
        ("yesterday", days.get(today - timedelta(days=1), Day())),
        ("week", total(days, today, 7)),
        ("month", total(days, today, 30)),
        ("all", sum(days.values(), Day())),
    )
    facts = [t(language, "numbers.line", span=t(language, f"numbers.{name}"), **_facts(day)) for name, day in spans]
    title = t(language, "numbers.title", **names(pair, 30))
    pictures = tuple(button(language, "picture", Press(AREA, "chart", str(span), pair.id), days=span) for span in SPANS)
    rows = (
        pictures,
        (
            button(language, "back", Press("pr", "view", argument=pair.id)),
            button(language, "refresh", Press(AREA, "view", argument=pair.id)),
        ),
    )
    return View(Html("\n\n".join((title, *facts, t(language, "numbers.legend")))), rows)


def total(days: Mapping[date, Day], today: date, span: int) -> Day:
    """The sum of the last days, today among them."""
    return sum((days.get(today - timedelta(days=back), Day()) for back in range(span)), Day())


def caption(language: Language, pair: ChannelPair, days: Mapping[date, Day], today: date, span: int) -> View:
    """What stands below the picture of so many days."""
    title = t(language, "numbers.caption", days=span, **names(pair, 30))
    facts = t(language, "numbers.sum", **_facts(total(days, today, span)))
    back = button(language, "back", Press(AREA, "view", argument=pair.id))
    return View(Html(f"{title}\n\n{facts}\n\n{t(language, 'numbers.legend')}"), ((back,),))


def choose(language: Language, statuses: Sequence[PairStatus], page: int = 0) -> View:
    """Of which pair?"""
    shown, page = page_of(statuses, page)
    rows = tuple((labelled(_label(status.pair), Press(AREA, "view", argument=status.pair.id)),) for status in shown)
    return View(t(language, "numbers.choose"), (*rows, *page_buttons(len(statuses), page, Press(AREA, "page"))))


def _label(pair: ChannelPair) -> str:
    return f"{short(pair.source.title, 20)} → {short(pair.target.title, 20)}"


def _facts(day: Day) -> dict[str, str]:
    return {
        name: number(value)
        for name, value in zip(("copied", "edited", "deleted", "left_out"), day.values(), strict=True)
    }
