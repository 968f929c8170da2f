"""The service of session records.

Usable by itself with any store and clock; the manager's own, ``manager.records``, has a connector beside it, which
opens a session's client when a record is made and lets go of it when the last one ended.

Records live in memory. Those that callers make are stored too, so that their holders go on after a restart; what the
pool notes about its own clients is not. One process at a time serves them: the one that may act.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import Forbidden, InvalidTransition, RecordExists, StaleWrite, StoreError, TooManyRecords
from bybot.ids import person_of, user_key, uuid7
from bybot.sessions.locks import KeyedLocks
from bybot.sessions.records import tokens
from bybot.sessions.records.acting import ActingService
from bybot.sessions.records.book import Entry
from bybot.sessions.records.ending import Ending
from bybot.sessions.records.ledger import Connector, Ledger
from bybot.sessions.records.model import (
    ConnectionId,
    Created,
    Record,
    RecordSettings,
    RecordState,
    checked_timeout,
    plain,
)
from bybot.sessions.records.shelf import Shelf
from bybot.sessions.records.transitions import check
from bybot.stores.base import Store

log = logging.getLogger(__name__)

UserId = int | str

_RETRY_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1


class SessionService(Ending):
    """See the module.

    Args:
        store: open already; closed by its owner.
        settings: times and limits.
        connector: None: records stand for themselves, and their holders tell when they connected.
        audit: ``audit(caller, action, user, allowed=...)`` notes what is done to other people's records.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: RecordSettings | None = None,
        *,
        connector: Connector | None = None,
        audit: Callable[..., None] | None = None,
    ) -> None:
        self.settings = settings or RecordSettings()
        self.created = self.expired = self.deleted = 0
        self._ledger = Ledger(clock, self.settings, connector)
        self._clock = clock
        self._audit = audit
        self._shelf = Shelf(store)
        self._locks = KeyedLocks()
        self._instance = uuid.uuid4().hex
        self._generation = 0
        self._callbacks = []
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def ledger(self) -> Ledger:
        """For who notes down the clients of the pool."""
        return self._ledger

    # Life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read what survived a restart, and begin to sweep.

        Raises:
            StoreUnavailable: the records cannot be read.
        """
        await self.load()
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_on(), name="session records")

    async def serve(self, instance: str, taking: Callable[[], bool] = lambda: False) -> None:
        """Load as soon as the store answers, and sweep until cancelled.

        Args:
            instance: names this process in connection ids.
            taking: does another process still hand over to this one? It writes until it is done: wait for that.
        """
        self._instance = instance
        while not self._ledger.loaded.is_set():
            try:
                if taking():
                    await self._clock.sleep(_LOOK_SECONDS)
                else:
                    await self.load()
            except StoreError as error:
                log.warning("Session records cannot be read yet: %s", error)
                await self._clock.sleep(_RETRY_SECONDS)
        await self._sweep_on()

    async def load(self) -> None:
        """Read the stored records, and what others did to those that are known. Raises StoreUnavailable."""
        gone = {entry.record.id for entry in self._ledger.book if entry.stored is not None}
        for entry in await self._shelf.load():
            gone.discard(entry.record.id)
            known = self._ledger.book.get(entry.record.id)
            if known is None:
                # Its connection was of another start of a process.
                entry.record = replace(entry.record, connection=self.next_connection())
                self._ledger.book.add(entry)
            elif known.stored != entry.stored:
                self._ledger.learn(known, entry)
        for id_ in gone:
            self._ledger.end(id_, reason="deleted")
        self._ledger.loaded.set()

    async def close(self) -> None:
        """Stop the sweep and write what heartbeats changed; stored records stay for the next start. Twice is fine.

        What the store refuses now costs time only: these records expire earlier.
        """
        sweeping, self._sweeping = self._sweeping, None
        if sweeping is not None:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
        try:
            await self.flush()
        except StoreError as error:
            log.warning("The last heartbeats were not written: %s", error)
        self.forget()

    def forget(self) -> None:
        """Another process may serve the records now: nothing here is true any more."""
        self._ledger.book.clear()
        self._ledger.loaded.clear()

    async def _sweep_on(self) -> None:
        swept = self._clock.elapsed()
        while True:
            await self._clock.sleep(min(self.settings.sweep_every, self.settings.flush_every))
            try:
                if self._clock.elapsed() - swept >= self.settings.sweep_every:
                    swept = self._clock.elapsed()
                    await self.sweep()
                await self.flush()
            except StoreError as error:
                log.warning("Session records are written later: %s", error)

    async def flush(self) -> int:
        """Write what heartbeats changed, all together. Returns how many records. Raises StoreUnavailable."""
        return await self._shelf.flush(list(self._ledger.book), self._ledger.learn)

    def next_connection(self) -> ConnectionId:
        """A connection of this process that was not named before."""
        self._generation += 1
        return ConnectionId(self._instance, self._generation)

    def acting_as(self, caller_id: UserId, *, admin: bool = False) -> ActingService:
        """The same calls with one caller's rights: their own records; admins may all."""
        return ActingService(self, user_key(caller_id), admin=admin, audit=self._audit)

    # Making -------------------------------------------------------------------------------------------------------

    async def create(
        self,
        user_id: UserId,
        *,
        device: str = "default",
        connection: ConnectionId | str | None = None,
        timeout: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        resume: bool = True,
    ) -> Created:
        """Begin to use a session. A live record of the same user and device is resumed instead of making a second.

        Args:
            connection: names the connection; None: the next one of this process.
            timeout: seconds until it expires without a heartbeat; None: the service's.
            metadata: plain JSON values; merged into a resumed record's.
            resume: False: refuse when there is one.

        Raises:
            ValueError: the user is empty, the timeout is not above 0 or too long, or the metadata are not plain.
            RecordExists: there is a live one (``resume=False``), or the connection is another record's.
            TooManyRecords: the person has as many as they may have.
            StoreUnavailable: not stored; and what opening the session raises.
        """
        user = user_key(user_id)
        seconds = checked_timeout(self.settings.timeout if timeout is None else timeout)
        await self._ledger.ready(all_here=True)
        async with self._locks(person_of(user)):
            present = self._present(user, device)
            if present is None:
                self._refuse_more(user)
                return await self._make(self._new(user, device, connection, seconds, plain(metadata or {})))
            if not resume:
                raise RecordExists("There is a live record of this user and device.")
            await self.update(present, timeout=timeout, metadata=metadata)
            await self.heartbeat(present)
            return Created(await self.touch(present), None, resumed=True)

    def _present(self, user: str, device: str) -> str | None:
        for record in self._live(user):
            if record.user == user and record.device == device:
                return record.id
        return None

    def _refuse_more(self, user: str) -> None:
        most, there = self.settings.per_person, len(self._live(person_of(user)))
        if most and there >= most:
            raise TooManyRecords(f"There are {there} live records of this person: as many as may be.", most=most)

    def _new(
        self,
        user: str,
        device: str,
        connection: ConnectionId | str | None,
        seconds: float,
        metadata: dict[str, Any],
    ) -> Record:
        now = self._clock.now()
        if isinstance(connection, str):
            connection = ConnectionId.parse(connection)
        return Record(
            id=uuid7(now),
            user=user,
            connection=connection or self.next_connection(),
            state=RecordState.CONNECTING,
            created=now,
            last_active=now,
            expires=now + timedelta(seconds=seconds),
            timeout=seconds,
            device=device,
            metadata=metadata,
        )

    async def _make(self, record: Record) -> Created:
        token, kept = tokens.new_token()
        entry = Entry(record, kept)
        self._ledger.book.add(entry)
        try:
            if self._ledger.connector is not None:
                await self._ledger.connector.open(record.user)
                entry.record = replace(entry.record, state=RecordState.ACTIVE)
            await self._shelf.create(entry)
        except BaseException:
            self._ledger.book.drop(record.id)
            raise
        self.created += 1
        return Created(self._ledger.view(entry), token)

    # Changing -----------------------------------------------------------------------------------------------------

    async def update(
        self,
        id_: str,
        *,
        state: RecordState | None = None,
        metadata: Mapping[str, Any] | None = None,
        stats: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        connection: ConnectionId | str | None = None,
        version: int | None = None,
    ) -> Record:
        """Change a record; what is None stays as it is.

        Args:
            metadata: merged into what is there, key by key.
            stats: take the place of what is there.
            timeout: counts from the next heartbeat.
            version: change only if this is still the present one.

        Raises:
            ValueError: the timeout is not above 0 or too long, or metadata or stats are not plain.
            RecordNotFound, RecordExpired: see :meth:`get`.
            InvalidTransition: the state may not follow the present one.
            StaleWrite: the record has another version: read it again.
            RecordExists: the connection is another record's.
            StoreUnavailable: not stored.
        """
        if isinstance(connection, str):
            connection = ConnectionId.parse(connection)

        def change(record: Record) -> Record:
            if version is not None and record.version != version:
                raise StaleWrite(f"The record has version {record.version} and not {version}.")
            if state is not None:
                check(record.state, state)
            return replace(
                record,
                state=state or record.state,
                metadata=record.metadata if metadata is None else plain({**record.metadata, **metadata}),
                stats=record.stats if stats is None else plain(stats),
                timeout=record.timeout if timeout is None else checked_timeout(timeout),
                connection=connection or record.connection,
                last_active=self._clock.now() if state is RecordState.ACTIVE else record.last_active,
                version=record.version + 1,
            )

        changed = await self._change(id_, change)
        if state is not None and not changed.live:
            await self._release(changed.user)
        return changed

    async def _change(self, id_: str, change: Callable[[Record], Record], token_hash: str | None = None) -> Record:
        await self._ledger.ready()
        async with self._locks(id_):
            entry = self._ledger.require(id_)
            changed = change(entry.record)
            self._ledger.book.free(changed)
            here = changed.connection  # whatever another process wrote, the connection is one of this process
            if entry.stored is not None:
                changed = await self._shelf.change(entry, lambda r: replace(change(r), connection=here), token_hash)
            elif token_hash is not None:
                entry.token_hash = token_hash
            if self._ledger.book.get(id_) is entry:
                kept = max(entry.record.expires, changed.expires)  # a heartbeat came while it was written
                self._ledger.book.put(replace(changed, expires=kept))
            return self._ledger.view(entry)

    async def heartbeat(self, id_: str) -> float:
        """Its holder lives: it has its whole timeout left again. Written later, together with others.

        Returns:
            seconds left. Come again after ``record.heartbeat_every``.

        Raises:
            RecordNotFound, RecordExpired: see :meth:`get`.
            InvalidTransition: it is closed.
        """
        await self._ledger.ready()
        entry = self._ledger.require(id_)
        self._refuse_closed(entry.record)
        now = self._clock.now()
        entry.record, entry.dirty = entry.record.extended(now), True
        return entry.record.left(now)

    async def touch(self, id_: str) -> Record:
        """Its holder uses the session: an idle record is active again, and its client connected.

        Raises:
            what :meth:`heartbeat` raises, and what opening the session raises.
        """
        await self._ledger.ready()
        entry = self._ledger.require(id_)
        self._refuse_closed(entry.record)
        if self._ledger.connector is not None:
            await self._ledger.connector.open(entry.record.user)
            entry = self._ledger.require(id_)
        wakes = entry.record.state is RecordState.IDLE
        entry.record = replace(
            entry.record,
            state=RecordState.ACTIVE if wakes else entry.record.state,
            version=entry.record.version + wakes,
            last_active=self._clock.now(),
        )
        entry.dirty = True
        return self._ledger.view(entry)

    @staticmethod
    def _refuse_closed(record: Record) -> None:
        if not record.live:
            raise InvalidTransition(f"The record is {record.state}.")

    # Tokens -------------------------------------------------------------------------------------------------------

    async def verify(self, id_: str, token: str) -> Record:
        """The record, if this is its token.

        Raises:
            RecordNotFound, RecordExpired: see :meth:`get`; the token ended with it.
            Forbidden: it is not.
        """
        await self._ledger.ready()
        entry = self._ledger.require(id_)
        if not tokens.fits(token, entry.token_hash):
            raise Forbidden("That is not the token of this record.")
        return self._ledger.view(entry)

    async def rotate_token(self, id_: str) -> str:
        """A new token, shown this once; the one before fits no longer. Raises what :meth:`update` raises."""
        token, kept = tokens.new_token()
        await self._change(id_, lambda record: replace(record, version=record.version + 1), kept)
        return token
