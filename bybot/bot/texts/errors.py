"""Errors in the person's language: by code, with their facts."""

from __future__ import annotations

from datetime import datetime

from bybot.bot.texts import Html, Language, has, plain, t
from bybot.bot.texts.formats import duration
from bybot.errors import (
    BybotError,
    LoginFlood,
    NoDiscussion,
    SessionRevoked,
    TooManyAccounts,
    TooManyTasks,
    UnreadablePairs,
    VaultError,
)
from bybot.mirror.exchange.model import MOST_BYTES, MOST_PAIRS

#: Codes that share one sentence.
_SAME = {"fenced": "telegram_unreachable"}


def error_text(language: Language, error: BaseException, now: datetime | None = None) -> Html:
    """What a person reads about an error. Nothing of an unexpected error's own text is shown."""
    if not isinstance(error, BybotError):
        return t(language, "error.unexpected")
    if isinstance(error, LoginFlood):
        return t(language, "error.login_flood", time=duration(language, error.seconds))
    if isinstance(error, SessionRevoked):
        return t(language, "error.session_revoked", reason=reason_text(language, error.reason))
    if isinstance(error, TooManyAccounts):
        return t(language, "error.too_many_accounts", most=error.most)
    if isinstance(error, NoDiscussion) and error.side == "target":
        return t(language, "error.no_discussion_target")
    if isinstance(error, TooManyTasks):
        return t(language, "error.too_many_tasks", most=error.most)
    if isinstance(error, VaultError):
        return t(language, "error.vault")
    if isinstance(error, UnreadablePairs):
        return t(language, "error.unreadable_pairs", what=file_text(language, error.why, error.line))
    key = f"error.{_SAME.get(error.code, error.code)}"
    return t(language, key) if has(key) and key != "error.error" else t(language, "error.unexpected")


def reason_text(language: Language, reason: str) -> str:
    """Why Telegram ended a login, in words."""
    key = f"reason.{reason}"
    return plain(language, key if has(key) else "reason.other")


def file_text(language: Language, why: str, line: int | None) -> str:
    """What is wrong with a file of pairs, in words."""
    key = f"exchange.why.{why}"
    facts = {"most": MOST_BYTES // 1000, "pairs": MOST_PAIRS}
    what = plain(language, key if has(key) else "exchange.why.unknown", **facts)
    return what if line is None else plain(language, "exchange.why.line", line=line, what=what)
