"""The pool's own records: one for each client, told by the pool as things happen. They are never stored."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from telethon import TelegramClient

from bybot.clock import Clock
from bybot.errors import NoSession, OwnedElsewhere, StoreError
from bybot.ids import user_id_from_key, user_key, uuid7
from bybot.sessions.core import Core
from bybot.sessions.idle import Idle
from bybot.sessions.pool import Pool
from bybot.sessions.records.book import Entry
from bybot.sessions.records.ledger import ClientFacts
from bybot.sessions.records.model import POOL_DEVICE, Record, RecordSettings, RecordState
from bybot.sessions.records.service import SessionService

log = logging.getLogger(__name__)

Ask = Callable[[str], Awaitable[TelegramClient | None]]
_S: Final = RecordState
_STAYS: Final = frozenset({"lease", "stopped"})  # the session ended here and goes on elsewhere


def records_of(
    core: Core, idle: Idle, ask: Ask, audit: Callable[..., None], settings: RecordSettings | None = None
) -> SessionService:
    """The manager's service: it opens and closes the pool's clients, and hears of them.

    Args:
        ask: gives the client of a user id; None: there is no session.
        audit: see :class:`SessionService`.
    """
    settings = settings or RecordSettings(idle_after=idle.limits.idle_seconds)
    connector = PoolConnector(core.pool, idle, core.clock, ask)
    service = SessionService(core.store, core.clock, settings, connector=connector, audit=audit)
    core.pool.journal = ClientRecords(service, core.clock)
    idle.keeps = service.needs

    async def over(user_id: str, reason: str) -> None:
        user = user_key(user_id)
        if reason in _STAYS:
            service.let_go(user)
            return
        try:
            await service.end_all(user, reason=reason)
        except StoreError as error:
            log.warning("Records of an ended session are deleted later: %s", error)

    async def land(user_id: str) -> None:
        await service.land(user_key(user_id))

    def gate(all_here: bool) -> None:
        to = core.ownership.given_to
        if to is None or not core.ownership.active:
            core.require()
        elif all_here:
            message = f"The sessions are being handed over to another process ({to.label})."
            raise OwnedElsewhere(message, holder=to.label, since=to.since, address=to.address)

    core.lost.add(over)
    core.parting.add(land)
    service.ledger.gate = gate
    return service


class PoolConnector:
    """How records open and let go of the pool's clients. See :class:`bybot.sessions.records.ledger.Connector`.

    Args:
        idle: closes clients that nobody uses.
    """

    def __init__(self, pool: Pool, idle: Idle, clock: Clock, ask: Ask) -> None:
        self._pool = pool
        self._idle = idle
        self._clock = clock
        self._ask = ask

    async def open(self, user: str) -> None:
        """See :class:`Connector`."""
        if await self._ask(user_id_from_key(user)) is None:
            raise NoSession("There is no stored session.")

    async def release(self, user: str) -> None:
        """See :class:`Connector`."""
        await self._idle.close(user)

    def facts(self, user: str) -> ClientFacts | None:
        """See :class:`Connector`."""
        live = self._pool.live.get(user)
        if live is None:
            return None
        used = None
        if live.last_used is not None:
            used = self._clock.now() - timedelta(seconds=self._clock.elapsed() - live.last_used)
        return ClientFacts(live.claim.traffic.facts(), used)


class ClientRecords:
    """Notes what becomes of the pool's clients. See :class:`bybot.sessions.room.Journal`."""

    def __init__(self, service: SessionService, clock: Clock) -> None:
        self._service = service
        self._book = service.ledger.book
        self._clock = clock

    def _own(self, user: str) -> Entry | None:
        return next((e for e in self._book.of_user(user) if e.record.attached and e.record.user == user), None)

    def connecting(self, user: str) -> None:
        """A client is opened for the first time, or after it was closed."""
        if self._own(user) is not None:
            return
        now, timeout = self._clock.now(), self._service.settings.timeout
        record = Record(
            id=uuid7(now),
            user=user,
            connection=self._service.next_connection(),
            state=_S.CONNECTING,
            created=now,
            last_active=now,
            expires=now + timedelta(seconds=timeout),
            timeout=timeout,
            device=POOL_DEVICE,
            attached=True,
        )
        self._book.add(Entry(record))
        self._service.created += 1

    def connected(self, user: str) -> None:
        """It is connected, by a new connection; what was idle is active again."""
        for entry in self._book.of_user(user):
            record = entry.record
            if record.user == user and record.live:
                self._move(entry, replace(record, state=_S.ACTIVE, connection=self._service.next_connection()))

    def _move(self, entry: Entry, record: Record) -> None:
        self._book.put(replace(record, version=record.version + 1))
        entry.dirty = entry.stored is not None

    def slept(self, user: str) -> None:
        """Nobody used it, so it was closed. Its record stays for its timeout."""
        entry = self._own(user)
        if entry is not None and entry.record.state is _S.ACTIVE:
            self._move(entry, replace(entry.record, state=_S.IDLE).extended(self._clock.now()))

    def ended(self, user: str) -> None:
        """It ended, or could not be opened."""
        entry = self._own(user)
        if entry is not None:
            self._book.drop(entry.record.id)
