"""Restoring a backup into a store: what is missing comes back, what is newer stays, and no login connects by itself.

The process whose store the backup was made of may still be running, so a restored login is detached: it connects
when somebody states that no other copy of it is in use. People who had themselves forgotten stay forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from bybot.errors import CorruptDocument, KeyInUse, StaleWrite, VaultError
from bybot.ids import user_id_from_key
from bybot.sessions.backupfile import Saved, check, documents
from bybot.sessions.core import Core
from bybot.sessions.model import SESSIONS, SessionRecord, SessionState, session_key
from bybot.stores.base import SERVER_TIME, Condition, Document, Put

log = logging.getLogger(__name__)

_FORGET: Final = "forget"
#: Facts that are read from a session's fields or set anew, and not taken over.
_NOT_KEPT: Final = {"owner", "token", "state", "reason", "since", "session_data", "sealed_with", "key_hmac", "saved_at"}


@dataclass(frozen=True)
class Restored:
    """What :meth:`Portable.restore` did.

    Attributes:
        name, created_at: of the backup.
        restored: how many documents of each collection were written.
        kept: how many of each stayed as they are in the store: as new as the backup's, or newer.
        forgotten: how many of each belong to people who had themselves forgotten since, and were left out.
        detached: people whose login is there again, and waits to be attached.
        ready: people whose login is there and may connect.
        refused: sessions that were not restored, by person, and why.
    """

    name: str
    created_at: datetime
    restored: Mapping[str, int]
    kept: Mapping[str, int]
    forgotten: Mapping[str, int]
    detached: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


async def apply_backup(core: Core, file: BinaryIO, *, bot_id: str, other_copy_stopped: bool) -> Restored:
    """Restore a backup that is open for reading. All of it is checked before anything is written.

    Args:
        other_copy_stopped: whoever restores states that nothing else uses these logins. It counts only in a store
            without sessions; else they are detached in any case.

    Raises:
        UnreadableBackup, WrongKey, KeyMissing: nothing was changed.
        OwnedElsewhere, Fenced, StoreUnavailable: do it again; what was restored stays.
    """
    core.require()
    head, _ = await asyncio.to_thread(check, file, core.codec.vault, bot_id=bot_id)
    work = _Recovery(core, ready=other_copy_stopped and await _empty(core))
    chunks = documents(file, core.codec.vault)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        for saved in chunk:
            await work.take(saved)
    core.recount = True
    for user in work.ready_users:
        core.pool.revive(user)
    log.info("The backup %s was restored: %d documents.", head.name, work.restored.total())
    return Restored(
        head.name,
        head.created_at,
        dict(work.restored),
        dict(work.kept),
        dict(work.forgotten),
        tuple(map(user_id_from_key, work.detached_users)),
        tuple(map(user_id_from_key, work.ready_users)),
        work.refused,
    )


async def _empty(core: Core) -> bool:
    sessions = [SessionRecord.of(d) for d in await core.store.query(SESSIONS, fields=("state",))]
    return not any(record.exists for record in sessions)


class _Recovery:
    """Writes one document after the other, and counts."""

    def __init__(self, core: Core, *, ready: bool) -> None:
        self.restored: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.forgotten: Counter[str] = Counter()
        self.detached_users: list[str] = []
        self.ready_users: list[str] = []
        self.refused: dict[str, str] = {}
        self._core = core
        self._ready = ready
        self._gone: dict[str, bool] = {}
        self._left_out: set[str] = set()

    async def take(self, saved: Saved) -> None:
        collection = saved.key.collection
        if collection == SESSIONS:
            await self._session(saved)
        elif await self._is_forgotten(saved):
            self.forgotten[collection] += 1
        elif await self._plain(saved):
            self.restored[collection] += 1
        else:
            self.kept[collection] += 1

    async def _plain(self, saved: Saved) -> bool:
        """Write a document unless the store has it as new or newer."""
        present = await self._core.store.get(saved.key)
        if present is not None and present.update_time >= saved.update_time:
            return False
        condition = Condition.ABSENT if present is None else present.version
        try:
            await self._core.store.commit([Put(saved.key, saved.data, if_=condition)])
        except StaleWrite:
            return False  # somebody writes it at this moment: that is newer
        return True

    async def _is_forgotten(self, saved: Saved) -> bool:
        """Whether it belongs to a person whose tombstone says that they had themselves forgotten."""
        id_, _, part = saved.key.id.partition(":")
        if part:  # a part of a document that came just before
            return id_ in self._left_out
        owner = saved.data.get("user") if saved.key.collection == "pair_states" else id_
        if not isinstance(owner, str):
            return False
        if owner not in self._gone:
            self._gone[owner] = _was_forgotten(await self._tombstone(owner))
        if self._gone[owner]:
            self._left_out.add(id_)
        return self._gone[owner]

    async def _tombstone(self, user: str) -> Document | None:
        try:
            return await self._core.store.get(session_key(user))
        except ValueError:
            return None  # no user's key

    async def _session(self, saved: Saved) -> None:
        user = saved.key.id
        record = SessionRecord.of(Document(saved.key, saved.data, "", saved.update_time, saved.update_time))
        present = await self._core.store.get(saved.key)
        if not record.exists or record.session_data is None:
            self.kept[SESSIONS] += 1  # a tombstone keeps a deleted session from coming back; it brings nothing back
            return
        if present is not None and SessionRecord.of(present).exists:
            self.kept[SESSIONS] += 1
            return
        if present is not None:
            self.forgotten[SESSIONS] += 1  # deleted since the backup was made: only a new login brings it back
            return
        try:
            fields = await asyncio.to_thread(self._fields, record, saved.data)
            await self._core.require().lay_down(user, fields, over=lambda former: former is None, above=record.token)
        except StaleWrite:
            self.kept[SESSIONS] += 1
            return
        except (KeyInUse, VaultError, CorruptDocument) as error:
            self.refused[user_id_from_key(user)] = error.message
            return
        self.restored[SESSIONS] += 1
        state = fields["state"]
        if state == SessionState.DETACHED.value:
            self.detached_users.append(user)
        elif state == SessionState.READY.value:
            self.ready_users.append(user)

    def _fields(self, record: SessionRecord, data: Mapping[str, Any]) -> dict[str, Any]:
        """A session as it is laid down: its facts, and its login sealed and named anew."""
        codec, now = self._core.codec, self._core.clock.now()
        fields = {name: value for name, value in data.items() if name not in _NOT_KEPT}
        fields |= codec.pack(record.user, codec.unpack(record).snapshot(), now)
        if record.state is SessionState.REVOKED:
            return fields | {"state": SessionState.REVOKED.value, "reason": record.reason, "since": record.since}
        if self._ready and record.state is SessionState.READY:
            return fields | {"state": SessionState.READY.value}
        return fields | {"state": SessionState.DETACHED.value, "reason": "restored", "since": SERVER_TIME}


def _was_forgotten(document: Document | None) -> bool:
    if document is None:
        return False
    record = SessionRecord.of(document)
    return not record.exists and record.reason == _FORGET
