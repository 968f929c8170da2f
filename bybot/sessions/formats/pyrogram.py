"""Pyrogram and its successor Kurigram: session strings of all lengths, and ``.session`` files, layouts 1 to 7.

Both speak of a data centre by its number, and name chats as Telethon does (groups negative, channels -100...).
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bybot.errors import UnreadableSession
from bybot.sessions.formats.login import KEY_BYTES, Login, address_of
from bybot.sessions.formats.sqlitefile import Tables
from bybot.sessions.image import Entity, Image

STRING: Final = "pyrogram-string"
FILE: Final = "pyrogram-file"
#: The layout that is written: Pyrogram 2's, which Kurigram brings up to its own.
VERSION: Final = 3
_NEWEST: Final = 7
_PEERS_SINCE: Final = 2  # before, peers were named in another way
_CHANNELS_BELOW: Final = -1_000_000_000_000

# Data centre, (application,) test servers or not, key, account, bot or not. The account took 32 bits until 2021.
_LAYOUTS: Final = {struct.calcsize(layout): layout for layout in (">B?256sI?", ">B?256sQ?", ">BI?256sQ?")}
_WRITTEN: Final = ">BI?256sQ?"

_SCHEMA: Final = """
    create table sessions (dc_id integer primary key, api_id integer, test_mode integer, auth_key blob,
                           date integer not null, user_id integer, is_bot integer);
    create table peers (id integer primary key, access_hash integer, type integer not null, username text,
                        phone_number text,
                        last_update_on integer not null default (cast(strftime('%s', 'now') as integer)));
    create table version (number integer primary key);
    create index idx_peers_id on peers (id);
    create index idx_peers_username on peers (username);
    create index idx_peers_phone_number on peers (phone_number);
    create trigger trg_peers_last_update_on after update on peers begin
        update peers set last_update_on = cast(strftime('%s', 'now') as integer) where id = new.id;
    end;
"""


@dataclass(frozen=True)
class Owner:
    """What these forms want to know beside the session itself."""

    api_id: int
    account_id: int
    is_bot: bool


def string_lengths() -> set[int]:
    """Lengths of strings, without padding."""
    return {(size * 8 + 5) // 6 for size in _LAYOUTS}


def read_string(text: str) -> Login:
    """Raises UnreadableSession."""
    body = text.rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        raise UnreadableSession("This string is not complete.") from None
    layout = _LAYOUTS.get(len(raw))
    if layout is None:
        raise UnreadableSession("This string is not complete.")
    dc_id, *application, test, key, account, is_bot = struct.unpack(layout, raw)
    host, port = address_of(dc_id, test=test)
    api_id = application[0] if application else None
    return Login(STRING, dc_id, host, port, key, account or None, is_bot, api_id or None)


def write_string(image: Image, owner: Owner) -> str:
    """Raises UnreadableSession: it has no key."""
    if image.auth_key is None:
        raise UnreadableSession("This session holds no auth key.")
    raw = struct.pack(_WRITTEN, image.dc_id, owner.api_id, False, image.auth_key, owner.account_id, owner.is_bot)
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def read_file(tables: Tables) -> Login:
    """Raises UnreadableSession."""
    version, row = tables.login("Pyrogram", "number", _NEWEST)
    dc_id = int(row["dc_id"])
    host, port = row.get("server_address"), row.get("port")
    if not host or not port:
        host, port = address_of(dc_id, test=bool(row.get("test_mode")))
    account, is_bot, api_id = row.get("user_id"), row.get("is_bot"), row.get("api_id")
    return Login(
        FILE,
        dc_id,
        str(host),
        int(port),
        bytes(row["auth_key"]),
        int(account) if account else None,
        None if is_bot is None else bool(is_bot),
        int(api_id) if api_id else None,
        entities=_entities(tables) if version >= _PEERS_SINCE else (),
    )


def _entities(tables: Tables) -> tuple[Entity, ...]:
    names: dict[int, str] = {}
    for row in tables.rows("usernames"):
        names.setdefault(row["id"], row["username"])
    return tuple(_entity(row, names) for row in tables.rows("peers", "last_update_on"))


def _entity(row: Mapping[str, Any], names: Mapping[int, str]) -> Entity:
    username = row.get("username") or names.get(row["id"])
    return Entity(int(row["id"]), int(row.get("access_hash") or 0), username, row.get("phone_number"), None)


def write_file(image: Image, owner: Owner, *, now: datetime) -> bytes:
    """A file that Pyrogram and Kurigram open. Raises UnreadableSession: it has no key."""
    if image.auth_key is None or len(image.auth_key) != KEY_BYTES:
        raise UnreadableSession("This session holds no auth key.")
    login = (image.dc_id, owner.api_id, 0, image.auth_key, int(now.timestamp()), owner.account_id, int(owner.is_bot))
    peers = [(e.id, e.hash, _kind(e.id), e.username, e.phone) for e in image.entities if e.id]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(f"begin; {_SCHEMA}")
        db.execute("insert into version values (?)", (VERSION,))
        db.execute("insert into sessions values (?,?,?,?,?,?,?)", login)
        db.executemany("insert into peers (id, access_hash, type, username, phone_number) values (?,?,?,?,?)", peers)
        db.execute("commit")
        return db.serialize()


def _kind(id_: int) -> str:
    if id_ > 0:
        return "user"
    return "channel" if id_ < _CHANNELS_BELOW else "group"
