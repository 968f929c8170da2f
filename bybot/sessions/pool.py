"""Live clients: exactly one per session, opened by whoever asks first, repaired and watched.

Asking for a live client is one dictionary lookup. Opening is done by one task per user, which all who ask share and
which nobody's cancellation stops; different users never wait for each other. A client that ended by itself is opened
anew with growing pauses until its login is known to be over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

from telethon import TelegramClient

from bybot.clock import Clock
from bybot.errors import (
    BybotError,
    NoSession,
    OwnedElsewhere,
    SessionDetached,
    SessionRevoked,
    StoreUnavailable,
    TelegramRefused,
    TelegramUnreachable,
    TooManyClients,
)
from bybot.sessions.clients import HANG_UP_SECONDS, check, connect_checked, hang_up
from bybot.sessions.dcswitch import settle_with
from bybot.sessions.failures import LoginOver, definitive, explain
from bybot.sessions.live import Live, Opening, Sessions
from bybot.sessions.locks import KeyedLocks
from bybot.sessions.permit import Permit
from bybot.sessions.revival import Revival
from bybot.sessions.room import Journal, Room, Unbounded, Unheard
from bybot.sessions.telegram import TelegramEndpoint
from bybot.sessions.use import is_use, quietly

__all__ = ["Live", "Opening", "Pool", "Sessions"]

log = logging.getLogger(__name__)

#: A refusal that nothing changes is believed for so long.
_REFUSED_SECONDS: Final = 60.0


class Pool:
    """See the module.

    Args:
        connect_seconds: time limit of one connection.
        concurrency: how many connect at once.
    """

    def __init__(
        self,
        endpoint: TelegramEndpoint,
        sessions: Sessions,
        clock: Clock,
        *,
        connect_seconds: float = 20.0,
        concurrency: int = 50,
    ) -> None:
        self.live: dict[str, Live] = {}
        self.locks = KeyedLocks()
        #: Why the last opening failed, until the next one works.
        self.trouble: dict[str, BybotError] = {}
        #: Sessions whose clients stay connected although nobody uses them.
        self.kept: set[str] = set()
        #: Clients that were ended, and whose last changes are not stored yet.
        self.unsaved: dict[str, Live] = {}
        #: Set by whoever bounds the number of clients.
        self.room: Room = Unbounded()
        #: Set by whoever keeps records of the clients.
        self.journal: Journal = Unheard()
        self._endpoint = endpoint
        self._sessions = sessions
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._opening: dict[str, asyncio.Task[TelegramClient]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        # When Telegram may be asked again, in elapsed seconds, for sessions in trouble.
        self._not_before: dict[str, float] = {}
        self._revival = Revival(self.get, self._spawn, clock)
        # What could not be connected for a passing reason; its session may be newer than the stored one.
        self._parked: dict[str, Opening] = {}
        self._closing = False

    # Asking -------------------------------------------------------------------------------------------------------

    def peek(self, user: str) -> TelegramClient | None:
        """The live client, if there is one right now."""
        live = self.live.get(user)
        return live.client if live is not None and live.usable else None

    async def get(self, user: str, opening: Opening | None = None) -> TelegramClient:
        """The live client, opened if need be.

        Args:
            opening: already claimed and read; None: ask the manager.

        Raises:
            TelegramUnreachable: no connection; and what ``Sessions.load`` raises.
        """
        client = self.peek(user)
        if client is not None:
            self.live[user].last_used = self._clock.elapsed()
            return client
        task = self._opening.get(user)
        if task is None:
            task = self._opening[user] = self._spawn(self._open(user, opening), f"open {user}")
            task.add_done_callback(partial(self._opened, user))
        await asyncio.wait({task})
        if task.cancelled():
            raise StoreUnavailable("The session was let go while it was opened.")
        return task.result()

    def _opened(self, user: str, task: asyncio.Task[TelegramClient]) -> None:
        if self._opening.get(user) is task:
            del self._opening[user]
        if user not in self.live:
            self.journal.ended(user)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody may wait any more

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Opening ------------------------------------------------------------------------------------------------------

    async def _open(self, user: str, opening: Opening | None) -> TelegramClient:
        async with self.locks(user):
            live = self.live.get(user)
            if live is not None and live.usable:
                return live.client
            known = self.trouble.get(user)
            if known is not None and self._clock.elapsed() < self._not_before.get(user, 0.0):
                raise known.with_traceback(None)
            if live is not None:
                opening = self._again(live) or opening
                await self._end(live)
            unsaved = self.unsaved.pop(user, None)
            if unsaved is not None:
                opening = self._again(unsaved) or opening
            parked = self._parked.pop(user, None)
            if opening is None and parked is not None and parked.claim.valid:
                opening = parked
            self.journal.connecting(user)
            try:
                if opening is None:
                    opening = await self._sessions.load(user)
                async with self._slots, self.room.place(user, yields=opening.yields):
                    live, trouble = await self._connect(opening)
                    self.live[user] = live
            except LoginOver as over:
                assert opening is not None
                await self._sessions.over(user, opening.claim, over.reason)
                raise SessionRevoked(explain(over.reason), reason=over.reason) from over
            except TooManyClients:
                if opening is not None and opening.session.revision != opening.stored:
                    self._parked[user] = opening
                raise
            except (NoSession, SessionRevoked, SessionDetached, OwnedElsewhere):
                self.trouble.pop(user, None)  # no trouble: there is nothing to connect here
                raise
            except BybotError as error:
                self.trouble[user] = error
                self._put_off(user, error)
                self._sessions.failed(user, error)
                if opening is not None:
                    self._parked[user] = opening
                    if isinstance(error, TelegramUnreachable | StoreUnavailable):
                        self.revive(user)  # it is ours: whoever asked may never ask again
                raise
            self.trouble.pop(user, None)
            self._not_before.pop(user, None)
            self._watch(user, live)
            self.journal.connected(user)
        self._sessions.ready(user)
        if trouble is not None:
            self._sessions.saw(user, live, trouble)
        return live.client

    def _put_off(self, user: str, error: BybotError) -> None:
        """Telegram asked to wait, or refuses: nobody asks again before that time."""
        seconds = getattr(error, "retry_after", 0.0)
        if isinstance(error, TelegramRefused):
            seconds = _REFUSED_SECONDS
        if seconds:
            self._not_before[user] = self._clock.elapsed() + seconds

    def _again(self, live: Live) -> Opening | None:
        """A client that ended by itself is built again from its own session, which is newer than the stored one."""
        if live.claim.valid and not live.session.deleted:
            return Opening(live.claim, live.session, live.credentials, live.stored, live.account)
        return None

    async def _connect(self, opening: Opening) -> tuple[Live, BaseException | None]:
        """A connected client, and what Telegram said about its account."""
        for last in (False, True):
            permit = opening.claim.permit()
            client = self.build(opening, permit)
            try:
                with quietly():  # for the tasks that Telethon starts here, too
                    greeting = await connect_checked(
                        client, permit, seconds=self._connect_seconds, account=opening.account
                    )
            except LoginOver as over:
                # An unknown key may be a server's passing trouble: believe it when it is said twice.
                if over.reason == "unknown_key" and not last:
                    continue
                raise
            break
        opening.session.authorise()
        live = Live(client, permit, opening, self._clock.elapsed())
        live.behind = greeting.behind
        return live, greeting.trouble

    def build(self, opening: Opening, permit: Permit) -> TelegramClient:
        """A client that is not connected and not watched."""
        client = self._endpoint.client(opening.session, permit, credentials=opening.credentials)
        settle_with(client, partial(self._sessions.rekeyed, opening.claim))
        return client

    # Watching -----------------------------------------------------------------------------------------------------

    def _watch(self, user: str, live: Live) -> None:
        client = live.client
        sender = client._sender
        # No task per client: these three hooks cost a few hundred bytes.
        sender._disconnected.add_done_callback(partial(self._ended, user, live))
        sender._auto_reconnect_callback = partial(self._reconnected, user, live)
        client._call = partial(self._observed, user, live, client._call)
        live.session.on_delete(partial(self._logged_out, user, live))

    async def _observed(
        self, user: str, live: Live, call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> Any:
        began = self._clock.elapsed()
        if is_use():
            live.last_used = began
        try:
            answer = await call(*args, **kwargs)
            live.claim.traffic.answered(self._clock.elapsed() - began)
            return answer
        except Exception as error:
            if not live.ended:
                self._sessions.saw(user, live, error)
            raise
        except asyncio.CancelledError as error:
            # Telethon cancels what waits for an answer when a client ends. Nobody cancelled the caller.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise ConnectionError("the client was disconnected before the answer came") from error

    async def _reconnected(self, user: str, live: Live) -> None:
        if live.ended:
            return
        live.claim.traffic.reconnects += 1
        self.journal.connected(user)
        try:
            async with asyncio.timeout(self._connect_seconds):
                await check(live.client, live.account)
        except LoginOver as over:
            self._spawn(self.lose(user, live, over.reason), f"end {user}")
            return
        except Exception as error:  # what Telegram answered was seen by the client's own call
            log.info("After reconnecting the account could not be asked: %s", type(error).__name__)
            if not live.ended:
                self._sessions.doubt(user)
            return
        live.behind = True  # Telethon fetches nothing by itself after a reconnect
        self._sessions.ready(user)

    def _logged_out(self, user: str, live: Live) -> None:
        if not live.ended:
            self._spawn(self.lose(user, live, "logged_out"), f"end {user}")

    def _ended(self, user: str, live: Live, future: asyncio.Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if live.ended or self._closing or live.session.deleted:
            return
        reason = definitive(live.client._updates_error) or definitive(error)
        if live.client._authorized is False:  # log_out() disconnects before it deletes the session
            reason = "logged_out"
        if reason is not None:
            self._spawn(self.lose(user, live, reason), f"end {user}")
        elif live.claim.valid:
            self._revival.fell(user, self._clock.elapsed() - live.opened)
        else:
            self._spawn(self._put_away(user, live), f"put away {user}")

    async def _put_away(self, user: str, live: Live) -> None:
        """A client that may not speak any more: whoever waits for an answer is told."""
        async with self.locks(user):
            if self.live.get(user) is live:
                await self._end(live)
                self.journal.ended(user)

    def revive(self, user: str) -> None:
        """Open a session in the background, again and again until it works or is known to be over."""
        if not self._closing:
            trouble = self.trouble.get(user)
            asked = 0.0 if trouble is None else max(0.0, self._not_before.get(user, 0.0) - self._clock.elapsed())
            self._revival.begin(user, pause=0.0 if trouble is None else 1.0, asked=asked)

    def reviving(self, user: str) -> bool:
        """Is a session being opened again?"""
        return user in self._revival

    # Ending -------------------------------------------------------------------------------------------------------

    async def lose(self, user: str, live: Live, reason: str) -> None:
        """Telegram ended the login of this client."""
        async with self.locks(user):
            if self.live.get(user) is not live or live.ended:
                return
            await self._end(live)
            self.journal.ended(user)
            await self._sessions.over(user, live.claim, reason)

    async def end(self, user: str, *, asleep: bool = False) -> Live | None:
        """End a user's client; the caller has the user's lock. Returns what was live.

        Args:
            asleep: only because nobody uses it.
        """
        self._parked.pop(user, None)
        self.trouble.pop(user, None)
        unsaved = self.unsaved.pop(user, None)
        live = self.live.get(user)
        if live is not None:
            await self._end(live)
        (self.journal.slept if asleep else self.journal.ended)(user)
        return live or unsaved

    async def part(self, user: str) -> Live | None:
        """End a user's client, and an opening under way. Returns what was live, or not stored yet."""
        opening = self._opening.get(user)
        if opening is not None:
            opening.cancel()
            await asyncio.wait({opening})
        async with self.locks(user):
            return await self.end(user)

    async def _end(self, live: Live, *, seconds: float = HANG_UP_SECONDS) -> None:
        live.ended = True
        user = live.claim.user
        if self.live.get(user) is live:
            del self.live[user]
        live.session.on_delete(None)
        await hang_up(live.client, live.permit, seconds=seconds)

    async def drop_all(self, *, seconds: float = HANG_UP_SECONDS) -> list[Live]:
        """End every client and every opening, all at once. Returns what was live, and what is not stored yet.

        Args:
            seconds: time limit for each client; one that does not end is left behind, and cannot speak any more.
        """
        lives, unsaved = list(self.live.values()), list(self.unsaved.values())
        self.live.clear()
        self.unsaved.clear()
        self._parked.clear()
        for live in lives:
            live.ended = True
            live.permit.revoke()
            self.journal.ended(live.claim.user)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(live, seconds=seconds) for live in lives))
        return lives + unsaved

    async def close(self, *, seconds: float = HANG_UP_SECONDS) -> list[Live]:
        """:meth:`drop_all`, for good."""
        self._closing = True
        return await self.drop_all(seconds=seconds)

    def require_live(self, user: str) -> Live:
        """The live entry of a user whose client was just asked for.

        Raises:
            NoSession: it ended meanwhile.
        """
        live = self.live.get(user)
        if live is None:
            raise NoSession("The session ended.")
        return live
