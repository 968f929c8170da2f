"""The tasks of a pair: the list, one of them, those that ended, and the questions about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, lines, t
from bybot.bot.texts.errors import error_text
from bybot.bot.texts.formats import bar, date, duration, number, skipped
from bybot.bot.views.base import PAGE_SIZE, Rows, View, button, grid, labelled, page_buttons, page_of
from bybot.bot.views.pairs import CHANGED, SKIPPED, due_text, names, percent_of, state_text, wait_text
from bybot.bot.views.wizard import posts_of
from bybot.mirror.model import ChannelPair, PairStatus
from bybot.mirror.taskbook import TaskRecord

AREA: Final = "tk"


def task_list(language: Language, pair: ChannelPair, tasks: Sequence[PairStatus], page: int = 0) -> View:
    """The tasks of a pair, one button each."""
    shown, page = page_of(tasks, page)
    first = page * PAGE_SIZE + 1
    entries = [
        t(language, "tasks.line", number=at, what=posts_of(language, task.pair.mode), state=_brief(language, task))
        for at, task in enumerate(shown, first)
    ]
    title = t(language, "tasks.title", **names(pair, 30))
    text = Html("\n\n".join((title, *(entries or (t(language, "tasks.none"),)))))
    rows = (
        *grid((labelled(str(first + at), _press("view", task.pair)) for at, task in enumerate(shown)), 4),
        *page_buttons(len(tasks), page, Press(AREA, "page", pair.id)),
        (button(language, "task_add", _press("add", pair)), button(language, "task_history", _press("history", pair))),
        (
            button(language, "back", Press("pr", "view", argument=pair.id)),
            button(language, "refresh", _press("list", pair)),
        ),
    )
    return View(text, rows)


def _brief(language: Language, task: PairStatus) -> Html:
    state, percent = state_text(language, task.state), percent_of(task.progress)
    left = task.progress.seconds_left
    if task.pair.ended is not None or percent is None:
        return Html(f"{state} · {number(task.counts.copied)}")
    text = Html(f"{state} · {percent} %")
    return Html(f"{text} · {t(language, 'progress.left', time=duration(language, left))}") if left else text


def task(language: Language, status: PairStatus, now: datetime) -> View:
    """One task with all its facts."""
    percent, left, counts = percent_of(status.progress), status.progress.seconds_left, status.counts.to_value()
    left_out = {kind: counts[kind] for kind in SKIPPED if counts[kind]}
    changed = {kind: counts[kind] for kind in CHANGED if counts[kind]}
    percent = percent if status.pair.ended is None else None
    facts = lines(
        t(language, "task.what", what=posts_of(language, status.pair.mode)),
        t(language, "pair.state", state=state_text(language, status.state)),
        t(language, "progress.bar", bar=bar(percent / 100), percent=percent) if percent is not None else None,
        t(language, "progress.left", time=duration(language, left)) if left and not status.not_before else None,
        t(language, "pair.copied", copied=number(status.counts.copied)),
        t(language, "pair.skipped", skipped=skipped(language, left_out)) if left_out else None,
        t(language, "pair.changed", changed=skipped(language, changed)) if changed else None,
        wait_text(language, status.not_before, now),
        due_text(language, status.progress.due, now),
        error_text(language, status.reason, now) if status.reason else None,
    )
    title = t(language, "task.title", **names(status.pair, 30))
    return View(Html(f"{title}\n\n{facts}"), _buttons(language, status))


def _buttons(language: Language, status: PairStatus) -> Rows:
    pair = status.pair
    toggle = "pause" if pair.enabled else "resume"
    first = [] if pair.ended == "finished" else [button(language, toggle, _press(toggle, pair))]
    if pair.ended is None:
        first.append(button(language, "task_cancel", _press("cancel", pair)))
    else:
        first.append(button(language, "task_forget", _press("forget", pair)))
    undo = (button(language, "task_undo", _press("undo", pair)),) if status.counts.copied else ()
    last = (
        button(language, "back", Press(AREA, "list", argument=pair.family)),
        button(language, "refresh", _press("view", pair)),
    )
    return tuple(row for row in (tuple(first), undo, last) if row)


def history(language: Language, pair: ChannelPair, records: Sequence[TaskRecord], page: int = 0) -> View:
    """The tasks of a pair that came to an end, the last one first."""
    shown, page = page_of(records, page)
    entries = [
        t(
            language,
            "tasks.record",
            state=state_text(language, record.how),
            what=posts_of(language, record.mode),
            started=date(language, record.started),
            ended=date(language, record.ended),
            copied=number(record.counts.copied),
            left_out=number(record.counts.left_out + record.counts.filtered),
        )
        for record in shown
    ]
    title = t(language, "tasks.history", **names(pair, 30))
    text = Html("\n\n".join((title, *(entries or (t(language, "tasks.no_history"),)))))
    back = button(language, "back", _press("list", pair))
    return View(text, (*page_buttons(len(records), page, Press(AREA, "records", pair.id)), (back,)))


def ask(language: Language, status: PairStatus, what: str) -> View:
    """The question before a task is cancelled, undone or forgotten (``what``)."""
    facts = {"what": posts_of(language, status.pair.mode), "count": number(status.counts.copied)}
    return View(
        t(language, f"task.ask_{what}", **facts, **names(status.pair, 30)),
        (
            (button(language, f"task_{what}_yes", _press(f"{what}_yes", status.pair)),),
            (button(language, "back", _press("view", status.pair)),),
        ),
    )


def added(language: Language, task: ChannelPair) -> View:
    """A task was added and runs."""
    text = t(language, "task.added", what=posts_of(language, task.mode), **names(task, 40))
    return View(text, ((button(language, "tasks", Press(AREA, "list", argument=task.family)),),))


def ended(language: Language, key: str, pair_id: str) -> View:
    """Why no task was added, and the way back to those that are there."""
    return View(t(language, key), ((button(language, "tasks", Press(AREA, "list", argument=pair_id)),),))


def _press(action: str, pair: ChannelPair) -> Press:
    return Press(AREA, action, argument=pair.id)
