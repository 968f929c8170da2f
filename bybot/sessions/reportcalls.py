"""What a manager tells: one session, all of them, numbers, health; who is called when a session comes or goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bybot.errors import SessionRevoked
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.core import Core, Observer
from bybot.sessions.failures import definitive, is_frozen
from bybot.sessions.farewells import Farewell
from bybot.sessions.health import Health
from bybot.sessions.measures import Measures, measure
from bybot.sessions.news import NewsKind
from bybot.sessions.pool import Pool
from bybot.sessions.records.service import SessionService
from bybot.sessions.reports import Reports

UserId = int | str


class ReportCalls:
    """A part of :class:`bybot.sessions.manager.UserSessionManager`."""

    _core: Core
    _pool: Pool
    _reports: Reports
    health: Health
    records: SessionService

    @property
    def state(self) -> str:
        raise AssertionError("the manager has it")

    # Reports ------------------------------------------------------------------------------------------------------

    async def list_sessions(self) -> list[dict[str, Any]]:
        """All stored sessions in the order of their keys, without secrets. Raises StoreUnavailable."""
        return await self._reports.list_sessions()

    async def get_session_info(self, user_id: UserId) -> dict[str, Any]:
        """What is known of one session.

        ``status`` is active, expired, no_session, revoked, leased, error, logging_in, detached or frozen; further
        keys are reason, message, owner, since and times; ``checked_at`` is when Telegram last confirmed the login,
        ``seconds_left`` until it is asked again (of a login under way: until it ends), ``refresh_count`` how often it
        was. Never raises for a store outage: that is status "error".
        """
        return await self._reports.session_info(user_key(user_id))

    async def get_session_stats(self) -> dict[str, Any]:
        """Numbers that agree with :meth:`list_sessions`. Raises StoreUnavailable."""
        return await self._reports.stats(self.state)

    async def health_check(self) -> dict[str, Any]:
        """``status`` is healthy, degraded or error; with message, bot_id, timestamp, store, lease, clients."""
        return await self._reports.health(self.state)

    def measure(self) -> Measures:
        """Numbers about sessions in use, without asking the store."""
        return measure(self._core, self.records)

    # Observers and rights -----------------------------------------------------------------------------------------

    def on_ready(self, callback: Observer) -> Callable[[], None]:
        """``callback(user_id)`` whenever a session is owned and connected here: start, takeover, login, reconnect.

        Returns what ends the calls. The callback may be a coroutine function.
        """
        return self._core.readied.add(callback)

    def on_lost(self, callback: Observer) -> Callable[[], None]:
        """``callback(user_id, reason)`` when a session ended here: why Telegram ended it, "deleted", or "lease"."""
        return self._core.lost.add(callback)

    def on_news(self, callback: Observer) -> Callable[[], None]:
        """``callback(news)`` with a :class:`bybot.sessions.news.SessionNews` for what people and administrators should
        know: a login that ended, a frozen account, a session that is logged out soon, work that does not succeed.

        It is called after what happened was stored, and again by the next process (``news.again``) unless
        :meth:`news_told` was called. Returns what ends the calls.
        """
        return self._core.supervision.on_news(callback)

    def tell_writes(self, state: str, used: int, most: int) -> None:
        """Let the operator hear that the store's writes of a day come to their end.

        Args:
            state: "near", "used_up", or "well", which is no news.
            used: documents written today.
            most: how many there may be; 0: nobody knows.
        """
        if state != "well":
            kind = NewsKind.WRITES_NEAR if state == "near" else NewsKind.WRITES_USED_UP
            self._core.supervision.tell(kind, facts={"used": used, "most": most})

    def on_parting(self, callback: Farewell) -> Callable[[], None]:
        """``await callback(user_id)`` before a session goes, to another process or at the end of this one: whoever uses
        it lands meanwhile.

        Callbacks of one session have a few seconds. Returns what ends the calls.
        """
        return self._core.parting.add(callback)

    async def news_told(self, user_id: UserId) -> None:
        """The owner of a session was told the last news of it: no later process tells it again.

        Raises:
            StoreUnavailable, Fenced: not written; it may be told again.
        """
        await self._core.supervision.told(user_key(user_id))

    def ready_users(self) -> list[str]:
        """Ids of the users whose clients are live now."""
        return [user_id_from_key(user) for user, live in self._pool.live.items() if live.usable]

    async def report_error(self, user_id: UserId, error: BaseException) -> bool:
        """A caller saw this error from the client. True when the login is over.

        An error that looks like the end of the login is looked into: Telegram is asked, once for all who report. One
        that says that the account is frozen is noted.
        """
        user = user_key(user_id)
        live = self._pool.live.get(user)
        if is_frozen(error) and live is not None:
            self._core.supervision.saw(user, live, error)
        if definitive(error) is not None and self.health.suspect(user):
            await self.health.check(user)
        return user in self._core.revoked or isinstance(error, SessionRevoked)

    async def force_refresh(self, user_id: UserId) -> dict[str, Any]:
        """Ask Telegram now whether the login is valid, and tell what is known then.

        Any number of callers at one time cause one request.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process may not act.
        """
        await self._ready()
        await self.health.check(user_key(user_id))
        return await self.get_session_info(user_id)

    async def _ready(self) -> None:
        raise AssertionError("the manager has it")
