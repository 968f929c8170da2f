"""Who did, or tried to do, something to another person's session: kept in the store, bounded, for administrators.

Records are written behind, many in one write; equal ones that follow each other closely are one with a count. A day
has documents ``audit/{day}~{part}`` of a few hundred records each, and after a month they are removed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreError, StoreUnavailable
from bybot.sessions.backoff import Backoff
from bybot.stores.base import Condition, Delete, Document, Key, Patch, Put, Store, Write

log = logging.getLogger("bybot.audit")

AUDIT: Final = "audit"
KEEP_DAYS: Final = 30
_REMEMBERED: Final = 1000
_WAITING: Final = 5000
_PER_DOCUMENT: Final = 400
_PARTS_A_DAY: Final = 25
_SAME_SECONDS: Final = 60.0
_TRIES: Final = 5


@dataclass(frozen=True)
class AuditRecord:
    """Somebody did, or tried to do, something to another person's session.

    Attributes:
        caller: who, as a user key; ``operator`` is whoever holds the machine.
        user: whose session; ``*`` is everybody's.
        allowed: False: it was refused.
        count: how many times in a row.
    """

    at: datetime
    caller: str
    action: str
    user: str
    allowed: bool
    count: int = 1

    def same(self, other: AuditRecord) -> bool:
        """The same deed again, shortly after."""
        mine, others = ((r.caller, r.action, r.user, r.allowed) for r in (self, other))
        return mine == others and (other.at - self.at).total_seconds() < _SAME_SECONDS

    def concerns(self, person: str) -> bool:
        """Is it about this person, or one of the person's accounts?"""
        return any(who == person or who.startswith(f"{person}~") for who in (self.caller, self.user))


class Audit:
    """The audit log.

    Args:
        every: seconds that records wait for others before they are written together.
    """

    def __init__(self, clock: Clock, store: Store | None = None, *, every: float = 30.0) -> None:
        #: The newest records of this process.
        self.records: deque[AuditRecord] = deque(maxlen=_REMEMBERED)
        self._clock = clock
        self._store = store
        self._every = every
        self._waiting: deque[AuditRecord] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()
        self._busy = asyncio.Lock()
        self._purged: str | None = None

    def note(self, caller: str, action: str, user: str, *, allowed: bool) -> None:
        """Keep a record. Returns at once; it is written later."""
        record = AuditRecord(self._clock.now(), caller, action, user, allowed)
        verb = "used" if allowed else "was refused"
        log.log(logging.INFO if allowed else logging.WARNING, "%s %s %s of %s", caller, verb, action, user)
        self.records.append(record)
        if self._waiting and self._waiting[-1].same(record):
            last = self._waiting.pop()
            record = replace(last, count=last.count + 1)
        self._waiting.append(record)
        self._news.set()

    # Reading ------------------------------------------------------------------------------------------------------

    async def list(
        self, *, limit: int = 100, person: str | None = None, allowed: bool | None = None
    ) -> list[AuditRecord]:
        """The newest records, newest first, those that wait to be written among them.

        Args:
            person: a user key: only what this person did, or what was done to the person.
            allowed: only what was allowed, or only what was refused.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        async with self._busy:
            waiting = list(self._waiting)
            stored = [] if self._store is None else await self._store.query(AUDIT)
        found = [record for document in stored for record in _records(document)] + waiting
        chosen = [
            record
            for record in found
            if (person is None or record.concerns(person)) and allowed in (None, record.allowed)
        ]
        return sorted(chosen, key=lambda record: record.at, reverse=True)[: max(0, limit)]

    # Writing ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            await self._news.wait()
            await self._clock.sleep(self._every)
            backoff = Backoff(1.0, 60.0)
            while True:
                try:
                    await self.flush()
                    break
                except StoreError as error:
                    log.info("Audit records are written later: %s", error.code)
                except Exception:
                    log.exception("Audit records could not be written.")
                await self._clock.sleep(backoff.next())

    async def flush(self) -> None:
        """Write what waits now. Raises StoreUnavailable; then it goes on waiting."""
        async with self._busy:
            self._news.clear()
            if self._store is None:
                return
            while self._waiting:
                day = _day(self._waiting[0].at)
                batch: list[AuditRecord] = []
                while self._waiting and _day(self._waiting[0].at) == day and len(batch) < _PER_DOCUMENT:
                    batch.append(self._waiting.popleft())
                try:
                    await self._append(self._store, day, batch)
                except BaseException:
                    self._waiting.extendleft(reversed(batch))
                    raise
                await self._purge(self._store, day)

    async def close(self) -> None:
        """Write what waits, if the store answers."""
        try:
            await self.flush()
        except StoreError as error:
            log.warning("%d audit records were not stored: %s", len(self._waiting), error.code)

    async def _append(self, store: Store, day: str, batch: Sequence[AuditRecord]) -> None:
        part = 0
        for _ in range(_TRIES + _PARTS_A_DAY):
            key = Key(AUDIT, f"{day}~{part:02}")
            document = await store.get(key)
            former = [] if document is None else list(document.data.get("records", ()))
            if len(former) + len(batch) > _PER_DOCUMENT and former:
                part += 1
                if part >= _PARTS_A_DAY:
                    log.error("There are too many audit records today: %d were not stored.", len(batch))
                    return
                continue
            data = {"records": former + [asdict(record) for record in batch]}
            try:
                await store.commit([Put(key, data, if_=Condition.ABSENT if document is None else document.version)])
            except StaleWrite:
                continue
            return
        raise StoreUnavailable("the audit log's document changed again and again")

    async def _purge(self, store: Store, day: str) -> None:
        """Once a day: remove what is older than a month."""
        if self._purged == day:
            return
        oldest = _day(self._clock.now() - timedelta(days=KEEP_DAYS))
        old = [d.key for d in await store.query(AUDIT, fields=("day",)) if d.key.id < oldest]
        for start in range(0, len(old), 100):
            await store.commit([Delete(key) for key in old[start : start + 100]])
        self._purged = day

    # Forgetting ---------------------------------------------------------------------------------------------------

    async def erase(self, person: str) -> int:
        """Remove every record about a person (a user key) and the person's accounts. Returns how many there were.

        Raises:
            StoreUnavailable: not all could be removed; do it again.
        """
        async with self._busy:
            keep = [record for record in self._waiting if not record.concerns(person)]
            erased = len(self._waiting) - len(keep)
            self._waiting = deque(keep, maxlen=_WAITING)
            self.records = deque((r for r in self.records if not r.concerns(person)), maxlen=_REMEMBERED)
            if self._store is None:
                return erased
            for document in await self._store.query(AUDIT):
                erased += await _erase_from(self._store, document, person)
        return erased


async def _erase_from(store: Store, document: Document | None, person: str) -> int:
    while document is not None:
        records = _records(document)
        keep = [record for record in records if not record.concerns(person)]
        if len(keep) == len(records):
            return 0
        data = {"records": [asdict(record) for record in keep]}
        write: Write = (
            Patch(document.key, data, if_=document.version) if keep else Delete(document.key, document.version)
        )
        try:
            await store.commit([write])
        except StaleWrite:
            document = await store.get(document.key)
            continue
        return len(records) - len(keep)
    return 0


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _records(document: Document) -> list[AuditRecord]:
    """What a document holds; malformed entries are left out."""
    entries: Iterable[Any] = document.data.get("records") or ()
    return [record for record in map(_record, entries) if record is not None]


def _record(entry: Any) -> AuditRecord | None:
    if not isinstance(entry, Mapping):
        return None
    try:
        record = AuditRecord(**entry)
    except TypeError:
        return None
    return record if isinstance(record.at, datetime) else None
