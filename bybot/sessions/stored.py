"""A Telethon session kept in memory, to and from bytes.

It differs from Telethon's MemorySession where that would lose a login or grow without end:

- Entities and channel states are bounded and forgotten by age of use. What a session was loaded with stays packed
  until something asks for it: most sessions of a process are idle, and few ask.
- ``save()`` does nothing. Telethon calls it whenever it likes; :attr:`revision` tells whether anything changed.
- What is written always carries an authorised key once there was one: while Telethon moves to another data centre it
  holds an empty key for a moment.
- ``clone()``, which Telethon uses for file servers, gives a plain MemorySession that is never stored.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from telethon.crypto import AuthKey
from telethon.sessions import MemorySession
from telethon.tl import types
from telethon.tl.types.updates import State

from bybot.sessions import image as images
from bybot.sessions.image import Entity, Image, UpdateState

MAX_ENTITIES: Final = 1000
MAX_STATES: Final = 500
_SELF: Final = 0  # the entity whose access hash is the account's own id
_ACCOUNT: Final = 0  # the update state of the account
_NO_IDS: Final = array("q")
_ANY_DAY: Final = datetime(2013, 8, 14, tzinfo=UTC)


class StoredSession(MemorySession):
    """See the module. Made by the constructor (empty) or :meth:`from_bytes`."""

    # What :meth:`prepare` read, and of which bytes; most sessions never have it.
    _parsed: tuple[bytes, Image] | None = None

    def __init__(self, *, max_entities: int = MAX_ENTITIES, max_states: int = MAX_STATES) -> None:
        super().__init__()
        del self._entities, self._update_states  # replaced by what follows
        self._max_entities = max_entities
        self._max_states = max_states
        # Most recently used last.
        self._rows: dict[int, Entity] = {}
        self._states: dict[int, UpdateState] = {}
        # What it was loaded with, compressed, and the sorted ids of the entities in it; None: unpacked.
        self._packed: bytes | None = None
        self._packed_ids = _NO_IDS
        self._authorised: tuple[int, str | None, int | None, bytes] | None = None
        #: Grows with every change that is worth storing.
        self.revision = 0
        #: True once the login was ended through this session (``client.log_out()``).
        self.deleted = False
        self._on_delete: Callable[[], None] | None = None

    # To and from bytes --------------------------------------------------------------------------------------------

    @classmethod
    def from_bytes(cls, data: bytes, *, authorised: bool = True, packed: bytes | None = None) -> StoredSession:
        """Load a SQLite image.

        Args:
            authorised: the key in it is logged in, so that only another authorised key may replace it.
            packed: the same compressed by zlib, where somebody has it already.

        Raises:
            NotASession: the bytes are something else.
        """
        session = cls()
        head, session._packed_ids = images.read_head(data)
        session.set_dc(head.dc_id, head.server_address, head.port)
        session._takeout_id = head.takeout_id
        session._rows = {entity.id: entity for entity in head.entities}
        session._states = dict(head.states)
        session._packed = packed or zlib.compress(data, 1)
        if head.auth_key:
            session._auth_key = AuthKey(head.auth_key)
            if authorised:
                session.authorise()
        session.revision = 0
        return session

    def to_bytes(self, *, now: datetime) -> bytes:
        """A SQLite image that plain Telethon opens. Safe in a thread while the loop runs on: see :meth:`snapshot`."""
        return images.write(self.snapshot(), now=now)

    def prepare(self) -> None:
        """Parse what is still packed: milliseconds that :meth:`snapshot` does not need then. For a thread."""
        packed = self._packed
        if packed is not None:
            self._parsed = packed, images.read(zlib.decompress(packed))

    def snapshot(self) -> Image:
        """What is to be stored, as plain values."""
        self._unpack()
        key = self._authorised or (self.dc_id, self.server_address, self.port, self._key_bytes())
        rows = list(self._rows.values())[-self._max_entities :]
        return Image(key[0], key[1], key[2], key[3], self.takeout_id, rows, dict(self._states))

    def authorise(self) -> None:
        """The present key is logged in: from now on it is what is stored, until another one is authorised."""
        key = self._key_bytes()
        if key is None:
            return
        authorised = (self.dc_id, self.server_address, self.port, key)
        if authorised != self._authorised:
            self._authorised = authorised
            self.revision += 1

    @property
    def authorised(self) -> bool:
        """Has it held a key that is logged in?"""
        return self._authorised is not None

    @property
    def key_id(self) -> int | None:
        """The present key's id as Telegram names it; it tells nothing about the key."""
        return self._auth_key.key_id if self._auth_key else None

    @property
    def stored_key(self) -> bytes | None:
        """The key that is stored: the authorised one, once there was one."""
        return self._authorised[3] if self._authorised else self._key_bytes()

    def _key_bytes(self) -> bytes | None:
        return self._auth_key.key if self._auth_key else None

    def _unpack(self) -> None:
        if self._packed is None:
            return
        packed, parsed = self._packed, self._parsed
        old = parsed[1] if parsed is not None and parsed[0] is packed else images.read(zlib.decompress(packed))
        self._packed, self._packed_ids, self._parsed = None, _NO_IDS, None
        rows = {entity.id: entity for entity in old.entities[-self._max_entities :]}
        for id_, entity in self._rows.items():
            rows.pop(id_, None)
            rows[id_] = entity
        self._rows = rows
        self._prune()

    def _is_packed(self, id_: int) -> bool:
        place = bisect_left(self._packed_ids, id_)
        return place < len(self._packed_ids) and self._packed_ids[place] == id_

    def _prune(self) -> None:
        own = self._rows.get(_SELF)
        pinned = {_SELF, own.hash} if own else {_SELF}
        for id_ in _oldest(self._rows, len(self._rows) - self._max_entities, pinned):
            del self._rows[id_]
        for id_ in _oldest(self._states, len(self._states) - self._max_states, {_ACCOUNT}):
            del self._states[id_]

    # What Telethon calls ------------------------------------------------------------------------------------------

    def clone(self, to_instance: Any = None) -> Any:
        return to_instance or MemorySession()

    def save(self) -> None:
        """Nothing: the session's owner writes it when :attr:`revision` moved."""

    def close(self) -> None:
        """Nothing is open."""

    def on_delete(self, callback: Callable[[], None] | None) -> None:
        """Call back when ``client.log_out()`` has ended the login."""
        self._on_delete = callback

    def delete(self) -> None:
        self.deleted = True
        if self._on_delete is not None:
            self._on_delete()

    def get_update_state(self, entity_id: int) -> types.updates.State | None:
        state = self._states.get(entity_id)
        return None if state is None else _as_telethon(state)

    def set_update_state(self, entity_id: int, state: types.updates.State) -> None:
        new = UpdateState(state.pts, state.qts, int(state.date.timestamp()), state.seq)
        old = self._states.pop(entity_id, None)
        self._states[entity_id] = new
        # The date alone moves with every answer of the server and is no progress.
        if old is None or (old.pts, old.qts) != (new.pts, new.qts):
            self.revision += 1
        if len(self._states) > self._max_states:
            self._prune()

    def get_update_states(self) -> Iterator[tuple[int, types.updates.State]]:
        # Of a channel's state Telethon uses the pts alone, and notes any date.
        return iter(
            [
                (id_, _as_telethon(state) if id_ == _ACCOUNT else State(state.pts, 0, _ANY_DAY, 0, 0))
                for id_, state in self._states.items()
            ]
        )

    def process_entities(self, tlo: Any) -> None:
        rows = self._entities_to_rows(tlo)
        for row in rows:
            self._remember(Entity(*row))
        if rows and len(self._rows) > self._max_entities:
            self._prune()

    def _remember(self, entity: Entity) -> None:
        old = self._rows.pop(entity.id, None)
        if old is None and self._is_packed(entity.id):
            self._unpack()
            old = self._rows.pop(entity.id, None)
        self._rows[entity.id] = entity
        if old != entity:
            self.revision += 1

    def get_entity_rows_by_phone(self, phone: str) -> tuple[int, int] | None:
        return self._find(lambda entity: entity.phone == phone)

    def get_entity_rows_by_username(self, username: str) -> tuple[int, int] | None:
        return self._find(lambda entity: entity.username == username)

    def get_entity_rows_by_name(self, name: str) -> tuple[int, int] | None:
        return self._find(lambda entity: entity.name == name)

    def get_entity_rows_by_id(self, id: int, exact: bool = True) -> tuple[int, int] | None:
        candidates = (id,) if exact else (id, -id, -(1000000000000 + id))  # as user, group, channel
        for candidate in candidates:
            if candidate not in self._rows and self._is_packed(candidate):
                self._unpack()
            entity = self._rows.pop(candidate, None)
            if entity is not None:
                self._rows[candidate] = entity  # used now, forgotten last
                return entity.id, entity.hash
        return None

    def _find(self, matches: Callable[[Entity], bool]) -> tuple[int, int] | None:
        self._unpack()
        # The newest first: a name may have moved from one chat to another.
        for entity in reversed(self._rows.values()):
            if matches(entity):
                return entity.id, entity.hash
        return None


def _oldest(values: Iterable[int], count: int, pinned: set[int]) -> list[int]:
    if count <= 0:
        return []
    return list(islice((id_ for id_ in values if id_ not in pinned), count))


def _as_telethon(state: UpdateState) -> types.updates.State:
    return types.updates.State(state.pts, state.qts, state.when, state.seq, unread_count=0)
