"""Pairs that leave through a file and come back: what is in it, what would become of it, what did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, plain, t
from bybot.bot.texts.formats import number, short
from bybot.bot.views.base import AccountFacts, Rows, View, button, labelled
from bybot.mirror.exchange.model import MOST_BYTES, Fate, Item, Report, Trouble

AREA: Final = "ex"
#: What one message has room for.
_ITEMS: Final = 6
_REMARKS: Final = 8


def exported(language: Language, count: int) -> View:
    """Below the file."""
    return View(t(language, "exchange.file", count=number(count)))


def account(language: Language, ticket: str, accounts: Sequence[AccountFacts]) -> View:
    """With which of several accounts?"""
    rows = tuple((labelled(short(each.name, 40), Press(AREA, "account", ticket, each.user)),) for each in accounts)
    return View(t(language, "exchange.account"), (*rows, *_leave(language, ticket)))


def send(language: Language, ticket: str) -> View:
    """Which files there are."""
    return View(t(language, "exchange.send", most=number(MOST_BYTES // 1000)), _leave(language, ticket))


def planned(language: Language, ticket: str, name: str, report: Report) -> View:
    """What would be made, and the question whether it shall be; at first with the file's settings."""
    new = report.of(Fate.NEW)
    settings = t(language, "exchange.settings", names=_settings(language, report)) if report.preferences else None
    parts = [
        t(language, "exchange.title", name=short(name, 40) or "?", format=report.format),
        *_groups(language, report),
        settings,
        t(language, "exchange.secrets") if report.secrets else None,
        None if new or report.preferences else t(language, "exchange.nothing"),
    ]
    rows = switches(
        language,
        ticket,
        new=bool(new),
        history=any(item.history for item in new),
        preferences=bool(report.preferences),
        settings=True,
    )
    return View(_paragraphs(parts), rows)


def switches(language: Language, ticket: str, *, new: bool, history: bool, preferences: bool, settings: bool) -> Rows:
    """The buttons below what would be made.

    Args:
        new: pairs would be made; ``history``: some of them can begin before the posts of now.
        preferences: the file has settings; ``settings``: they would be taken over, too.
    """
    keys = [("import_new", "new")] if new else []
    keys += [("import_file", "file")] if history else []
    if preferences:
        with_them = ("import_with" if settings else "import_without", "settings")
        keys.append(with_them if new else ("import_settings", "only"))
    rows = tuple((button(language, key, Press(AREA, action, ticket)),) for key, action in keys)
    return (*rows, *_leave(language, ticket))


def done(language: Language, report: Report) -> View:
    """What was made."""
    settings = None
    if report.preferences:
        settings = t(language, "exchange.settings_done", names=_settings(language, report))
    parts = [t(language, "exchange.done", format=report.format), *_groups(language, report), settings]
    back = button(language, "back", Press("pr", "list"))
    return View(_paragraphs(parts), ((back,),))


def ended(language: Language, key: str) -> View:
    """Why nothing was made, and the way to the pairs that are there."""
    return View(t(language, key), ((button(language, "pairs", Press("pr", "list")),),))


def is_cut(report: Report) -> bool:
    """Whether one message has no room for all of it."""
    longest = max(len(report.of(Fate.NEW)), len(report.of(Fate.FAILED)))
    several = any(len(item.troubles) > 1 for item in report.items)
    return longest > _ITEMS or len(report.remarks) > _REMARKS or several


def whole(language: Language, report: Report) -> str:
    """All of a report as a plain text."""
    text = []
    for item in report.items:
        key = {Fate.NEW: "exchange.made", Fate.EXISTS: "exchange.exists", Fate.FAILED: "exchange.failed"}[item.fate]
        sign = plain(language, key, count="").split()[0]
        text.append(f"{sign} {item.spot.line}: {item.source} → {item.target}")
        text += [f"    {_plain_trouble(language, trouble)}" for trouble in item.troubles]
    text += [f"⚠️ {_plain_trouble(language, remark)}" for remark in report.remarks]
    return "\n".join(text) + "\n"


def _groups(language: Language, report: Report) -> Iterable[Html | None]:
    new, failed = report.of(Fate.NEW), report.of(Fate.FAILED)
    count = len(report.of(Fate.EXISTS))
    if new:
        key = "exchange.new" if report.dry_run else "exchange.made"
        yield _listed(language, t(language, key, count=number(len(new))), [_item(language, item) for item in new])
    if any(item.paused for item in new):
        yield t(language, "exchange.paused_note")
    yield t(language, "exchange.exists", count=number(count)) if count else None
    if failed:
        head = t(language, "exchange.failed", count=number(len(failed)))
        yield _listed(language, head, [_item(language, item) for item in failed])
    if report.remarks:
        shown = [_trouble(language, remark) for remark in report.remarks]
        yield _listed(language, t(language, "exchange.remarks"), shown, _REMARKS)


def _listed(language: Language, head: Html, items: Sequence[Html], most: int = _ITEMS) -> Html:
    more = len(items) - most
    rest = t(language, "exchange.more", count=number(more)) if more > 0 else None
    return lines(head, *(f"• {item}" for item in items[:most]), rest)


def _item(language: Language, item: Item) -> Html:
    text = t(language, "exchange.item", source=short(item.source, 36), target=short(item.target, 36))
    text = t(language, "exchange.paused", item=text) if item.paused and item.fate is Fate.NEW else text
    return lines(text, f"   {_trouble(language, item.troubles[0])}") if item.troubles else text


def _trouble(language: Language, trouble: Trouble) -> Html:
    return t(
        language,
        "exchange.trouble",
        line=trouble.spot.line,
        field=short(trouble.spot.field, 44),
        what=_what(language, trouble),
    )


def _plain_trouble(language: Language, trouble: Trouble) -> str:
    text = plain(
        language, "exchange.trouble", line=trouble.spot.line, field=trouble.spot.field, what=_what(language, trouble)
    )
    return text.replace("<code>", "").replace("</code>", "")


def _what(language: Language, trouble: Trouble) -> str:
    key = f"exchange.trouble.{trouble.code}"
    return plain(language, key if has(key) else "exchange.trouble.other", detail=short(trouble.detail, 44))


def _settings(language: Language, report: Report) -> str:
    names = (plain(language, f"exchange.setting.{name}") for name in report.preferences)
    return plain(language, "list.join").join(names)


def _paragraphs(parts: Iterable[Html | None]) -> Html:
    return Html("\n\n".join(part for part in parts if part))


def _leave(language: Language, ticket: str) -> Rows:
    return ((button(language, "cancel", Press(AREA, "cancel", ticket)),),)
