"""Is the login still valid? Asked at intervals, when somebody has a doubt, and when somebody wants to know.

Whoever asks while the answer is under way shares it, so that any number of callers cause one request. Doubts about one
session are looked at once in a while, not once each. A connection that does not answer is replaced.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bybot.errors import BybotError
from bybot.sessions.claims import Claims
from bybot.sessions.clients import check, connect_checked, hang_up
from bybot.sessions.core import Core
from bybot.sessions.failures import LoginOver, definitive, is_frozen, wait_of
from bybot.sessions.pool import Live
from bybot.sessions.use import quietly

log = logging.getLogger(__name__)

#: How much of the interval passes between two checks of one session, so that many do not fall together.
_EARLIEST: Final = 0.7
_LATEST: Final = 0.9
_LOOKS: Final = 20  # in an interval
_AT_ONCE: Final = 20
_TRIES: Final = 2


@dataclass(slots=True)
class Vital:
    """What is known of one session's health.

    Attributes:
        at: when Telegram last confirmed the login; None: not yet in this process.
        count: how often it did, in this process.
        due: elapsed seconds of the next check.
    """

    at: datetime | None
    count: int
    due: float


class Health:
    """Checks logins.

    Args:
        every: seconds; a revocation is noticed within that time.
        window: seconds; doubts about one session cause one check in that time.
        patience: seconds that Telegram gets for an answer.
        put_to_sleep: closes a client that nobody uses.
    """

    def __init__(
        self,
        core: Core,
        put_to_sleep: Callable[[str], Awaitable[object]],
        *,
        every: float = 900.0,
        window: float = 10.0,
        patience: float = 20.0,
    ) -> None:
        self.vitals: dict[str, Vital] = {}
        self.every = every
        #: How often Telegram was asked, connecting not counted.
        self.checks = 0
        self._core = core
        self._put_to_sleep = put_to_sleep
        self._window = window
        self._patience = patience
        self._asked: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._suspects: set[str] = set()

    # What is known ------------------------------------------------------------------------------------------------

    def confirmed(self, user: str) -> None:
        """Telegram has just confirmed the login."""
        now, clock = self._core.clock.elapsed(), self._core.clock
        vital = self.vitals.get(user)
        count = 1 if vital is None else vital.count + 1
        self.vitals[user] = Vital(clock.now(), count, now + self._later())

    def forget(self, user: str) -> None:
        """The session is gone."""
        self.vitals.pop(user, None)
        self._asked.pop(user, None)

    def _later(self) -> float:
        return self.every * random.uniform(_EARLIEST, _LATEST)

    # Asking -------------------------------------------------------------------------------------------------------

    async def check(self, user: str) -> None:
        """Ask Telegram now. What it says is acted upon; this never raises because of it."""
        task = self._running.get(user)
        if task is None:
            task = self._running[user] = self._core.tasks.spawn(self._check(user), f"check {user}")
            task.add_done_callback(lambda done: self._checked(user, done))
        await asyncio.wait({task})

    def _checked(self, user: str, task: asyncio.Task[None]) -> None:
        if self._running.get(user) is task:
            del self._running[user]

    def suspect(self, user: str) -> bool:
        """Something looks as if the login were over: check at once, but not more than once in a window.

        Returns:
            False: Telegram was asked a moment ago, and is asked again when the window ends.
        """
        asked = self._asked.get(user)
        wait = 0.0 if asked is None else asked + self._window - self._core.clock.elapsed()
        if user not in self._suspects:
            self._suspects.add(user)
            self._core.tasks.spawn(self._look_into(user, wait), f"suspect {user}")
        return wait <= 0 or user in self._running

    async def _look_into(self, user: str, wait: float) -> None:
        try:
            if wait > 0:
                await self._core.clock.sleep(wait)
        finally:
            self._suspects.discard(user)  # a doubt that comes from now on is a new one
        if user not in self._core.revoked:
            await self.check(user)

    async def _check(self, user: str) -> None:
        pool = self._core.pool
        self._asked[user] = self._core.clock.elapsed()
        live = pool.live.get(user)
        if live is None or not live.usable:
            await self._connect(user)
            return
        for _ in range(_TRIES):
            self.checks += 1
            try:
                async with asyncio.timeout(self._patience):
                    await check(live.client, live.account)
            except (OSError, TimeoutError):
                if not live.usable:
                    return  # it ended meanwhile, and is opened again
            except LoginOver as over:
                await pool.lose(user, live, over.reason)
                return
            except Exception as error:
                await self._answered(user, live, error)
                return
            else:
                self.confirmed(user)
                if user in self._core.supervision.frozen:
                    await self._core.supervision.look_for_thaw(user, live)
                return
        log.warning("The connection of %s does not answer; it is replaced.", user)
        await hang_up(live.client, live.permit)

    async def _connect(self, user: str) -> None:
        """Connecting asks who is logged in, and confirms it. A client that nobody wanted sleeps on afterwards."""
        asleep = user not in self._core.pool.trouble
        try:
            with quietly():
                await self._core.pool.get(user)
            live = self._core.pool.live.get(user)
            if live is not None and user in self._core.supervision.frozen:
                await self._core.supervision.look_for_thaw(user, live)
            if asleep:
                await self._put_to_sleep(user)
        except BybotError as error:
            log.info("The session of %s could not be checked: %s", user, error.code)

    async def _visit(self, user: str) -> None:
        """Check a session that sleeps with a client that nobody gets: nothing is fetched, and nothing is written."""
        pool = self._core.pool
        try:
            async with pool.locks(user):
                if user in pool.live:
                    return  # somebody woke it, which confirmed it
                opening = await self._core.load(user)
                permit = opening.claim.permit()
                client = pool.build(opening, permit)
                self.checks += 1
                greeting = await connect_checked(client, permit, seconds=self._patience, account=opening.account)
                await hang_up(client, permit)
        except LoginOver:
            await self._connect(user)  # what follows is done for a client that is waited for
        except BybotError as error:
            log.info("The session of %s could not be checked: %s", user, error.code)
        else:
            if greeting.trouble is None and user not in self._core.supervision.frozen:
                self.confirmed(user)
            else:
                await self._connect(user)

    async def _answered(self, user: str, live: Live, error: Exception) -> None:
        reason = definitive(error)
        if reason is not None:
            await self._core.pool.lose(user, live, reason)
        elif is_frozen(error):
            await self._core.supervision.freeze(user, live)
        else:
            log.info("The session of %s could not be checked: %s", user, type(error).__name__)
            self._put_off(user, wait_of(error))

    def _put_off(self, user: str, seconds: float) -> None:
        """Telegram asks to wait, or has trouble of its own: the next check comes later."""
        vital = self.vitals.get(user)
        if vital is not None:
            vital.due = self._core.clock.elapsed() + max(seconds, self._later() / _LOOKS)

    # The loop -----------------------------------------------------------------------------------------------------

    async def run(self, claims: Claims) -> None:
        """Check every session that this process owns, each within the interval, until cancelled."""
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(user: str) -> None:
            async with at_once:
                await (self._visit(user) if self._sleeps(user) else self.check(user))

        while True:
            await self._core.clock.sleep(self.every / _LOOKS)
            for user in {*self.vitals, *self._asked} - claims.held.keys():
                self.forget(user)
            await asyncio.gather(*(one(user) for user in self._due(claims)))

    def _due(self, claims: Claims) -> list[str]:
        now = self._core.clock.elapsed()
        due: list[str] = []
        for user in claims.held:
            vital = self.vitals.get(user)
            if vital is None:
                # Not connected since this process owns it: looked at like all others, and not all together.
                self.vitals[user] = Vital(None, 0, now + self._later())
            elif vital.due <= now and not self._core.pool.reviving(user):
                vital.due = now + self._later()
                due.append(user)
        return due

    def _sleeps(self, user: str) -> bool:
        """Was its client closed because nobody uses it?"""
        pool = self._core.pool
        return user not in pool.live and user not in pool.trouble
