"""What a person is told without having asked: progress and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, plain, t
from bybot.bot.texts.errors import reason_text
from bybot.bot.texts.formats import bar, duration, from_now, number, until
from bybot.bot.views.base import View, button, heading
from bybot.bot.views.login import start_login, to_accounts
from bybot.bot.views.pairs import names, wait_text
from bybot.bot.views.wizard import posts_of
from bybot.mirror.model import ChannelPair, Notice, NoticeKind, Progress

#: These concern an account, not one pair.
_OF_ACCOUNT: Final = frozenset({NoticeKind.SESSION_LOST, NoticeKind.LIMITED, NoticeKind.FLOOD, NoticeKind.DAY_FULL})

_ANSWERS: Final = ("copies_delete", "copies_keep")


def progress(language: Language, pair: ChannelPair, state: Progress, now: datetime) -> View:
    """The one message that is edited while history is copied."""
    task = pair.role == "task"
    what = t(language, "task.what", what=posts_of(language, pair.mode)) if task else None
    title = lines(t(language, "progress.title", **names(pair, 30)), what)
    rows = ((button(language, "pairs", Press("pr", "list")),),)
    if state.phase != "history":
        facts = lines(
            t(language, "progress.task_done" if task else "progress.done", done=number(state.copied)),
            t(language, "progress.skipped", skipped=number(state.left_out)) if state.left_out else None,
        )
        return View(Html(f"{title}\n\n{facts}"), rows)
    left = state.seconds_left
    share = min(1.0, state.done / state.total) if state.total else None
    facts = lines(
        t(language, "progress.bar", bar=bar(share), percent=min(99, int(100 * share))) if share is not None else None,
        t(language, "progress.count", done=number(state.done), total=number(state.total))
        if state.total
        else t(language, "progress.count_open", done=number(state.done)),
        t(language, "progress.left", time=duration(language, left)) if left and not state.not_before else None,
        t(language, "progress.skipped", skipped=number(state.left_out)) if state.left_out else None,
        wait_text(language, state.not_before, now),
    )
    return View(Html(f"{title}\n\n{facts}"), rows)


def notice(language: Language, news: Notice, now: datetime, *, account: str | None = None) -> View:
    """Something that happened, with what to do next. ``account``: which one, when the person has several."""
    facts = dict(news.facts)
    moment = facts.get("until")
    values: dict[str, object] = {**names(news.pair)}
    if isinstance(moment, datetime):
        values |= {"until": until(language, moment, now), "left": from_now(language, moment, now)}
    else:
        seconds = float(facts.get("seconds") or 0)
        values |= {"until": duration(language, seconds), "left": duration(language, seconds)}
    left_out = int(facts.get("skipped") or 0)
    values["count"] = number(int(facts.get("count") or 0))
    for name in ("missing", "doubled"):
        values[name] = number(int(facts.get(name) or 0))
    values["copied"] = number(int(facts.get("copied") or 0))
    values["reason"] = reason_text(language, str(facts.get("reason") or "other"))
    values["what"] = plain(language, f"media.{facts.get('what') or 'other'}")
    key = f"notice.{news.kind}"
    if news.kind == NoticeKind.RIGHT_MISSING and facts.get("right") == "topics":
        key = "notice.right_missing_topics"
    if news.kind == NoticeKind.LEFT_OUT and facts.get("why") == "rules":
        key = "notice.left_out_rules"
    if news.kind == NoticeKind.INCOMPLETE and facts.get("lack") != "reply":
        key = f"notice.incomplete_{facts.get('lack')}"
    if news.kind == NoticeKind.PROTECTED and not facts.get("whole", True):
        key = "notice.protected_some"
    if news.kind == NoticeKind.UNDONE and news.pair.role == "task":
        key = "notice.undone_task"
    if news.kind == NoticeKind.SESSION_LOST and account:
        key = "notice.session_lost_one"
    text = t(language, key, **values) if has(key) else t(language, "notice.other", text=str(news.kind))
    if news.pair.role == "task" and news.kind in {NoticeKind.FINISHED, NoticeKind.UNDONE}:
        text = lines(text, t(language, "task.what", what=posts_of(language, news.pair.mode)))
    if left_out and news.kind in {NoticeKind.HISTORY_DONE, NoticeKind.FINISHED}:
        text = lines(text, t(language, "progress.skipped", skipped=number(left_out)))
    if news.kind in _OF_ACCOUNT:
        text = heading(language, account, text)
    if news.kind == NoticeKind.SESSION_LOST:
        return View(text, to_accounts(language) if account else start_login(language))
    if news.kind == NoticeKind.BULK_DELETION:
        rows = [(button(language, name, Press("pr", name, argument=news.pair.id)),) for name in _ANSWERS]
        return View(text, tuple(rows))
    if news.kind == NoticeKind.GAPS:
        return View(text, ((button(language, "audit_check", Press("au", "check", argument=news.pair.id)),),))
    return View(text, ((button(language, "pairs", Press("pr", "list")),),))
