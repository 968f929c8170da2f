"""What people and administrators are told about sessions: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bybot.bot.callbacks import Press
from bybot.bot.texts import Html, Language, has, lines, plain, t
from bybot.bot.texts.errors import reason_text
from bybot.bot.texts.formats import from_now, number, until
from bybot.bot.views.base import Rows, View, button, heading
from bybot.bot.views.login import start_login, to_accounts
from bybot.sessions.failures import EXPLAINED
from bybot.sessions.news import NewsKind, SessionNews

#: The area of the buttons below these messages.
AREA: Final = "sn"
_OWNERS: Final = frozenset({NewsKind.OVER, NewsKind.FROZEN, NewsKind.THAWED, NewsKind.UNUSED, NewsKind.CLEANED})
_ADMINS: Final = frozenset(
    {NewsKind.OVER, NewsKind.FROZEN, NewsKind.THAWED, NewsKind.REFUSED, NewsKind.UNREADABLE}
    | {NewsKind.JOB_FAILED, NewsKind.JOB_WORKS, NewsKind.WRITES_NEAR, NewsKind.WRITES_USED_UP}
)
_APPEAL: Final = "@SpamBot"


def _own_doing(news: SessionNews) -> bool:
    """The owner logged out, or the end is nothing that Telegram decided: it is told where it was done."""
    reason = news.facts.get("reason")
    return news.kind is NewsKind.OVER and (reason not in EXPLAINED or reason == "logged_out")


def concerns_owner(news: SessionNews) -> bool:
    """Is the session's owner told?"""
    return news.kind in _OWNERS and not _own_doing(news)


def concerns_admins(news: SessionNews) -> bool:
    """Are the administrators told?"""
    return news.kind in _ADMINS and not news.again and not _own_doing(news)


def session_news(language: Language, news: SessionNews, now: datetime, *, account: str | None = None) -> View:
    """For the owner. ``account``: its name, when the person has several."""
    match news.kind:
        case NewsKind.OVER:
            return _over(language, str(news.facts.get("reason")), account)
        case NewsKind.FROZEN:
            text = lines(
                t(language, "news.frozen", appeal=str(news.facts.get("appeal") or _APPEAL)),
                _limit(language, news, now, "news.frozen_until"),
            )
            rows: Rows = ((button(language, "pairs", Press("pr", "list")),),)
        case NewsKind.THAWED:
            text, rows = t(language, "news.thawed"), ((button(language, "pairs", Press("pr", "list")),),)
        case NewsKind.UNUSED:
            text = _limit(language, news, now, "news.unused") or Html()
            rows = ((button(language, "keep_session", Press(AREA, "keep", argument=news.user_id or "")),),)
        case _:
            text = t(language, "news.cleaned", days=number(int(news.facts.get("days") or 0)))
            rows = to_accounts(language) if account else start_login(language)
    return View(heading(language, account, text), rows)


def _over(language: Language, reason: str, account: str | None) -> View:
    key = "notice.session_lost_one" if account else "notice.session_lost"
    advice = f"advice.{reason}"
    text = lines(t(language, key, reason=reason_text(language, reason)), t(language, advice) if has(advice) else None)
    return View(heading(language, account, text), to_accounts(language) if account else start_login(language))


def _limit(language: Language, news: SessionNews, now: datetime, key: str) -> Html | None:
    moment = news.facts.get("until")
    if not isinstance(moment, datetime):
        return None
    return t(language, key, until=until(language, moment, now), left=from_now(language, moment, now))


def kept(language: Language) -> View:
    """The answer to the button that keeps a session."""
    return View(t(language, "news.kept"))


def for_admins(language: Language, entries: Sequence[SessionNews], more: int) -> View:
    """For the administrators: one message for many sessions."""
    rows = [_entry(language, news) for news in entries]
    if more:
        rows.append(t(language, "admin.more", count=number(more)))
    return View(Html(f"{t(language, 'admin.title')}\n\n{lines(*rows)}"))


def _entry(language: Language, news: SessionNews) -> Html:
    job, error = str(news.facts.get("job")), str(news.facts.get("error"))
    key = f"job.{job}"
    return t(
        language,
        f"admin.{news.kind}",
        user=news.user_id or "",
        reason=reason_text(language, str(news.facts.get("reason"))),
        job=plain(language, key) if has(key) else job,
        error=error,
        used=number(int(news.facts.get("used") or 0)),
        most=number(int(news.facts.get("most") or 0)),
    )
