"""Closing clients that nobody uses, and holding the number of live ones below its limit.

A closed client is no loss: its session was written if it changed, the claim on it is kept, and asking for the client
opens it again. What stays in memory is the claim.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bybot.errors import BybotError, TooManyClients
from bybot.sessions.core import Core
from bybot.sessions.pool import Live
from bybot.sessions.upkeep import Upkeep

log = logging.getLogger(__name__)

_MOST_SECONDS: Final = 60.0  # between two looks


@dataclass(frozen=True)
class Limits:
    """How long clients stay, and how many.

    Attributes:
        idle_seconds: a client that nobody used for so long is closed; 0: never.
        max_clients: most live clients of the process; 0: any number.
        clients_per_person: most live clients of one person's accounts; 0: any number.
        quiet_seconds: a client that made no request for so long may be closed to make room for another one.
    """

    idle_seconds: float = 1800.0
    max_clients: int = 0
    clients_per_person: int = 0
    quiet_seconds: float = 30.0


class Idle:
    """See the module.

    Attributes:
        keeps: further reasons to leave a user's client alone.
    """

    def __init__(self, core: Core, upkeep: Upkeep, limits: Limits) -> None:
        self.limits = limits
        self.keeps: Callable[[str], bool] = lambda user: False
        self._core = core
        self._pool = core.pool
        self._upkeep = upkeep
        # People whose clients are being opened; each entry is a place that is taken.
        self._coming: list[str] = []
        self._arrived = asyncio.Event()
        self._pool.room = self

    async def run(self) -> None:
        """Close idle clients until cancelled."""
        every = min(_MOST_SECONDS, self.limits.idle_seconds / 4)
        while self.limits.idle_seconds > 0:
            await self._core.clock.sleep(every)
            await self.sweep()

    async def sweep(self) -> int:
        """Close what is idle now, and write what could not be written before. Returns how many were closed."""
        closed = 0
        for user, live in list(self._pool.unsaved.items()):
            async with self._pool.locks(user):
                if self._pool.unsaved.get(user) is live:
                    await self._save(user, live)
        for user, live in list(self._pool.live.items()):
            if self._unused(user, live, self.limits.idle_seconds):
                closed += await self._close(user, live, self.limits.idle_seconds)
        if closed:
            log.info("%d idle clients were closed; their sessions wait to be used again.", closed)
        return closed

    async def close(self, user: str) -> bool:
        """Close a user's client now if nobody is using it at this moment. Returns whether it is closed."""
        live = self._pool.live.get(user)
        return live is None or await self._close(user, live, 0.0)

    # Who is idle --------------------------------------------------------------------------------------------------

    def _unused(self, user: str, live: Live, seconds: float) -> bool:
        """Nobody holds it, nothing is under way, and it was not used for so many seconds."""
        if live.ended or live.in_use or user in self._pool.kept or self._core.clock.elapsed() - _last(live) < seconds:
            return False
        client = live.client
        # Whoever listens for events uses it without asking for anything.
        busy = client._event_builders or client._sender._pending_state
        return not busy and not self.keeps(user)

    async def _close(self, user: str, live: Live, seconds: float) -> bool:
        async with self._pool.locks(user):
            if self._pool.live.get(user) is not live or not self._unused(user, live, seconds):
                return False
            await self._pool.end(user, asleep=True)
            await self._save(user, live)
        return True

    async def _save(self, user: str, live: Live) -> None:
        self._pool.unsaved[user] = live
        try:
            if await self._upkeep.write(live):
                self._pool.unsaved.pop(user, None)
        except BybotError as error:
            log.warning("An idle session is written later: %s", error.code)

    # Making room --------------------------------------------------------------------------------------------------

    def _excess(self, user: str) -> tuple[bool, bool]:
        """Of the person, of the process."""
        live, most, limits = self._pool.live, self.limits.clients_per_person, self.limits
        too_many = False
        if most:
            person = _person(user)
            too_many = sum(_person(each) == person for each in (*live, *self._coming)) >= most
        return too_many, 0 < limits.max_clients <= len(live) + len(self._coming)

    @asynccontextmanager
    async def place(self, user: str, *, yields: bool) -> AsyncIterator[None]:
        """A place for one more client. See :class:`bybot.sessions.room.Room`."""
        while any(excess := self._excess(user)):
            if yields:
                raise self._refusal(of_person=excess[0])
            await self._make_room(user, of_person=excess[0])
        self._coming.append(user)
        try:
            yield
        finally:
            self._coming.remove(user)
            arrived, self._arrived = self._arrived, asyncio.Event()
            arrived.set()

    async def _make_room(self, user: str, *, of_person: bool) -> None:
        person = _person(user)
        if await self._close_one(each for each in self._pool.live if not of_person or _person(each) == person):
            return
        if self._coming:
            await self._arrived.wait()  # one that is being opened has a place; it may not need it, or be done soon
            return
        raise self._refusal(of_person=of_person)

    def _refusal(self, *, of_person: bool) -> TooManyClients:
        most = self.limits.clients_per_person if of_person else self.limits.max_clients
        return TooManyClients(f"{most} clients are connected, which is as many as may be.", most=most)

    async def _close_one(self, users: Iterable[str]) -> bool:
        """Close the one that was not used for the longest time; False when each is in use."""
        live = self._pool.live
        for user in sorted(users, key=lambda each: _last(live[each])):
            candidate = live.get(user)
            if candidate is None or not self._unused(user, candidate, self._patience(candidate)):
                continue
            if await self._close(user, candidate, self._patience(candidate)):
                return True
        return False

    def _patience(self, live: Live) -> float:
        """One that nobody ever asked for may go at once."""
        return 0.0 if live.last_used is None else self.limits.quiet_seconds


def _last(live: Live) -> float:
    return live.opened if live.last_used is None else live.last_used


def _person(user: str) -> str:
    """The person of a user key: ``{person}~{account}`` is a further account."""
    return user.partition("~")[0]
