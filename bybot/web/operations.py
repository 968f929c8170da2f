"""What an operator may ask for: one table, which the HTTP API serves, its client calls, and the command line runs
by itself when no owner runs.

Every operation takes plain arguments and gives plain values that JSON knows, never a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from telethon import TelegramClient
from telethon.tl import types

from bybot.errors import NoSession, SessionRevoked, TelegramUnreachable
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.acting import ActingManager
from bybot.sessions.clients import check
from bybot.sessions.failures import TRANSIENT, definitive, explain
from bybot.web.plain import plain

#: Below which all of it is served.
PREFIX: Final = "/api/v1"
Facts = dict[str, Any]
_ASK_SECONDS: Final = 20.0


class Operator(Protocol):
    """Carries out operations: in this process, or by asking the process that holds the sessions."""

    async def call(self, name: str, **arguments: Any) -> Facts:
        """Do one operation of :data:`OPERATIONS`.

        Raises:
            BybotError: what the operation raises, here or there.
        """


@dataclass(frozen=True)
class Operation:
    """One line of the table.

    Attributes:
        name: what :meth:`Operator.call` calls it.
        method, path: where the HTTP API serves it; ``{user}`` is a user id.
        run: does it with the operator's rights.
        acts: it needs the right to act; others only read the store.
        seconds: how long an asker waits for the answer.
    """

    name: str
    method: str
    path: str
    run: Callable[..., Awaitable[Any]]
    acts: bool = True
    seconds: float = 60.0


class Here:
    """Runs operations in this process.

    Args:
        acting: with the operator's rights.
    """

    def __init__(self, acting: ActingManager) -> None:
        self._acting = acting

    async def call(self, name: str, **arguments: Any) -> Facts:
        return plain(await BY_NAME[name].run(self._acting, **arguments))


def path_of(operation: Operation, arguments: Mapping[str, Any]) -> tuple[str, Facts]:
    """The path with its names filled in, and the arguments that are left."""
    left = dict(arguments)
    path = operation.path
    if "{user}" in path:
        # Encoded once for us and once for HTTP: no id is taken for a path.
        path = path.replace("{user}", user_key(left.pop("user")).replace("%", "%25"))
    return path, left


def user_of(part: str) -> str:
    """The user id in a path, as the service reads it."""
    return user_id_from_key(part)


# Sessions -----------------------------------------------------------------------------------------------------------


async def list_sessions(acting: ActingManager) -> Facts:
    """All stored sessions."""
    sessions = await acting.list_sessions()
    return {"sessions": sessions, "total": len(sessions)}


async def session_info(acting: ActingManager, user: str) -> Facts:
    """What is known of one session."""
    return await acting.get_session_info(user)


async def test_session(acting: ActingManager, user: str) -> Facts:
    """Ask Telegram, through the session's own client, who is logged in. That a login is over is an answer too.

    Raises:
        NoSession, TelegramUnreachable, OwnedElsewhere, StoreUnavailable, VaultError: nothing is known of the login.
    """
    try:
        async with acting.use(user) as client:
            me = await _ask(client)
    except NoSession as error:
        raise none_of(user) from error
    except SessionRevoked as error:
        ended = {"works": False, "status": "revoked", "reason": error.reason, "since": error.since}
        return {"user_id": user, **ended, "message": error.message, "next_step": error.next_step}
    name = " ".join(part for part in (me.first_name, me.last_name) if part)
    facts = {"account_id": me.id, "name": name, "username": me.username}
    return {"user_id": user, "works": True, "status": "active", **facts, "message": "The session works."}


def none_of(user: str) -> NoSession:
    return NoSession(f"There is no stored session of {user}.", next_step="`bybot sessions list` shows all.")


async def _ask(client: TelegramClient) -> types.User:
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await check(client)
    except TRANSIENT as error:
        reason = definitive(error)
        if reason is not None:
            raise SessionRevoked(explain(reason), reason=reason) from error
        raise TelegramUnreachable(f"Telegram did not answer ({type(error).__name__}).") from error


async def refresh_session(acting: ActingManager, user: str) -> Facts:
    """Have the login checked with Telegram now, and tell what is known then.

    Raises:
        NoSession: there is none.
        OwnedElsewhere, StoreUnavailable: this process may not act.
    """
    facts = await acting.force_refresh(user)
    if facts["status"] == "no_session":
        raise none_of(user)
    return facts


async def clear_session(acting: ActingManager, user: str) -> Any:
    """Log out at Telegram and remove every copy."""
    return await acting.delete_user_session(user, reason="cleared")


async def cleanup(acting: ActingManager, days: float = 30, dry_run: bool = False) -> Any:
    """Delete sessions that nobody used for that many days."""
    return await acting.cleanup_inactive_sessions(days, dry_run)


OPERATIONS: Final = (
    Operation("list", "GET", "/sessions", list_sessions, acts=False),
    Operation("info", "GET", "/sessions/{user}", session_info, acts=False),
    Operation("test", "POST", "/sessions/{user}/test", test_session),
    Operation("refresh", "POST", "/sessions/{user}/refresh", refresh_session),
    Operation("clear", "DELETE", "/sessions/{user}", clear_session),
    Operation("cleanup", "POST", "/cleanup", cleanup, seconds=900),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
