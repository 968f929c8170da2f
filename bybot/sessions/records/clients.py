"""The pool's own records: one for each client, told by the pool as things happen. They are never stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from telethon import TelegramClient

from bybot.clock import Clock
from bybot.ids import uuid7
from bybot.sessions.idle import Idle
from bybot.sessions.pool import Pool
from bybot.sessions.records.book import Entry
from bybot.sessions.records.ledger import ClientFacts
from bybot.sessions.records.model import POOL_DEVICE, Record, RecordState
from bybot.sessions.records.service import SessionService

_S: Final = RecordState


class PoolConnector:
    """How records open and let go of the pool's clients. See :class:`bybot.sessions.records.ledger.Connector`.

    Args:
        ask: gives the client of a user key, and raises why there is none.
        idle: closes clients that nobody uses.
    """

    def __init__(self, pool: Pool, idle: Idle, clock: Clock, ask: Callable[[str], Awaitable[TelegramClient]]) -> None:
        self._pool = pool
        self._idle = idle
        self._clock = clock
        self._ask = ask

    async def open(self, user: str) -> None:
        """See :class:`Connector`."""
        await self._ask(user)

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
