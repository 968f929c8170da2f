"""The operator's operations on stored sessions."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from telethon import TelegramClient
from telethon.tl import types

from bybot.errors import NoSession, SessionDetached, SessionRevoked, TelegramUnreachable
from bybot.sessions.clients import check
from bybot.sessions.failures import TRANSIENT, definitive, explain
from bybot.web.operation import Facts, Hands, Operation, none_of

_ASK_SECONDS: Final = 20.0


async def list_sessions(hands: Hands) -> Facts:
    """All stored sessions."""
    sessions = await hands.acting.list_sessions()
    return {"sessions": sessions, "total": len(sessions)}


async def session_info(hands: Hands, user: str) -> Facts:
    """What is known of one session."""
    return await hands.acting.get_session_info(user)


async def test_session(hands: Hands, user: str) -> Facts:
    """Ask Telegram, through the session's own client, who is logged in. A login that is over is an answer too.

    Raises:
        NoSession, TelegramUnreachable, OwnedElsewhere, StoreUnavailable, VaultError: nothing is known of the login.
    """
    try:
        async with hands.acting.use(user) as client:
            me = await _ask(client)
    except NoSession as error:
        raise none_of(user) from error
    except SessionRevoked as error:
        ended = {"works": False, "status": "revoked", "reason": error.reason, "since": error.since}
        return {"user_id": user, **ended, "message": error.message, "next_step": error.next_step}
    except SessionDetached as error:
        step = f"Once no other program uses this login: `python -m bybot sessions attach {user}`."
        asleep = {"works": False, "status": "detached", "reason": error.reason, "since": error.since}
        return {"user_id": user, **asleep, "message": error.message, "next_step": step}
    name = " ".join(part for part in (me.first_name, me.last_name) if part)
    facts = {"account_id": me.id, "name": name, "username": me.username}
    return {"user_id": user, "works": True, "status": "active", **facts, "message": "The session works."}


async def _ask(client: TelegramClient) -> types.User:
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await check(client)
    except TRANSIENT as error:
        reason = definitive(error)
        if reason is not None:
            raise SessionRevoked(explain(reason), reason=reason) from error
        raise TelegramUnreachable(f"Telegram did not answer ({type(error).__name__}).") from error


async def refresh_session(hands: Hands, user: str) -> Facts:
    """Have the login checked with Telegram now, and tell what is known then.

    Raises:
        NoSession: there is none.
        OwnedElsewhere, StoreUnavailable: this process may not act.
    """
    facts = await hands.acting.force_refresh(user)
    if facts["status"] == "no_session":
        raise none_of(user)
    return facts


async def clear_session(hands: Hands, user: str) -> Any:
    """Log out at Telegram and remove every copy."""
    return await hands.acting.delete_user_session(user, reason="cleared")


async def cleanup(hands: Hands, days: float = 30, dry_run: bool = False) -> Any:
    """Delete sessions that nobody used for that many days. Raises ValueError for 0, which would be all of them."""
    if days <= 0:
        raise ValueError("days: it is above 0.")
    return await hands.acting.cleanup_inactive_sessions(days, dry_run)


SESSIONS: Final = (
    Operation("list", "GET", "/sessions", list_sessions, acts=False),
    Operation("info", "GET", "/sessions/{user}", session_info, acts=False),
    Operation("test", "POST", "/sessions/{user}/test", test_session),
    Operation("refresh", "POST", "/sessions/{user}/refresh", refresh_session),
    Operation("clear", "DELETE", "/sessions/{user}", clear_session),
    Operation("cleanup", "POST", "/cleanup", cleanup, seconds=900),
)
