"""All pairs of this process: adding, pausing, removing, watching; starting when a session is ready, stopping when lost.

Nothing needs to be told to go on after a restart: pairs are read from the store when their session becomes ready here.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from bybot.clock import Clock, SystemClock
from bybot.errors import SessionRevoked
from bybot.ids import user_key
from bybot.mirror.acting import ActingMirror
from bybot.mirror.auditcalls import AuditCalls
from bybot.mirror.chatcalls import ChatCalls
from bybot.mirror.engine import Engine
from bybot.mirror.exchange.calls import ExchangeCalls
from bybot.mirror.joined import JoinedStore
from bybot.mirror.live import POLL_SECONDS
from bybot.mirror.model import (
    ChannelPair,
    Notice,
    NoticeKind,
    Progress,
)
from bybot.mirror.pacing import PACES, PaceName
from bybot.mirror.pairs import PairBook
from bybot.mirror.person import Person
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.settings import Sessions, Settings
from bybot.mirror.taskcalls import TaskCalls
from bybot.sessions.failures import EXPLAINED
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.base import Store

__all__ = ["ActingMirror", "Notices", "Supervisor"]

log = logging.getLogger(__name__)

#: Seconds between two reports of one pair's progress.
PROGRESS_SECONDS = 2.0
#: Seconds after which accounts that lost their connection are tried again.
_RETRY_SECONDS = 20.0
#: Flood waits shorter than this are not worth a message to the user.
_WORTH_TELLING = 30.0
#: Reasons of a lost session that only Telegram gives. All others were asked for, or end by themselves.
_OVER = frozenset(EXPLAINED) - {"logged_out"}


class Notices(Protocol):
    """Whom the supervisor tells. The methods may be coroutines."""

    def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> Any:
        """A pair got on; at most once every PROGRESS_SECONDS for a pair."""

    def notice(self, user_id: int | str, notice: Notice) -> Any:
        """The user should know this."""


class Supervisor(ChatCalls, TaskCalls, AuditCalls, ExchangeCalls):
    """The mirror of this process. ``start`` it before the sessions, ``stop`` it before they are closed.

    Args:
        manager: the session manager.
        store: an opened store.
        clock: where time comes from.
        pace: "safe"; "off" only in the sandbox and the bench.
        notices: told about progress and what users should know; None tells nobody.
        admins: ids of callers that may act for everyone.
        sabotage: see bybot.mirror.sabotage.
        poll_seconds: how often silent sources are looked at.
        idle: pairs are written down and nothing of them runs here.
    """

    def __init__(
        self,
        manager: Sessions,
        store: Store,
        clock: Clock | None = None,
        *,
        pace: PaceName = "safe",
        notices: Notices | None = None,
        admins: Collection[int | str] = (),
        sabotage: Sabotage | None = None,
        poll_seconds: float = POLL_SECONDS,
        idle: bool = False,
    ) -> None:
        self.notices = notices
        self._sessions = manager
        store = self._joined = JoinedStore(store)  # what many pairs write at a time is one commit
        self._store = store
        self._clock = clock or SystemClock()
        self._pace = PACES[pace]
        self._admins = frozenset(user_key(admin) for admin in admins)
        self._book = PairBook(store)
        self._settings = Settings(
            store,
            self._clock,
            self._book,
            manager,
            poll_seconds,
            sabotage or Sabotage(),
            self._tell,
            self._progressed,
            idle,
        )
        self._people: dict[str, Person] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._dirty: dict[str, Engine] = {}
        self._moved = asyncio.Event()
        self._flood_told: dict[str, datetime] = {}
        self._stopping = False
        manager.on_ready(self._on_ready)
        manager.on_parting(self._on_parting)
        manager.on_lost(self._on_lost)
        manager.on_news(self._on_news)

    # Life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin: report progress, and retry what lost its connection. Pairs start as their sessions become ready."""
        self._stopping = False
        self._spawn(self._report_progress())
        self._spawn(self._retry())
        self._spawn(self.sample_for_ever())
        for user in self._sessions.ready_users():
            self._on_ready(user)

    async def stop(self) -> None:
        """End every pair; what was sent is remembered."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(person.stop() for person in list(self._people.values())))
        await self._joined.settle()
        self._people.clear()

    def acting_as(self, caller_id: int | str) -> ActingMirror:
        """The same calls with the rights of one caller: own pairs only, unless the caller is an admin."""
        return ActingMirror(self, caller_id, is_admin=user_key(caller_id) in self._admins)

    # Sessions -------------------------------------------------------------------------------------------------

    async def _on_parting(self, user_id: int | str) -> None:
        """Another process goes on with this account: stop at a post, and remember what was sent."""
        person = self._people.get(user_key(user_id))
        if person is not None:
            await person.stop()

    def _on_lost(self, user_id: int | str, reason: Any = None) -> None:
        if not self._stopping:
            self._spawn(self._lose_person(user_id, reason))

    async def _on_news(self, news: SessionNews) -> None:
        if news.kind is NewsKind.FROZEN and news.user_id is not None and not self._stopping:
            person = self._people.get(user_key(news.user_id))
            if person is not None:
                await person.freeze()

    async def in_use(self, user_id: int | str) -> str | None:
        """Why this user's session is in use, although it may not be connected. Raises StoreUnavailable."""
        return await self._book.in_use(user_id)

    async def _lose_person(self, user_id: int | str, reason: Any) -> None:
        person = self._people.get(user_key(user_id))
        if person is None:
            return
        running = [run.pair for run in person.runs.values()]
        over = str(reason) in _OVER
        await person.lost(SessionRevoked("The login has ended.", reason=str(reason)) if over else None)
        if over and running:
            self._tell(Notice(NoticeKind.SESSION_LOST, running[0], {"reason": str(reason)}))

    async def _retry(self) -> None:
        while True:
            await self._clock.sleep(_RETRY_SECONDS)
            for person in [person for person in self._people.values() if person.cut_off]:
                await self._start_person(person.user)
            for person in list(self._people.values()):
                await person.rest()

    # Telling --------------------------------------------------------------------------------------------------

    def _progressed(self, engine: Engine) -> None:
        self._dirty[engine.pair.id] = engine
        self._moved.set()

    async def _report_progress(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            dirty, self._dirty = self._dirty, {}
            for engine in dirty.values():
                await self._call("progress", _user(engine.pair), engine.pair.id, engine.progress)
            await self._clock.sleep(PROGRESS_SECONDS)

    def _tell(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.FLOOD and not self._tell_flood(notice):
            return
        if self._stopping:
            log.info("pair %s: %s, while stopping", notice.pair.id, notice.kind)
            return
        self._spawn(self._call("notice", _user(notice.pair), notice))

    def _tell_flood(self, notice: Notice) -> bool:
        """Once per wait and account, and only waits that a person would notice."""
        until = notice.facts["until"]
        told = self._flood_told.get(notice.pair.user)
        if notice.facts["seconds"] < _WORTH_TELLING or (told is not None and told > self._clock.now()):
            return False
        self._flood_told[notice.pair.user] = until
        return True

    async def _call(self, name: str, *args: Any) -> None:
        """Tell the notices; what goes wrong there must not stop the mirror."""
        if self.notices is None:
            return
        try:
            result = getattr(self.notices, name)(*args)
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("telling a user failed")


def _user(pair: ChannelPair) -> int | str:
    """The user id as the chat knows it."""
    return int(pair.user) if pair.user.lstrip("-").isdecimal() else pair.user
