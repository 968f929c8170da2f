"""A Telethon session as a SQLite image: the bytes of the file that ``TelegramClient("name")`` would keep.

Reading and writing go through sqlite3's own (de)serialisation, so nothing touches a disk. Both take well below a
millisecond for a usual session; in bulk they belong in a thread.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

MAGIC: Final = b"SQLite format 3\x00"
#: The layout of Telethon 1.45.
VERSION: Final = 8

_SCHEMA: Final = """
    create table version (version integer primary key);
    create table sessions (dc_id integer primary key, server_address text, port integer, auth_key blob,
                           takeout_id integer, tmp_auth_key blob);
    create table entities (id integer primary key, hash integer not null, username text, phone integer, name text,
                           date integer);
    create table sent_files (md5_digest blob, file_size integer, type integer, id integer, hash integer,
                             primary key(md5_digest, file_size, type));
    create table update_state (id integer primary key, pts integer, qts integer, date integer, seq integer);
"""


class Entity(NamedTuple):
    """A user, group or channel as Telethon stores it: marked id, access hash, names."""

    id: int
    hash: int
    username: str | None
    phone: str | None
    name: str | None


class UpdateState(NamedTuple):
    """How far updates were read: of the account (id 0) or of a channel. ``date`` in seconds since 1970."""

    pts: int
    qts: int
    date: int
    seq: int

    @property
    def when(self) -> datetime:
        return _moment(self.date)


@lru_cache(maxsize=1024)
def _moment(seconds: int) -> datetime:
    """Asked for every channel of every session at a start, and often the same."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass
class Image:
    """What a session file holds."""

    dc_id: int = 0
    server_address: str | None = None
    port: int | None = None
    auth_key: bytes | None = None
    takeout_id: int | None = None
    entities: list[Entity] = field(default_factory=list)
    states: dict[int, UpdateState] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Image(dc_id={self.dc_id}, entities={len(self.entities)}, states={len(self.states)})"


class NotASession(ValueError):
    """The bytes are no session file of Telethon."""


def write(image: Image, *, now: datetime) -> bytes:
    """The image as bytes.

    Args:
        now: noted with the entities, as Telethon does; the one used last gets this very second.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        # Small pages: five nearly empty tables would take 24 KB with the usual ones.
        db.executescript(f"pragma page_size = 1024; begin; {_SCHEMA}")
        db.execute("insert into version values (?)", (VERSION,))
        db.execute(
            "insert into sessions values (?,?,?,?,?,?)",
            (image.dc_id, image.server_address, image.port, image.auth_key or b"", image.takeout_id, b""),
        )
        # The dates keep the order of use: the last entity is the one that was used last.
        first = int(now.timestamp()) - len(image.entities)
        rows = ((*row, first + place) for place, row in enumerate(image.entities, 1))
        db.executemany("insert into entities values (?,?,?,?,?,?)", rows)
        db.executemany("insert into update_state values (?,?,?,?,?)", _state_rows(image.states.items()))
        db.execute("commit")
        return db.serialize()


def _state_rows(states: Iterable[tuple[int, UpdateState]]) -> Iterable[tuple[int, ...]]:
    return ((id_, *state) for id_, state in states)


def read(data: bytes) -> Image:
    """The inverse of :func:`write`, for files of Telethon itself too.

    Raises:
        NotASession: no SQLite image, or not Telethon's tables.
    """
    with _opened(data) as db:
        return _read(db, "")


def read_head(data: bytes) -> tuple[Image, array[int]]:
    """What a client asks for while it connects: all but most entities, and the sorted ids of all of them.

    Returns:
        the image with the account's own entities and those of channels whose update state is known; and the ids, 8
        bytes each.

    Raises:
        NotASession: see :func:`read`.
    """
    with _opened(data) as db:
        # One row with all of them: sqlite3 lets other threads run at every row, and waits to go on.
        (listed,) = db.execute("select group_concat(id) from entities").fetchone()
        ids = array("q", sorted(map(int, listed.split(",")))) if listed else array("q")
        return _read(db, _HEAD), ids


@contextmanager
def _opened(data: bytes) -> Iterator[sqlite3.Connection]:
    if not data.startswith(MAGIC):
        raise NotASession("not a SQLite file")
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(data)
            yield db
    except sqlite3.Error as error:
        raise NotASession(f"not a session of Telethon: {type(error).__name__}") from None


# Telethon notes the account's own id as the access hash of entity 0; a channel's entity carries a marked id.
_HEAD: Final = """ where id in (select 0 union all select hash from entities where id = 0
                   union all select -1000000000000 - id from update_state where id != 0)"""


def _read(db: sqlite3.Connection, which: str) -> Image:
    row = db.execute("select dc_id, server_address, port, auth_key, takeout_id from sessions").fetchone()
    image = Image() if row is None else Image(row[0], row[1], row[2], bytes(row[3] or b"") or None, row[4])
    # Phones have integer affinity there; Telethon compares texts.
    columns = "id, hash, username, cast(phone as text), name"
    image.entities = list(map(Entity._make, db.execute(f"select {columns} from entities{which} order by date")))
    numbers = (f"cast(coalesce({name}, 0) as integer)" for name in ("id", "pts", "qts", "date", "seq"))
    state = " || ' ' || ".join(numbers)
    (listed,) = db.execute(f"select group_concat({state}) from (select * from update_state order by rowid)").fetchone()
    for one in listed.split(",") if listed else ():
        id_, *values = map(int, one.split(" "))
        image.states[id_] = UpdateState(*values)
    return image


def self_id(data: bytes) -> int | None:
    """The account's own id, which Telethon notes as the access hash of entity 0."""
    return next((entity.hash for entity in read_head(data)[0].entities if entity.id == 0), None)
