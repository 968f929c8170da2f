"""What a manager tells: one session, all of them, numbers, health; who is called when a session comes or goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bybot.errors import SessionRevoked
from bybot.ids import person_of, user_id_from_key, user_key
from bybot.sessions.core import Core, Observer
from bybot.sessions.failures import definitive
from bybot.sessions.pool import Pool
from bybot.sessions.reports import Reports

UserId = int | str


class ReportCalls:
    """A part of :class:`bybot.sessions.manager.UserSessionManager`."""

    _core: Core
    _pool: Pool
    _reports: Reports

    @property
    def state(self) -> str:
        raise AssertionError("the manager has it")

    # Reports ------------------------------------------------------------------------------------------------------

    async def list_sessions(self) -> list[dict[str, Any]]:
        """All stored sessions in the order of their keys, without secrets. Raises StoreUnavailable."""
        return await self._reports.list_sessions()

    async def list_accounts(self, user_id: UserId) -> list[dict[str, Any]]:
        """The accounts of one person, the first one first, as :meth:`list_sessions` tells them.

        ``user_id`` of an entry is what every other call takes to mean this account. Raises StoreUnavailable.
        """
        return await self._reports.accounts(person_of(user_key(user_id)))

    async def get_session_info(self, user_id: UserId) -> dict[str, Any]:
        """What is known of one session.

        ``status`` is active, expired, no_session, revoked, leased, error or logging_in; further keys are reason,
        message, owner, since and times. Never raises for a store outage: that is status "error".
        """
        return await self._reports.session_info(user_key(user_id))

    async def get_session_stats(self) -> dict[str, Any]:
        """Numbers that agree with :meth:`list_sessions`. Raises StoreUnavailable."""
        return await self._reports.stats(self.state)

    async def health_check(self) -> dict[str, Any]:
        """``status`` is healthy, degraded or error; with message, bot_id, timestamp, store, lease, clients."""
        return await self._reports.health(self.state)

    # Observers and rights -----------------------------------------------------------------------------------------

    def on_ready(self, callback: Observer) -> Callable[[], None]:
        """``callback(user_id)`` whenever a session is owned and connected here: start, takeover, login, reconnect.

        Returns what ends the calls. The callback may be a coroutine function.
        """
        return self._core.readied.add(callback)

    def on_lost(self, callback: Observer) -> Callable[[], None]:
        """``callback(user_id, reason)`` when a session ended here: why Telegram ended it, "deleted", or "lease"."""
        return self._core.lost.add(callback)

    def ready_users(self) -> list[str]:
        """Ids of the users whose clients are live now."""
        return [user_id_from_key(user) for user, live in self._pool.live.items() if live.usable]

    async def report_error(self, user_id: UserId, error: BaseException) -> bool:
        """A caller saw this error from the client. True when it means that the login is over."""
        reason = definitive(error)
        live = self._pool.live.get(user_key(user_id))
        if reason is not None and live is not None:
            await self._pool.lose(user_key(user_id), live, reason)
        return reason is not None or isinstance(error, SessionRevoked)
