"""Sessions for scripts: facts and handles, never an auth key.

    from bybot import force_refresh, get_session, get_session_info

    session = await get_session(123)
    if not session.works:
        print((await force_refresh(123))["message"])

Whatever is asked goes to the process that holds the sessions. Without one, facts come from the store, and a refresh is
done by this process alone, which gives everything back afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bybot.commands.reach import reach
from bybot.config import Settings, get_config
from bybot.errors import BybotError, NoSession
from bybot.web.operations import Facts, Operator, none_of

UserId = int | str


@dataclass(frozen=True)
class SessionHandle:
    """What a script may know of a session, as it was when it was asked for.

    Attributes:
        user_id: whose it is.
        status: see :meth:`UserSessionManager.get_session_info`.
        account_id: the Telegram account; None: not known.
        connected: a client is live in the process that holds it.
        owner: the process that holds it; None: nobody.
        facts: everything that ``get_session_info`` gave.
    """

    user_id: str
    status: str
    account_id: int | None
    connected: bool
    owner: str | None
    last_used_at: datetime | None
    facts: Facts = field(repr=False)
    settings: Settings = field(repr=False)

    @property
    def works(self) -> bool:
        """True unless something is known to be wrong with it."""
        return self.status == "active"

    async def info(self) -> Facts:
        """The facts of now. Raises what :func:`get_session_info` raises."""
        return await get_session_info(self.user_id, settings=self.settings)

    async def refresh(self) -> Facts:
        """Have it checked now. Raises what :func:`force_refresh` raises."""
        return await force_refresh(self.user_id, settings=self.settings)


async def get_session(user_id: UserId | None = None, *, settings: Settings | None = None) -> SessionHandle:
    """A handle on a stored session. Nothing connects, and nobody logs in.

    Args:
        user_id: whose; None: of the only session there is.
        settings: None: the environment and the env file.

    Raises:
        NoSession: there is none.
        StoreUnavailable: the store does not answer.
    """
    settings = settings or get_config()
    facts = await get_session_info(user_id, settings=settings)
    if facts["status"] == "no_session":
        raise none_of(facts["user_id"])
    used = facts.get("last_used_at")
    return SessionHandle(
        user_id=facts["user_id"],
        status=facts["status"],
        account_id=facts.get("account_id"),
        connected=bool(facts.get("connected")),
        owner=facts.get("owner"),
        last_used_at=datetime.fromisoformat(used) if used else None,
        facts=facts,
        settings=settings,
    )


async def get_session_info(user_id: UserId | None = None, *, settings: Settings | None = None) -> Facts:
    """What is known of a session, in values that JSON knows; ``status`` first of all.

    Args:
        user_id: whose; None: of the only session there is.
        settings: None: the environment and the env file.

    Raises:
        NoSession: no user was named, and there is no session.
        BybotError: no user was named, and there are several.
        StoreUnavailable: the store does not answer.
    """
    async with reach(settings or get_config(), acts=False) as operator:
        return await operator.call("info", user=await _named(operator, user_id))


async def force_refresh(
    user_id: UserId | None = None, *, settings: Settings | None = None, wait: float | None = None
) -> Facts:
    """Have a session checked with Telegram now, by the one process that may.

    Args:
        user_id: whose; None: of the only session there is.
        settings: None: the environment and the env file.
        wait: seconds to wait for a holder that does not answer; None: until its lease has lapsed.

    Returns:
        the facts of :func:`get_session_info` after the check.

    Raises:
        NoSession: there is none.
        OwnerUnreachable, StoreUnavailable, TelegramUnreachable: nobody could be asked.
    """
    async with reach(settings or get_config(), wait=wait) as operator:
        return await operator.call("refresh", user=await _named(operator, user_id))


async def _named(operator: Operator, user_id: UserId | None) -> str:
    if user_id is not None:
        return str(user_id)
    users: list[Any] = [each["user_id"] for each in (await operator.call("list"))["sessions"]]
    if not users:
        raise NoSession("There is no stored session.")
    if len(users) > 1:
        raise BybotError(f"There are {len(users)} stored sessions.", next_step="Name the user whose session is meant.")
    return str(users[0])
