"""What is written while sessions live: update states and entities at long intervals, counts, and everything at the end.

An idle session costs no write. Facts of use are kept in memory and written together with what changed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from bybot.errors import CorruptDocument, Fenced, StaleWrite, StoreError, Tampered
from bybot.sessions.backoff import Backoff
from bybot.sessions.claims import Claim, Claims
from bybot.sessions.core import Core
from bybot.sessions.model import FACTS, METADATA, SESSIONS, SessionRecord, SessionState
from bybot.sessions.pool import Live
from bybot.sessions.stored import StoredSession
from bybot.stores.base import SERVER_TIME, Condition, Delete, Patch, Put, Where

log = logging.getLogger(__name__)

#: That a session was used is written with whatever else changed, and by itself at most that often.
USE_SECONDS: Final = 86_400.0
_PACK_AT_ONCE: Final = 25
_RETRY_PAUSE: Final = 0.3
#: Seconds between two tries at most, and after how many failed writes in a row the others wait too.
_LONGEST_PAUSE: Final = 60.0
_MISSES: Final = 3
_DAY: Final = 86_400.0
_TOMBSTONE_LIFE: Final = timedelta(days=30)
_DELETED: Final = Where("state", SessionState.DELETED.value)


class Upkeep:
    """Writes for live sessions.

    Args:
        every: seconds between two checkpoints of changed sessions.
    """

    def __init__(self, core: Core, *, every: float) -> None:
        self._core = core
        self._every = every
        self._failed: set[Claim] = set()

    async def run(self, claims: Claims) -> None:
        """Checkpoints, and once a day tombstones, until cancelled.

        What could not be written is tried again with growing pauses.
        """
        backoff: Backoff | None = None
        purged = self._core.clock.elapsed() - _DAY
        while True:
            await self._core.clock.sleep(self._every if backoff is None else backoff.next())
            try:
                await self.checkpoint(claims)
                if self._core.clock.elapsed() - purged >= _DAY:
                    purged = self._core.clock.elapsed()
                    await self.purge_tombstones()
                if self._core.recount:
                    await self.write_metadata()
                late = bool(self._failed)
            except StoreError as error:
                log.warning("A checkpoint of sessions is put off: %s", error)
                late = True
            backoff = (backoff or Backoff(min(1.0, self._every), _LONGEST_PAUSE)) if late else None

    async def checkpoint(self, claims: Claims) -> int:
        """Write what changed since the last time. Returns how many sessions there were to write.

        Those that failed the last time are written one by one, so that one that cannot be written keeps no other back.
        """
        changed = [
            live
            for live in self._core.pool.live.values()
            if claims.held.get(live.claim.user) is live.claim and self._is_due(live)
        ]
        alone = [live for live in changed if live.claim in self._failed]
        random.shuffle(alone)
        together = [live for live in changed if live.claim not in self._failed]
        chunks = [together[start : start + _PACK_AT_ONCE] for start in range(0, len(together), _PACK_AT_ONCE)]
        self._failed &= {live.claim for live in alone}
        misses = 0
        for chunk in (*chunks, *([live] for live in alone)):
            misses = misses + 1 if await self._save(claims, chunk) else 0
            if misses >= _MISSES:
                break  # the store is away: not every session has to find that out
        return len(changed)

    async def _save(self, claims: Claims, lives: list[Live]) -> bool:
        """Write them; whether any of them failed."""
        revisions = [live.session.revision for live in lives]
        failed = await self._write(claims, lives)
        for live, revision in zip(lives, revisions, strict=True):
            if live.claim not in failed:
                live.saved = live.stored = revision
                self._failed.discard(live.claim)
        self._failed |= failed
        return bool(failed)

    async def write(self, live: Live) -> bool:
        """Write what a client that has ended knew, if it is worth it; the claim is kept. False: not written.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process may not act now.
        """
        if not self._worth_writing(live):
            return True
        claims, revision = self._core.require(), live.session.revision
        if await self._write(claims, [live]):
            return False
        live.saved = live.stored = revision
        return True

    def _is_due(self, live: Live) -> bool:
        """While it lives: what changed is written; mere use can wait."""
        if live.session.revision != live.saved:
            return True
        return self._used(live) is not None and self._core.clock.elapsed() - live.since >= USE_SECONDS

    def _worth_writing(self, live: Live) -> bool:
        return live.session.revision != live.saved or self._used(live) is not None

    def _used(self, live: Live) -> datetime | None:
        """When it was last used, if that was since it was last written."""
        if live.last_used is None or live.last_used <= live.since:
            return None
        ago = self._core.clock.elapsed() - live.last_used
        return self._core.clock.now() - timedelta(seconds=ago)

    async def _write(self, claims: Claims, lives: list[Live], release: Mapping[str, Any] | None = None) -> set[Claim]:
        """Returns the claims whose write failed.

        Args:
            release: what giving them back writes, too; None: they are kept.
        """
        now, written = self._core.clock.now(), self._core.clock.elapsed()
        known = [live.saved if release is None else live.stored for live in lives]
        changed = [live.session for live, seen in zip(lives, known, strict=True) if live.session.revision != seen]
        if changed:
            await asyncio.to_thread(_prepare, changed)
        snapshots = [
            live.session.snapshot() if live.session.revision != revision else None
            for live, revision in zip(lives, known, strict=True)
        ]
        used = [self._used(live) for live in lives]

        def pack() -> list[dict[str, Any]]:
            return [
                {} if image is None else self._core.codec.pack(live.claim.user, image, now)
                for live, image in zip(lives, snapshots, strict=True)
            ]

        updates: list[tuple[Claim, dict[str, Any]]] = []
        for live, data, when in zip(lives, await asyncio.to_thread(pack), used, strict=True):
            if when is not None:
                data["last_used_at"] = when
            updates.append((live.claim, data | dict(release or {})))
        failed = await claims.save_many(updates)
        for claim, error in failed:
            log.warning("The session of %s was not written: %s", claim.user, error)
        unwritten = {claim for claim, _ in failed}
        for live in lives:
            if live.claim not in unwritten:
                live.since = written
        return unwritten

    async def release_all(self, claims: Claims, lives: list[Live], *, seconds: float) -> list[str]:
        """Write every session that ended and give it back, within that many seconds.

        Returns:
            the users whose last changes could not be written. Their stored sessions are the ones before.
        """
        return await self.release(claims, list(claims.held.values()), lives, seconds=seconds)

    async def release(
        self,
        claims: Claims,
        given: list[Claim],
        lives: list[Live],
        *,
        seconds: float,
        reserved_for: str | None = None,
    ) -> list[str]:
        """Write what ended clients of these claims knew, and give the claims back.

        Args:
            reserved_for: the instance that alone may claim them while it lives; None: whoever leads.

        Returns:
            see :meth:`release_all`.
        """
        release: dict[str, Any] = {"owner": None}
        if reserved_for is not None:
            release["reserved_for"] = reserved_for
        deadline = self._core.clock.elapsed() + seconds
        waiting = [live for live in lives if claims.held.get(live.claim.user) is live.claim]
        known = {live.claim for live in waiting}
        bare = [claim for claim in given if claim not in known]
        while True:
            again: list[Live] = []
            for start in range(0, len(waiting), _PACK_AT_ONCE):
                chunk = waiting[start : start + _PACK_AT_ONCE]
                failed = await self._write(claims, chunk, release)
                again += [live for live in chunk if live.claim in failed and claims.held.get(live.claim.user)]
            failed_bare = await claims.save_many([(claim, release) for claim in bare])
            bare = [claim for claim, error in failed_bare if not isinstance(error, Fenced)]
            waiting = again
            if (not waiting and not bare) or self._core.clock.elapsed() + _RETRY_PAUSE >= deadline:
                break
            await self._core.clock.sleep(_RETRY_PAUSE)
        return [live.claim.user for live in waiting]

    # Tombstones ---------------------------------------------------------------------------------------------------

    async def purge_tombstones(self) -> int:
        """Remove tombstones after 30 days: no write that was under way when the session was deleted can still come.

        Returns:
            how many were removed.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        removed = 0
        for document in await self._core.store.query(SESSIONS, _DELETED, fields=("deleted_at",)):
            deleted_at = document.data.get("deleted_at")
            if isinstance(deleted_at, datetime) and document.read_time - deleted_at >= _TOMBSTONE_LIFE:
                with suppress(StaleWrite):  # somebody has just logged in again
                    await self._core.store.commit([Delete(document.key, if_=document.version)])
                    removed += 1
        return removed

    # Metadata -----------------------------------------------------------------------------------------------------

    async def check_key(self) -> None:
        """Compare the configured keys with those that sealed what is stored.

        Raises:
            WrongKey, KeyMissing: they differ; nothing was changed.
            StoreUnavailable: the store does not answer.
        """
        document = await self._core.store.get(METADATA)
        known = document.data.get("key_check") if document is not None else None
        if isinstance(known, str):
            await asyncio.to_thread(self._core.codec.check_key, known)
            return
        for sample in await self._core.store.query(SESSIONS, limit=5):
            record = SessionRecord.of(sample)
            if record.session_data is not None:
                with suppress(Tampered, CorruptDocument):  # that one alone; whoever asks for it is told
                    await asyncio.to_thread(self._core.codec.unpack, record)
                    return

    async def write_metadata(self) -> None:
        """Counts, and a value by which a later start recognises its keys. Raises StoreUnavailable."""
        records = [SessionRecord.of(d) for d in await self._core.store.query(SESSIONS, fields=FACTS)]
        counts = count(records)
        data = {**counts, "key_check": self._core.codec.key_check(), "updated_at": SERVER_TIME}
        try:
            # What an older version noted there is kept, until its sessions were migrated.
            await self._core.store.commit([Patch(METADATA, data)])
        except StaleWrite:
            await self._core.store.commit([Put(METADATA, data, if_=Condition.ABSENT)])
        self._core.recount = False


def _prepare(sessions: list[StoredSession]) -> None:
    for session in sessions:
        session.prepare()


def count(records: list[SessionRecord]) -> dict[str, int]:
    """How many sessions there are, by kind and state. Tombstones do not count."""
    there = [record for record in records if record.exists]
    return {
        "total_sessions": len(there),
        "user_sessions": sum(not record.is_bot for record in there),
        "bot_sessions": sum(record.is_bot for record in there),
        "revoked_sessions": sum(record.state is SessionState.REVOKED for record in there),
    }
