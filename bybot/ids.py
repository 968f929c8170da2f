"""Identifiers: user keys that are safe as file names and document ids, and time-ordered record ids."""

from __future__ import annotations

import os
import uuid
from datetime import datetime
from urllib.parse import quote, unquote

_MAX_KEY = 200
_NEW = "~new"


def user_key(user_id: int | str) -> str:
    """The one spelling of a user id: ``123`` and ``"123"`` are the same key, and any text is safe.

    Letters, digits, ``-``, ``_`` and ``~`` stay; everything else is percent-encoded (dots too, so that ``..`` is
    no path). ``~`` separates a further account of the same person: ``{user}~{account_id}``.

    Raises:
        ValueError: the id is empty, a bool, or longer than 200 characters once encoded.
    """
    if isinstance(user_id, bool) or not isinstance(user_id, int | str):
        raise ValueError("a user id is an int or a str")
    key = quote(str(user_id), safe="~", errors="strict").replace(".", "%2E")
    if not key:
        raise ValueError("a user id must not be empty")
    if len(key) > _MAX_KEY:
        raise ValueError(f"a user id is at most {_MAX_KEY} characters once encoded")
    return key


def user_id_from_key(key: str) -> str:
    """The inverse of :func:`user_key`, as text."""
    return unquote(key)


def person_of(key: str) -> str:
    """The person's own key: what stands before the first ``~``."""
    return key.partition("~")[0] or key


def account_key(person: str, account_id: int) -> str:
    """The key of a further account of a person.

    Args:
        person: the person's own key.
        account_id: Telegram's id of the account.
    """
    return f"{person}~{account_id}"


def another_key(person: str) -> str:
    """The key of a login whose account is not known yet: it is stored under the account's own key in the end."""
    return person + _NEW


def is_another(key: str) -> bool:
    """Whether this is such a key."""
    return key.endswith(_NEW)


def account_in(key: str) -> int | None:
    """The account that the key itself names; None for a person's first account."""
    account = key.partition("~")[2]
    return int(account) if account.isascii() and account.isdecimal() else None


def uuid7(now: datetime) -> str:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits; sorts by time of creation.

    Args:
        now: UTC-aware time of creation.
    """
    millis = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random = int.from_bytes(os.urandom(10), "big")
    value = (millis << 80) | random
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))
