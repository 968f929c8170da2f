"""Each person's own state of the chat, durable after every update: language, the dialogue under way, message ids.

One document per person in ``bot_states``. It is loaded before anything handles an update and written after it, only
when it changed; an emptied state is deleted. Writes are conditional on the version that was read, so that a state that
failed to load, or that another process moved meanwhile, is never overwritten.
"""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

from bybot.bot.migrations import READABLE_FROM, SCHEMA, migrated, schema_of
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.ids import user_id_from_key, user_key
from bybot.stores.base import Condition, Delete, Document, Key, Put, Store, Where

COLLECTION: Final = "bot_states"
#: The name under which a dialogue stands in the state.
WIZARD: Final = "wizard"
State = dict[str, Any]


@dataclass
class _Entry:
    live: State
    #: What is stored; None: not in this form yet, so that it is written even when nothing changes.
    saved: State | None
    version: str | None
    schema: int = SCHEMA
    readable_from: int = READABLE_FROM


class UserStates:
    """The states of all people, cached once read. One lock a person; different people never wait for each other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: dict[int, _Entry] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def lock(self, user_id: int) -> asyncio.Lock:
        """Whoever reads and changes a person's state holds this. It is not reentrant."""
        lock = self._locks.get(user_id)
        if lock is None:
            lock = self._locks[user_id] = asyncio.Lock()
        return lock

    async def load(self, user_id: int) -> State:
        """The live state; change it in place and :meth:`save`.

        Raises:
            StoreUnavailable: it could not be read; nothing is cached, so nothing can be overwritten.
            CorruptDocument: it was kept aside; the next load starts anew.
            NewerSchema: a newer version wrote it; it is left as it is.
        """
        entry = self._entries.get(user_id)
        if entry is None:
            entry = self._entries[user_id] = _read(await self._store.get(_key(user_id)), user_key(user_id))
        return entry.live

    def adopt(self, user_id: int, mapping: State) -> None:
        """Make ``mapping`` the live object of a loaded state, with the state's content."""
        entry = self._entries[user_id]
        if entry.live is not mapping:
            mapping.clear()
            mapping.update(entry.live)
            entry.live = mapping

    async def save(self, user_id: int) -> bool:
        """Write the live state when it changed.

        Returns:
            Whether anything was written.

        Raises:
            StaleWrite: another process moved it; the cache is dropped and the next load reads anew.
            StoreUnavailable: the outcome is unknown; the cache is dropped likewise.
            ValueError: a value that cannot be stored, named.
        """
        entry = self._entries.get(user_id)
        if entry is None or entry.live == entry.saved:
            return False
        wanted = copy.deepcopy(entry.live)
        key = _key(user_id)
        condition = Condition.ABSENT if entry.version is None else entry.version
        document = {
            "schema": entry.schema,
            "readable_from": entry.readable_from,
            "waiting": WIZARD in wanted,
            "data": wanted,
        }
        try:
            done = await self._store.commit([Put(key, document, condition) if wanted else Delete(key, condition)])
        except (StaleWrite, StoreUnavailable):
            self._entries.pop(user_id, None)
            raise
        except ValueError:
            entry.live.clear()
            entry.live.update(copy.deepcopy(entry.saved or {}))
            raise
        entry.saved = wanted
        entry.version = done.versions.get(key) if wanted else None
        return True

    async def erase(self, user_id: int) -> None:
        """Delete the state, whatever its version.

        Raises:
            StoreUnavailable: whether it is gone is unknown.
        """
        entry = self._entries.pop(user_id, None)
        if entry is not None:
            entry.live.clear()
        await self._store.commit([Delete(_key(user_id))])

    def forget_cache(self) -> None:
        """Read anew from now on: another process may have been the active one meanwhile."""
        self._entries.clear()

    async def waiting(self) -> list[int]:
        """The people who have a dialogue under way, as stored."""
        found = await self._store.query(COLLECTION, Where("waiting", True), fields=["waiting"])
        return [int(key) for document in found if (key := user_id_from_key(document.key.id)).lstrip("-").isdigit()]


def _key(user_id: int) -> Key:
    return Key(COLLECTION, user_key(user_id))


def _read(document: Document | None, user: str) -> _Entry:
    if document is None:
        return _Entry({}, {}, None)
    fields = copy.deepcopy(dict(document.data))
    live, schema = migrated(fields, user), schema_of(fields)
    saved = copy.deepcopy(live) if schema >= SCHEMA else None
    readable_from = fields.get("readable_from") if schema > SCHEMA else None
    if not isinstance(readable_from, int):
        readable_from = READABLE_FROM
    return _Entry(live, saved, document.version, max(schema, SCHEMA), readable_from)
