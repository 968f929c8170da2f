"""The list of pairs, one pair, and the questions about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, t
from bybot.bot.texts.errors import error_text
from bybot.bot.texts.formats import bar, from_now, number, short, skipped, until
from bybot.bot.views.base import PAGE_SIZE, Rows, View, button, grid, labelled, page_buttons, page_of
from bybot.mirror.model import ChannelPair, PairStatus, Progress

AREA: Final = "pr"
#: Kinds of messages that were not copied, as they stand in the counts.
SKIPPED: Final = ("protected", "filtered", "service", "refused", "gone", "orphaned")
CHANGED: Final = ("edited", "deleted", "not_edited", "refilled", "undone", "reply_lost", "buttons_lost")


def state_text(language: Language, state: str) -> Html:
    """A pair's state in words; an unknown one is shown as it is."""
    key = f"state.{state}"
    return t(language, key) if has(key) else Html(state)


def names(pair: ChannelPair, width: int = 40) -> dict[str, Any]:
    """The titles of both ends, cut to that width."""
    return {"source": short(pair.source.title, width), "target": short(pair.target.title, width)}


def pair_list(
    language: Language, statuses: Sequence[PairStatus], page: int = 0, accounts: Mapping[str, str] | None = None
) -> View:
    """All pairs of a person, one button each.

    Args:
        accounts: what the accounts are called, by key; told when the pairs belong to several.
    """
    several = len({status.pair.user for status in statuses}) > 1
    add = button(language, "add_pair", Press("pw", "new"))
    if not statuses:
        return View(t(language, "pairs.none"), ((add,),))
    shown, page = page_of(statuses, page)
    first = page * PAGE_SIZE + 1
    entries = [
        lines(
            t(language, "pairs.line", number=first + i, state=_brief(language, status), **names(status.pair, 22)),
            _whose(language, status, accounts) if several else None,
        )
        for i, status in enumerate(shown)
    ]
    numbers = [labelled(str(first + i), Press(AREA, "view", argument=s.pair.id)) for i, s in enumerate(shown)]
    title = t(language, "pairs.title", count=len(statuses))
    text = Html("\n\n".join((title, *entries, t(language, "pairs.choose"))))
    rows = (
        *grid(numbers, 4),
        *page_buttons(len(statuses), page, Press(AREA, "list")),
        (add, button(language, "refresh", Press(AREA, "list", argument=str(page)))),
    )
    return View(text, rows)


def _brief(language: Language, status: PairStatus) -> Html:
    state = state_text(language, status.state)
    percent = percent_of(status.progress)
    if percent is not None:
        return Html(f"{state} · {percent} %")
    return Html(f"{state} · {number(status.counts.copied)}") if status.counts.copied else state


def _whose(language: Language, status: PairStatus, accounts: Mapping[str, str] | None) -> Html:
    name = (accounts or {}).get(status.pair.user) or status.pair.user.rpartition("~")[2]
    return t(language, "pairs.account", account=short(name, 40))


def percent_of(progress: Progress) -> int | None:
    """How much of the history is done, in whole percent; None when no history is being copied."""
    if progress.phase != "history" or not progress.total:
        return None
    return min(99, 100 * progress.done // progress.total)


def pair(
    language: Language,
    status: PairStatus,
    now: datetime,
    accounts: Mapping[str, str] | None = None,
    comments: PairStatus | None = None,
    tasks: int = 0,
) -> View:
    """One pair with all its facts.

    Args:
        accounts: what the accounts are called, by key; told when there are several.
        comments: how its comments are; None: nobody asked for them.
        tasks: how many of its tasks are open.
    """
    percent = percent_of(status.progress)
    counts = {kind: count for kind, count in asdict(status.counts).items() if kind in SKIPPED and count}
    changed = {kind: count for kind, count in asdict(status.counts).items() if kind in CHANGED and count}
    facts = lines(
        _whose(language, status, accounts).strip() if len(accounts or {}) > 1 else None,
        t(language, "pair.state", state=state_text(language, status.state)),
        t(language, "progress.bar", bar=bar(percent / 100), percent=percent) if percent is not None else None,
        t(language, "pair.copied", copied=number(status.counts.copied)),
        t(language, "pair.skipped", skipped=skipped(language, counts)) if counts else None,
        t(language, "pair.changed", changed=skipped(language, changed)) if changed else None,
        wait_text(language, status.not_before, now),
        due_text(language, status.progress.due, now),
        t(language, "pair.tasks", count=tasks) if tasks else None,
        _comments(language, comments, now),
        error_text(language, status.reason, now) if status.reason else None,
    )
    pause = status.pair.enabled and status.state != "broken" and status.state != "limited"
    toggle = "pause" if pause else "resume"
    rows = (
        (
            button(language, toggle, Press(AREA, toggle, argument=status.pair.id)),
            button(language, "remove", Press(AREA, "remove", argument=status.pair.id)),
        ),
        (
            button(language, "rules", Press("ru", "view", argument=status.pair.id)),
            button(language, "audit_check", Press("au", "check", argument=status.pair.id)),
        ),
        (
            button(language, "tasks", Press("tk", "list", argument=status.pair.id)),
            button(language, "numbers", Press("nu", "view", argument=status.pair.id)),
        ),
        *_comments_row(language, status.pair, comments),
        (button(language, "undo", Press("au", "undo", argument=status.pair.id)),),
        (
            button(language, "back", Press(AREA, "list")),
            button(language, "refresh", Press(AREA, "view", argument=status.pair.id)),
        ),
    )
    return View(Html(f"{t(language, 'pair.title', **names(status.pair))}\n\n{facts}"), rows)


def _follow(comments: PairStatus | None) -> bool:
    return comments is not None and (comments.pair.enabled or comments.pair.along)


def _comments(language: Language, comments: PairStatus | None, now: datetime) -> Html | None:
    if comments is None or not (_follow(comments) or comments.counts.copied or comments.reason):
        return None
    state, copied = state_text(language, comments.state), number(comments.counts.copied)
    text = t(language, "pair.comments", state=state, copied=copied)
    return lines(text, error_text(language, comments.reason, now) if comments.reason else None)


def _comments_row(language: Language, pair: ChannelPair, comments: PairStatus | None) -> Rows:
    """Only posts of channels have comments."""
    if (pair.source.kind, pair.target.kind) != ("channel", "channel"):
        return ()
    action = "comments_off" if _follow(comments) else "comments_on"
    return ((button(language, action, Press(AREA, action, argument=pair.id)),),)


def wait_text(language: Language, moment: datetime | None, now: datetime) -> Html | None:
    """Until when Telegram asks to wait; None when it does not."""
    if moment is None or moment <= now:
        return None
    return t(language, "pair.not_before", until=until(language, moment, now), left=from_now(language, moment, now))


def due_text(language: Language, moment: datetime | None, now: datetime) -> Html | None:
    """When the schedule lets the next post go; None when none is held back."""
    if moment is None or moment <= now:
        return None
    return t(language, "pair.due", until=until(language, moment, now), left=from_now(language, moment, now))


def remove(language: Language, status: PairStatus) -> View:
    """The question before a pair is removed."""
    return View(
        t(language, "pair.remove_ask", **names(status.pair)),
        (
            (button(language, "remove_yes", Press(AREA, "removed", argument=status.pair.id)),),
            (button(language, "back", Press(AREA, "view", argument=status.pair.id)),),
        ),
    )
