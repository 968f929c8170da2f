"""Records as they are at this moment: what expired is gone for every reader, whether or not somebody swept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from bybot.clock import Clock
from bybot.errors import RecordExpired, RecordNotFound, StoreUnavailable
from bybot.sessions.records.book import Book, Entry
from bybot.sessions.records.model import Record, RecordSettings, RecordState

_LOAD_SECONDS: Final = 10.0
_REMEMBERED: Final = 1000  # ended records whose end is still explained


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known of the client behind a record: its traffic, and when it was used last."""

    traffic: Mapping[str, Any]
    last_active: datetime | None


class Connector(Protocol):
    """Opens and lets go of the connections that records stand for."""

    async def open(self, user: str) -> None:
        """Make sure that the session is connected. Raises what the manager raises."""

    async def release(self, user: str) -> None:
        """No record needs the session's connection any more: end it unless somebody else uses it."""

    def facts(self, user: str) -> ClientFacts | None:
        """None: there is no client now."""


class Ledger:
    """The book, read with the clock in hand."""

    def __init__(self, clock: Clock, settings: RecordSettings, connector: Connector | None) -> None:
        self.book = Book()
        self.clock = clock
        self.settings = settings
        self.connector = connector
        #: Raises when this process does not serve the records, or, asked with True, not all of them any more; None: it
        #: always does.
        self.gate: Callable[[bool], None] | None = None
        #: The stored records were read.
        self.loaded = asyncio.Event()
        self._ended: OrderedDict[str, tuple[type[RecordNotFound] | type[RecordExpired], str]] = OrderedDict()

    async def ready(self, *, all_here: bool = False) -> None:
        """Pass when this process serves the records and knows them.

        Args:
            all_here: pass only when none of them was given to another process.

        Raises:
            OwnedElsewhere: another process does.
            StoreUnavailable: they cannot be read.
        """
        if self.gate is None:
            return
        self.gate(all_here)
        if not self.loaded.is_set():
            try:
                async with asyncio.timeout(_LOAD_SECONDS):
                    await self.loaded.wait()
            except TimeoutError:
                raise StoreUnavailable("Session records cannot be read yet.") from None
            self.gate(all_here)

    def learn(self, known: Entry, found: Entry) -> None:
        """Another process wrote this record: what it wrote counts. Ours adds what is written later only: heartbeats,
        uses, and whether it is idle."""
        ours, theirs = known.record, found.record
        later = ours.live and theirs.live and ours.last_active >= theirs.last_active
        state = ours.state if later else theirs.state
        merged = replace(
            theirs,
            connection=ours.connection,
            state=state,
            expires=max(ours.expires, theirs.expires),
            last_active=max(ours.last_active, theirs.last_active),
            version=theirs.version if state is theirs.state else max(ours.version, theirs.version) + 1,
        )
        self.book.put(merged)
        known.stored, known.token_hash = found.stored, found.token_hash
        known.dirty = known.record != replace(theirs, connection=ours.connection)

    def now(self, entry: Entry) -> Record:
        """The record, which becomes idle when it was not used for long."""
        record, after = entry.record, self.settings.idle_after
        if record.attached or record.state is not RecordState.ACTIVE or not after:
            return record
        used = record.last_active
        facts = None if self.connector is None else self.connector.facts(record.user)
        if facts is not None and facts.last_active is not None and facts.last_active > used:
            used = facts.last_active
        if (self.clock.now() - used).total_seconds() >= after:
            entry.record = replace(record, state=RecordState.IDLE, last_active=used, version=record.version + 1)
            entry.dirty = True
        return entry.record

    def over(self, record: Record) -> bool:
        """Has it expired? A record of the pool's own cannot while its client is connected."""
        held = record.attached and record.state is not RecordState.IDLE
        return not held and self.clock.now() >= record.expires

    def present(self) -> list[Entry]:
        """Every record that has not expired, in the order of ids."""
        return [entry for entry in self.book.after(None) if not self.over(self.now(entry))]

    def require(self, id_: str) -> Entry:
        """The record of an id.

        Raises:
            RecordNotFound, RecordExpired: there is none (any more).
            OwnedElsewhere: another process has taken it over.
        """
        entry = self.book.get(id_)
        if entry is None:
            if self.gate is not None and id_ not in self._ended:
                self.gate(True)
            kind, reason = self._ended.get(id_, (RecordNotFound, ""))
            raise kind("There is no such record.", reason=reason)
        if self.over(self.now(entry)):
            raise RecordExpired("The record has expired.", reason="expired")
        return entry

    def view(self, entry: Entry) -> Record:
        """A copy for a reader, with the traffic of its client."""
        record = self.now(entry).copy()
        facts = None if self.connector is None else self.connector.facts(record.user)
        if record.attached and record.state is not RecordState.IDLE:
            record = record.extended(self.clock.now())
        if facts is None:
            return record
        used = record.last_active if facts.last_active is None else max(record.last_active, facts.last_active)
        return replace(record, stats={**record.stats, "traffic": dict(facts.traffic)}, last_active=used)

    def end(self, id_: str, *, reason: str, expired: bool = False) -> Entry | None:
        """Forget a record but for why it ended."""
        entry = self.book.drop(id_)
        if entry is not None and not entry.record.attached:
            self._ended[id_] = (RecordExpired if expired else RecordNotFound, reason)
            if len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)
        return entry
