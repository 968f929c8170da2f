"""Records in memory, found by id, by person and by connection, always consistent with each other."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bybot.errors import RecordExists
from bybot.ids import person_of
from bybot.sessions.records.model import ConnectionId, Record


@dataclass(slots=True)
class Entry:
    """A record with what is kept beside it.

    Attributes:
        token_hash: None: no token fits.
        stored: the version of its document; None: it is not stored.
        dirty: a heartbeat or use since it was written.
    """

    record: Record
    token_hash: str | None = None
    stored: str | None = None
    dirty: bool = False


class Book:
    """See the module. Every change goes through :meth:`put` and :meth:`drop`."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._ids: list[str] = []
        self._people: dict[str, tuple[str, ...]] = {}  # most people have one: a set would be four times as large
        self._connections: dict[ConnectionId, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def get(self, id_: str) -> Entry | None:
        return self._entries.get(id_)

    def add(self, entry: Entry) -> None:
        """Take in a new record.

        Raises:
            RecordExists: its id or its connection is taken.
        """
        record = entry.record
        if record.id in self._entries or record.connection in self._connections:
            raise RecordExists("There is a record with this id or connection already.")
        self._entries[record.id] = entry
        insort(self._ids, record.id)
        person = person_of(record.user)
        self._people[person] = (*self._people.get(person, ()), record.id)
        self._connections[record.connection] = record.id

    def free(self, record: Record) -> None:
        """Pass when nobody else has this record's connection. Raises RecordExists."""
        if self._connections.get(record.connection, record.id) != record.id:
            raise RecordExists("Another record has this connection.")

    def put(self, record: Record) -> None:
        """Replace a record by a newer one of the same id and user.

        Raises:
            RecordExists: another record has this connection.
        """
        self.free(record)
        entry = self._entries[record.id]
        del self._connections[entry.record.connection]
        self._connections[record.connection] = record.id
        entry.record = record

    def drop(self, id_: str) -> Entry | None:
        """Forget a record. Returns what was known; None: nothing."""
        entry = self._entries.pop(id_, None)
        if entry is None:
            return None
        del self._ids[bisect_right(self._ids, id_) - 1]
        person = person_of(entry.record.user)
        rest = tuple(each for each in self._people.pop(person) if each != id_)
        if rest:
            self._people[person] = rest
        del self._connections[entry.record.connection]
        return entry

    def clear(self) -> None:
        """Forget everything."""
        for index in (self._entries, self._ids, self._people, self._connections):
            index.clear()

    def by_connection(self, connection: ConnectionId) -> Entry | None:
        id_ = self._connections.get(connection)
        return None if id_ is None else self._entries[id_]

    def of_user(self, user: str) -> list[Entry]:
        """Oldest first. A person's own key finds those of all their accounts."""
        found = (self._entries[id_] for id_ in sorted(self._people.get(person_of(user), ())))
        return [entry for entry in found if "~" not in user or entry.record.user == user]

    def after(self, id_: str | None) -> Iterable[Entry]:
        """All in the order of their ids, from above this one."""
        start = 0 if id_ is None else bisect_right(self._ids, id_)
        return [self._entries[each] for each in self._ids[start:]]
