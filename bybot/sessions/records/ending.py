"""The ending half of the service of records: deletion, expiry, forgetting. Logins outlive all of it."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bybot.ids import person_of, user_key
from bybot.sessions.locks import KeyedLocks
from bybot.sessions.records.model import Record, RecordState
from bybot.sessions.records.reading import Reading
from bybot.sessions.records.shelf import Shelf

log = logging.getLogger(__name__)

Expired = Callable[[Record], Awaitable[None] | None]


class Ending(Reading):
    """A part of :class:`bybot.sessions.records.service.SessionService`."""

    _shelf: Shelf
    _locks: KeyedLocks
    _callbacks: list[Expired]

    def _live(self, user: str) -> list[Record]:
        """Live records that callers made: of a person, or of an account with ``~``."""
        found = [self._ledger.now(entry) for entry in self._ledger.book.of_user(user)]
        return [record for record in found if record.live and not record.attached and not self._ledger.over(record)]

    def needs(self, user: str) -> bool:
        """Does a record that is in use keep this user's client connected?"""
        states = (RecordState.ACTIVE, RecordState.CONNECTING)
        return any(record.user == user and record.state in states for record in self._live(user))

    def on_expired(self, callback: Expired) -> Callable[[], None]:
        """``callback(record)`` once for each record that expired. Returns what ends the calls."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    async def delete(self, id_: str, *, reason: str = "deleted") -> Record:
        """End a record; its token fits no longer, its connection is let go of, and the login stays.

        Returns:
            the record as it was closed, with the reason.

        Raises:
            RecordNotFound, RecordExpired: see :meth:`get`.
            StoreUnavailable: it is ended here, and its document is deleted later.
        """
        await self._ledger.ready()
        async with self._locks(id_):
            entry = self._ledger.require(id_)
            entry.token_hash = None
            if entry.record.live:
                entry.record = replace(entry.record, state=RecordState.DISCONNECTING)
            try:
                await self._release(entry.record.user)
            finally:
                closed = replace(self._ledger.view(entry), state=RecordState.CLOSED, reason=reason)
                self.deleted += self._ledger.end(id_, reason=reason) is not None
                self._shelf.doom([id_] if entry.stored is not None else [])
            await self._shelf.remove()
        return closed

    async def sweep(self) -> int:
        """End what expired: each record once, with its callbacks. Returns how many. Raises StoreUnavailable."""
        gone = [entry for entry in self._ledger.book if self._ledger.over(self._ledger.now(entry))]
        for entry in gone:
            self._ledger.end(entry.record.id, reason="expired", expired=True)
        self._shelf.doom(entry.record.id for entry in gone if entry.stored is not None)
        for record in [entry.record for entry in gone if entry.record.live]:
            self.expired += 1
            if not record.attached:
                await self._release(record.user)
            await self._tell(replace(record, state=RecordState.CLOSED, reason="expired"))
        await self._shelf.remove()
        return len(gone)

    async def _tell(self, record: Record) -> None:
        for callback in list(self._callbacks):
            try:
                result = callback(record.copy())
                if inspect.isawaitable(result):
                    await result
            except Exception:
                log.exception("An observer of session records failed.")

    async def _release(self, user: str) -> None:
        if self._ledger.connector is not None and not self.needs(user):
            await self._ledger.connector.release(user)

    async def end_all(self, user: str, *, reason: str) -> int:
        """The session itself is over: end every record of this user key. Raises StoreUnavailable."""
        mine = [entry for entry in self._ledger.book.of_user(user) if entry.record.user == user]
        for entry in mine:
            self._ledger.end(entry.record.id, reason=reason)
            self.deleted += 1
        self._shelf.doom(entry.record.id for entry in mine if entry.stored is not None)
        await self._shelf.remove()
        return len(mine)

    async def land(self, user: str) -> None:
        """Another process is about to get this session: write what heartbeats changed. Raises StoreUnavailable."""
        mine = [entry for entry in self._ledger.book.of_user(user) if entry.record.user == user]
        await self._shelf.flush(mine, self._ledger.learn)

    def let_go(self, user: str) -> None:
        """Another process has this session now, and reads its records from the store."""
        for entry in self._ledger.book.of_user(user):
            if entry.record.user == user:
                self._ledger.book.drop(entry.record.id)

    async def erase(self, user_id: int | str) -> int:
        """Forget all records of a person and their accounts, here and in the store. Raises StoreUnavailable."""
        person = person_of(user_key(user_id))
        for entry in self._ledger.book.of_user(person):
            self._ledger.book.drop(entry.record.id)
        return await self._shelf.erase(person)
