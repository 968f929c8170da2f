"""Bringing sessions of older layouts into the present one, without loss.

Of several logins of one person the one used last becomes the session; the others are kept beside it, detached. The
same login twice is stored once. Each copy is read back and compared before its original goes, and an original that
another program may still be using does not go at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bybot.errors import CorruptDocument, KeyInUse, StaleWrite, VaultError
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.core import Core
from bybot.sessions.imported import session_fields
from bybot.sessions.model import SessionRecord, SessionState, session_key
from bybot.sessions.older import Found, Older, Stamp, stamp_of
from bybot.stores.base import DELETE_FIELD, SERVER_TIME, Delete, Document, Patch, Put
from bybot.stores.files import Files

log = logging.getLogger(__name__)

_REASON: Final = "imported"
_ASIDE: Final = "older_copy"


@dataclass(frozen=True)
class Migration:
    """What :meth:`Portable.migrate` did, or would do in a dry run. Sources are paths or names of documents.

    Attributes:
        migrated: by source, whose session it became.
        aside: by source, under which name an older login of the same person is kept, detached.
        duplicates: sources whose login another source holds too.
        refused: sources that were left as they are, and why.
        removed: originals that are gone, because their copy was read back and nobody else may be using them.
        ready: the sessions may connect; False: they are detached until somebody attaches them.
    """

    migrated: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    ready: bool = False
    dry_run: bool = False


async def migrate(core: Core, found: Found, *, other_copy_stopped: bool, dry_run: bool) -> Migration:
    """Store what was found.

    Args:
        other_copy_stopped: no other program uses these logins: the sessions connect, and originals go.

    Raises:
        OwnedElsewhere, Fenced, StoreUnavailable: do it again; what was stored stays, and originals are untouched.
    """
    core.require()
    work = _Migration(core, ready=other_copy_stopped, dry_run=dry_run)
    work.refused.update(found.unreadable)
    people: dict[str, list[Older]] = defaultdict(list)
    for older in found.sessions:
        people[older.user].append(older)
    for group in people.values():
        await work.person(sorted(group, key=lambda older: older.when, reverse=True))
    core.recount = True
    if other_copy_stopped and not dry_run:
        for user in work.migrated.values():
            core.pool.revive(user_key(user))
    return Migration(
        work.migrated,
        work.aside,
        tuple(work.duplicates),
        work.refused,
        tuple(work.removed),
        other_copy_stopped,
        dry_run,
    )


class _Migration:
    """Works off one person after the other."""

    def __init__(self, core: Core, *, ready: bool, dry_run: bool) -> None:
        self.migrated: dict[str, str] = {}
        self.aside: dict[str, str] = {}
        self.duplicates: list[str] = []
        self.refused: dict[str, str] = {}
        self.removed: list[str] = []
        self._core = core
        self._ready = ready
        self._dry_run = dry_run

    async def person(self, group: list[Older]) -> None:
        """All logins of one person, the one used last first."""
        newest = group[0]
        kept: dict[bytes, Older] = {}
        for older in group:
            if older.login.auth_key in kept:
                self.duplicates.append(older.source)
            else:
                kept[older.login.auth_key] = older
        # The others first: one of them may stand where the newest belongs.
        stored: set[bytes] = set()
        for key, older in kept.items():
            if older is not newest and await self._put_aside(older):
                stored.add(key)
        # What may be replaced by the newest: documents whose login is stored elsewhere, or is the very same.
        safe = stored | {newest.login.auth_key}
        over = {older.document.version for older in group if older.document and older.login.auth_key in safe}
        if await self._become_session(newest, over):
            stored.add(newest.login.auth_key)
        for older in group:
            if older.login.auth_key in stored and not self._dry_run:
                await self._remove_original(older)

    async def _become_session(self, older: Older, over: set[str]) -> bool:
        user = user_key(older.user)
        state = SessionState.READY if self._ready else SessionState.DETACHED
        if not await self._store(older, user, {"state": state.value, "reason": _REASON}, over):
            return False
        self.migrated[older.source] = older.user
        return True

    async def _put_aside(self, older: Older) -> bool:
        label = older.host or (self._core.codec.key_name(older.login.auth_key) or "older")[:8]
        user = user_key(f"{older.user}_{label}")
        over = set() if older.document is None else {older.document.version}
        if not await self._store(older, user, {"state": SessionState.DETACHED.value, "reason": _ASIDE}, over):
            return False
        self.aside[older.source] = user_id_from_key(user)
        return True

    async def _store(self, older: Older, user: str, state: dict[str, Any], over: set[str]) -> bool:
        """Store a login, and read it back. False: it was refused."""

        def free(now: SessionRecord | None) -> bool:
            return now is None or now.version in over

        present = await self._core.store.get(session_key(user))
        if present is not None and self._is_copy(SessionRecord.of(present), older):
            return await self._stored_before(present, state)
        if not free(None if present is None else SessionRecord.of(present)):
            self.refused[older.source] = "There is a session already, or there was one that was deleted."
            return False
        if self._dry_run:
            return True
        fields = await asyncio.to_thread(session_fields, self._core, user, older.login)
        fields |= _times(older) | state | {"since": SERVER_TIME}
        try:
            await self._core.require().lay_down(user, fields, over=free)
            await self._verify(user, older, present)
        except (KeyInUse, StaleWrite, VaultError, CorruptDocument) as error:
            self.refused[older.source] = error.message
            return False
        return True

    def _is_copy(self, record: SessionRecord, older: Older) -> bool:
        """Whether the login is there already, from a run that did not come to its end or did not make it ready."""
        name = self._core.codec.key_name(older.login.auth_key)
        return record.state in (SessionState.READY, SessionState.DETACHED) and name == record.key_hmac is not None

    async def _stored_before(self, present: Document, state: dict[str, Any]) -> bool:
        ready = SessionState.READY.value
        if state["state"] == ready != present.data.get("state") and not self._dry_run:
            free = {"state": ready, "reason": DELETE_FIELD, "since": DELETE_FIELD}
            await self._core.store.commit([Patch(present.key, free, if_=present.version)])
        return True

    async def _verify(self, user: str, older: Older, before: Document | None) -> None:
        """Read a copy back.

        Raises:
            VaultError, CorruptDocument: it is not what it was made of; what stood there before stands there again.
        """
        document = await self._core.store.get(session_key(user))
        if document is None:
            raise CorruptDocument("The copy is not there.")
        try:
            session = await asyncio.to_thread(self._core.codec.unpack, SessionRecord.of(document))
            if session.stored_key != older.login.auth_key or session.dc_id != older.login.dc_id:
                raise CorruptDocument("The copy is not what it was made of.")
        except (VaultError, CorruptDocument):
            if before is not None:
                await self._core.store.commit([Put(document.key, before.data, if_=document.version)])
            raise

    async def _remove_original(self, older: Older) -> None:
        """In the store an original goes once its copy is there; from a disk, when nobody else uses it any more."""
        if older.path is not None and self._ready:
            if not await asyncio.to_thread(_unlink, older.path, older.stamp):
                return
        elif older.document is not None:
            try:
                await self._core.store.commit([Delete(older.document.key, if_=older.document.version)])
            except StaleWrite:
                return  # a copy stands in its place; or another program has just written it
        else:
            return
        self.removed.append(older.source)


def _times(older: Older) -> dict[str, Any]:
    times: dict[str, Any] = {"last_used_at": older.when}
    if older.created is not None:
        times["created_at"] = older.created
    return times


def _unlink(path: Path, stamp: Stamp | None) -> bool:
    """Remove a file if it is the same still. In the store's own directory it was put aside for its copy meanwhile."""
    for place in (path, *path.parent.glob(f"{path.name}.corrupt-*")):
        if place.is_file() and stamp_of(place.stat()) == stamp:
            place.unlink()
            Files().flush_directory(path.parent)
            return True
    return False
