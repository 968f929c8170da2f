"""Giving the chat, the logins and every session to a process that took the lead, without a gap anybody would notice.

The chat stops first, and with it the logins; their keys are stored, and the other process uses them as soon as this
one says so. Meanwhile sessions go one by one: whoever uses one lands, its client ends without a word, its last state
is written, and it is reserved for the other process, which claims and connects it at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from bybot.errors import StoreError
from bybot.ids import user_id_from_key
from bybot.sessions.claims import Claim, Claims
from bybot.sessions.core import Core
from bybot.sessions.desk import AttemptDesk
from bybot.sessions.farewells import Farewells
from bybot.sessions.lease import Lease
from bybot.sessions.model import SESSIONS, Holder
from bybot.sessions.pool import Live
from bybot.sessions.upkeep import Upkeep
from bybot.stores.base import Where

log = logging.getLogger(__name__)

_CHAT_SECONDS: Final = 5.0
_WRITE_SECONDS: Final = 10.0
_AT_ONCE: Final = 10  # sessions that go together; a commit takes as many
_WORKERS: Final = 3
#: Sessions that may wait to be taken, and for how long that is waited for.
_AHEAD: Final = 10
_PATIENCE_SECONDS: Final = 2.0


class Handover:
    """See the module.

    Attributes:
        leaving: awaited before logins end and the other process may serve the chat.
    """

    def __init__(self, core: Core, desk: AttemptDesk, upkeep: Upkeep, lease: Lease) -> None:
        self.leaving = Farewells(core.clock, seconds=_CHAT_SECONDS)
        self._core = core
        self._desk = desk
        self._upkeep = upkeep
        self._lease = lease

    async def give(self, claims: Claims, to: Holder) -> None:
        """Give everything; see :class:`bybot.sessions.ownership.Ownership`."""
        began = self._core.clock.elapsed()
        count = len(claims.held)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._give_chat(claims))
            group.create_task(self._give_sessions(claims, to))
        await self._give_sessions(claims, to)  # whoever logged in meanwhile
        log.info("%d sessions were given in %.1f s.", count, self._core.clock.elapsed() - began)

    async def _give_chat(self, claims: Claims) -> None:
        await self.leaving.say()
        self._core.ownership.closed = True  # before the logins end, so that none begins
        await self._desk.drop_all("lease")
        await self._lease.give_chat(claims.term)

    async def _give_sessions(self, claims: Claims, to: Holder) -> None:
        users = iter(list(claims.held))
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(self._work(claims, users, to))

    async def _work(self, claims: Claims, users: Iterable[str], to: Holder) -> None:
        chunk: list[str] = []
        for user in users:  # shared by all workers
            chunk.append(user)
            if len(chunk) == _AT_ONCE:
                await self._give_some(claims, chunk, to)
                await self._let_it_take(to)
                chunk = []
        await self._give_some(claims, chunk, to)

    async def _let_it_take(self, to: Holder) -> None:
        """What the other process has not taken yet is silent meanwhile: do not give faster than it takes."""
        began = self._core.clock.elapsed()
        given = Where("reserved_for", to.instance)
        while self._core.clock.elapsed() - began < _PATIENCE_SECONDS:
            try:
                waiting = await self._core.store.query(SESSIONS, given, fields=(), limit=_AHEAD)
            except StoreError:
                return
            if len(waiting) < _AHEAD:
                return
            await self._core.ownership.pause()

    async def _give_some(self, claims: Claims, users: list[str], to: Holder) -> None:
        ended = await asyncio.gather(*(self._end(user) for user in users))
        lives = [live for live in ended if live is not None]
        given: list[Claim] = [claims.held[user] for user in users if user in claims.held]
        for claim in given:
            claim.revoke()
        await self._upkeep.release(claims, given, lives, seconds=_WRITE_SECONDS, reserved_for=to.instance or None)
        for claim in given:
            claims.forget(claim)
        for live in lives:
            self._core.lost.tell(user_id_from_key(live.claim.user), "lease")

    async def _end(self, user: str) -> Live | None:
        await self._core.parting.say(user_id_from_key(user))
        return await self._core.pool.part(user)
