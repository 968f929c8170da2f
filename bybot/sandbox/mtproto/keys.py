"""The auth keys that this Telegram knows, kept over a restart.

On disk each change is one appended line of JSON; the file is written anew, atomically, when it is opened. A line torn
by a crash is the last one and is dropped: its change was never answered.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from bybot.sandbox.rsa import write_atomically
from bybot.sandbox.world.model import HOME_DC


@dataclass(frozen=True, slots=True)
class Device:
    """What a client says about itself in initConnection."""

    api_id: int = 0
    device_model: str = "Unknown"
    system_version: str = ""
    app_version: str = ""
    lang_code: str = "en"


@dataclass(slots=True, eq=False)
class AuthKey:
    """One auth key.

    Attributes:
        id: unsigned 64 bits, derived from the key.
        dc: the data centre that it was made with; no other one knows it.
        account_id: who is logged in with it; None before login and after its end.
        parent: the id of the key whose login was carried over to this one; None: a login of its own.
        ended: (code, message) of the error that every request gets for ever, such as (406, AUTH_KEY_DUPLICATED).
        salt: what its messages must carry at present; not kept.
        newest_connection: the number of the newest connection that made a request with it, and its address; not kept.
    """

    id: int
    data: bytes = field(repr=False)
    created: datetime
    active: datetime
    dc: int = HOME_DC
    account_id: int | None = None
    parent: int | None = None
    logged_in: datetime | None = None
    device: Device = field(default_factory=Device)
    address: str = "127.0.0.1"
    ended: tuple[int, str] | None = None
    salt: int = 0
    newest_connection: int = 0
    newest_address: str = ""

    @property
    def hash(self) -> int:
        """How account.getAuthorizations names it: not the id, which is a secret of the connection."""
        digest = hashlib.sha256(b"authorization" + self.data).digest()
        return int.from_bytes(digest[:8], "little", signed=True) or 1


def key_id_of(data: bytes) -> int:
    """The id of a key: the last eight bytes of its SHA-1."""
    return int.from_bytes(hashlib.sha1(data).digest()[12:20], "little")


def new_salt() -> int:
    """A random signed 64-bit salt that is not zero, with which every client starts."""
    return int(struct.unpack("<q", os.urandom(8))[0]) or 1


class AuthKeys:
    """All keys, by id.

    Args:
        path: the file to keep them in; None keeps them in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._keys: dict[int, AuthKey] = {}
        self._by_account: dict[int, set[AuthKey]] = {}
        self._path = path
        self._file: IO[str] | None = None
        if path is not None:
            self._open(path)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[AuthKey]:
        return iter(list(self._keys.values()))

    def get(self, key_id: int) -> AuthKey | None:
        """The key with this id, None when it was never made here or was destroyed."""
        return self._keys.get(key_id)

    def add(self, data: bytes, now: datetime, *, account_id: int | None = None, dc: int = HOME_DC) -> AuthKey:
        """Know a key from now on; a key that is known already is returned as it is."""
        known = self._keys.get(key_id_of(data))
        if known is not None:
            return known
        key = AuthKey(key_id_of(data), data, created=now, active=now, dc=dc, salt=new_salt())
        self._keys[key.id] = key
        if account_id is not None:
            self.log_in(key, account_id, now)
        else:
            self.changed(key)
        return key

    def log_in(self, key: AuthKey, account_id: int, now: datetime, *, parent: AuthKey | None = None) -> None:
        """From now on the key speaks for this account, ``parent``: as a part of that key's login."""
        self._forget_account(key)
        key.account_id, key.logged_in, key.active, key.ended = account_id, now, now, None
        key.parent = None if parent is None else parent.id
        self._by_account.setdefault(account_id, set()).add(key)
        self.changed(key)

    def succeed(self, new: AuthKey, old: AuthKey) -> None:
        """The login of ``old`` goes on under ``new``: the old key and what was carried over from it become parts."""
        for key in (old, *self.parts(old)):
            key.parent = new.id
            self.changed(key)
        new.parent = None
        self.changed(new)

    def parts(self, key: AuthKey) -> list[AuthKey]:
        """The keys to which the login of this one was carried over."""
        keys = self._by_account.get(key.account_id or 0, set())
        return [other for other in keys if other.parent == key.id]

    def end(self, key: AuthKey, code: int, message: str) -> None:
        """Log the key out, and every part of its login; requests that need a login get this error."""
        for each in (*self.parts(key), key):
            self._forget_account(each)
            each.account_id, each.ended = None, (code, message)
            self.changed(each)

    def destroy(self, key: AuthKey) -> None:
        """Forget the key: whoever speaks with it is told -404. The parts of its login end."""
        for part in self.parts(key):
            self.end(part, 401, "AUTH_KEY_UNREGISTERED")
        self._forget_account(key)
        self._keys.pop(key.id, None)
        self._append({"id": key.id, "destroyed": True})

    def of_account(self, account_id: int) -> list[AuthKey]:
        """The logins of an account, oldest first: one key each, without those that are parts of another's login."""
        keys = [key for key in self._by_account.get(account_id, set()) if key.parent is None]
        return sorted(keys, key=lambda key: (key.logged_in or key.created, key.id))

    def changed(self, key: AuthKey) -> None:
        """Write a key's present facts."""
        self._append(_to_json(key))

    def close(self) -> None:
        """Close the file; the keys stay readable."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _forget_account(self, key: AuthKey) -> None:
        if key.account_id is not None:
            self._by_account.get(key.account_id, set()).discard(key)

    def _append(self, record: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def _open(self, path: Path) -> None:
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                self._keys.pop(record["id"], None)
                if not record.get("destroyed"):
                    key = _from_json(record)
                    self._keys[key.id] = key
        for key in self._keys.values():
            if key.account_id is not None:
                self._by_account.setdefault(key.account_id, set()).add(key)
        lines = "".join(json.dumps(_to_json(key)) + "\n" for key in self._keys.values())
        write_atomically(path, lines.encode())
        self._file = path.open("a")


def _to_json(key: AuthKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "data": base64.b64encode(key.data).decode(),
        "dc": key.dc,
        "parent": key.parent,
        "created": key.created.isoformat(),
        "active": key.active.isoformat(),
        "account_id": key.account_id,
        "logged_in": key.logged_in.isoformat() if key.logged_in else None,
        "address": key.address,
        "ended": list(key.ended) if key.ended else None,
        "device": {name: getattr(key.device, name) for name in Device.__dataclass_fields__},
    }


def _from_json(record: dict[str, Any]) -> AuthKey:
    logged_in, ended = record["logged_in"], record["ended"]
    return AuthKey(
        id=record["id"],
        data=base64.b64decode(record["data"]),
        created=datetime.fromisoformat(record["created"]),
        active=datetime.fromisoformat(record["active"]),
        dc=int(record.get("dc", HOME_DC)),
        parent=record.get("parent"),
        account_id=record["account_id"],
        logged_in=datetime.fromisoformat(logged_in) if logged_in else None,
        address=record["address"],
        ended=(int(ended[0]), str(ended[1])) if ended else None,
        device=Device(**record["device"]),
        salt=new_salt(),
    )
