"""Telethon: session strings, and ``.session`` files of all its layouts, 1 to 8."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import struct
from collections.abc import Mapping
from typing import Any, Final

from bybot.errors import UnreadableSession
from bybot.sessions.formats.login import Login, account_in
from bybot.sessions.formats.sqlitefile import Tables
from bybot.sessions.image import VERSION, Entity, Image, UpdateState

STRING: Final = "telethon-string"
FILE: Final = "telethon-file"
#: The first character of a string: the version of its layout.
PREFIX: Final = "1"
# Data centre, address of 4 or 16 bytes, port, key.
_LAYOUTS: Final = {struct.calcsize(layout): layout for layout in (">B4sH256s", ">B16sH256s")}
#: Access hashes that older layouts kept may be wrong, so Telethon itself forgets them.
_ENTITIES_SINCE: Final = 6


def string_lengths() -> set[int]:
    """Lengths of strings, with their prefix and without padding."""
    return {len(PREFIX) + (size * 8 + 5) // 6 for size in _LAYOUTS}


def read_string(text: str) -> Login:
    """Raises UnreadableSession."""
    body = text.removeprefix(PREFIX).rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        raise UnreadableSession("This string is not complete.") from None
    layout = _LAYOUTS.get(len(raw))
    if layout is None:
        raise UnreadableSession("This string is not complete.")
    dc_id, address, port, key = struct.unpack(layout, raw)
    return Login(STRING, dc_id, ipaddress.ip_address(address).compressed, port, key)


def write_string(image: Image) -> str:
    """Raises UnreadableSession: it has no key, or no numeric address."""
    try:
        address = ipaddress.ip_address(image.server_address or "").packed
    except ValueError:
        raise UnreadableSession("The address of its data centre is no number, as such a string needs it.") from None
    if image.auth_key is None or image.port is None:
        raise UnreadableSession("This session holds no auth key.")
    raw = struct.pack(f">B{len(address)}sH256s", image.dc_id, address, image.port, image.auth_key)
    return PREFIX + base64.urlsafe_b64encode(raw).decode("ascii")


def read_file(tables: Tables) -> Login:
    """Raises UnreadableSession."""
    version, row = tables.login("Telethon", "version", VERSION)
    entities = tuple(map(_entity, tables.rows("entities", "date"))) if version >= _ENTITIES_SINCE else ()
    states = {int(each["id"]): _state(each) for each in tables.rows("update_state")}
    return Login(
        FILE,
        int(row["dc_id"]),
        str(row["server_address"] or ""),
        int(row["port"] or 0),
        bytes(row["auth_key"]),
        account_in(entities),
        takeout_id=row.get("takeout_id"),
        entities=entities,
        states=states,
    )


def _entity(row: Mapping[str, Any]) -> Entity:
    phone = row.get("phone")
    return Entity(
        int(row["id"]), int(row["hash"]), row.get("username"), None if phone is None else str(phone), row.get("name")
    )


def _state(row: Mapping[str, Any]) -> UpdateState:
    return UpdateState(*(int(row[name] or 0) for name in ("pts", "qts", "date", "seq")))
