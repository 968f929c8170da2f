"""What a document may hold, checked and copied the same way by every store.

The rules are the narrowest of all stores, which are Firestore's: 64-bit integers, no list directly inside a list,
no names like ``__this__``, times in microseconds of UTC. A value outside of them is refused by name everywhere, so that
code that works on one store works on all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from bybot.errors import DocumentTooLarge
from bybot.stores.base import MAX_DOCUMENT_BYTES, MAX_VALUES, Key, Sentinel, Value

#: The one field whose bytes stores keep in a form of their own: base64 text in Firestore, a file on disk.
SESSION_COLLECTION: Final = "user_sessions"
SESSION_FIELD: Final = "session_data"

#: A top-level name that stores keep for themselves (Firestore: a nonce which makes every write a change).
RESERVED_FIELD: Final = "_n"

_MAX_DEPTH: Final = 20
_MAX_NAME_BYTES: Final = 1_500
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_RESERVED_NAME = re.compile(r"__.*__\Z", re.DOTALL)


def checked_fields(data: Mapping[str, Value], *, deletions: bool) -> dict[str, Value]:
    """A deep copy of a document's fields with sentinels left in place.

    Args:
        deletions: whether DELETE_FIELD may stand in them (Patch).

    Raises:
        ValueError: a value or name that no store can hold, named by its path.
    """
    fields: dict[str, Value] = {}
    for name, value in data.items():
        _check_name(name, "")
        if name == RESERVED_FIELD:
            raise ValueError(f"{name}: this name is kept for the store")
        if isinstance(value, Sentinel):
            if value is Sentinel.DELETE_FIELD and not deletions:
                raise ValueError(f"{name}: DELETE_FIELD is for Patch only")
            fields[name] = value
        else:
            fields[name] = copied(value, name)
    return fields


def copied(value: Value, path: str = "value", depth: int = 1, *, in_list: bool = False) -> Value:
    """A deep copy of one value in plain types, times in UTC.

    Raises:
        ValueError: a value that no store can hold, named by its path.
    """
    kind = type(value)
    if value is None or kind is bool or kind is float or kind is bytes:
        return value
    if kind is str:
        _check_text(value, path)
        return value
    if kind is int:
        if not _INT_MIN <= value <= _INT_MAX:
            raise ValueError(f"{path}: an integer outside 64 bits")
        return value
    if isinstance(value, datetime):
        return _copied_time(value, path)
    if depth >= _MAX_DEPTH and kind in (list, dict):
        raise ValueError(f"{path}: nested deeper than {_MAX_DEPTH} levels")
    if kind is list:
        if in_list:
            raise ValueError(f"{path}: a list directly inside a list")
        return [copied(item, f"{path}[{i}]", depth + 1, in_list=True) for i, item in enumerate(value)]
    if kind is dict:
        for name in value:
            _check_name(name, f"{path}.")
        return {name: copied(item, f"{path}.{name}", depth + 1) for name, item in value.items()}
    if isinstance(value, Sentinel):
        raise ValueError(f"{path}: {value.name} may stand at the top level only")
    if isinstance(value, Enum):
        raise ValueError(f"{path}: an Enum; store its value")
    raise ValueError(f"{path}: {kind.__name__} is not a type that a store can hold")


def _copied_time(value: datetime, path: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{path}: a time without a zone")
    try:
        plain = value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{path}: a time outside the years 1 to 9999") from None
    return datetime(plain.year, plain.month, plain.day, plain.hour, plain.minute, plain.second, plain.microsecond, UTC)


def _check_name(name: Any, prefix: str) -> None:
    if type(name) is not str:
        raise ValueError(f"{prefix}{name!r}: a name must be a str")
    fault = _fault_of_name(name)
    if fault:
        raise ValueError(f"{prefix}{fault}")


@lru_cache(2_048)
def _fault_of_name(name: str) -> str:
    """What is wrong with a name, or nothing. Remembered: the same few dozen names stand in nearly all documents."""
    if not name:
        return "'': an empty name"
    if _RESERVED_NAME.match(name):
        return f"{name}: names between double underscores are reserved"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return f"{name!r}: text with half a surrogate pair"
    return f"{name[:20]}…: a name longer than {_MAX_NAME_BYTES} bytes" if size > _MAX_NAME_BYTES else ""


def _check_text(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: text with half a surrogate pair") from None


def check_session(key: Key, data: Mapping[str, Value]) -> None:
    """Session bytes are kept in a form of their own, so nothing else may stand in their field.

    Raises:
        ValueError: it is neither bytes nor None.
    """
    if key.collection == SESSION_COLLECTION:
        value = data.get(SESSION_FIELD)
        if not isinstance(value, bytes) and value is not None and value is not Sentinel.DELETE_FIELD:
            raise ValueError(f"{SESSION_FIELD}: bytes, not {type(value).__name__}")


def check_size(key: Key, data: Mapping[str, Value]) -> int:
    """Refuse a document that Firestore would not hold.

    Returns:
        Its size in bytes, counted as Firestore counts.

    Raises:
        DocumentTooLarge: its fields are above MAX_DOCUMENT_BYTES or MAX_VALUES.
    """
    size = sum(_text_size(name) + _value_size(value) for name, value in data.items())
    if key.collection == SESSION_COLLECTION and isinstance(data.get(SESSION_FIELD), bytes):
        size += (len(data[SESSION_FIELD]) + 2) // 3  # what base64 adds
    where = f"{key.collection}/{key.id}"
    if size > MAX_DOCUMENT_BYTES:
        raise _too_large(f"{where} has {size} bytes, above {MAX_DOCUMENT_BYTES}")
    # A value takes a byte at least, so small documents need no counting.
    if size > MAX_VALUES and (count := sum(map(_count, data.values()))) > MAX_VALUES:
        raise _too_large(f"{where} has {count} values, above {MAX_VALUES}")
    return size


def _too_large(message: str) -> DocumentTooLarge:
    return DocumentTooLarge(message, next_step="Nothing was written.")


def _count(value: Value) -> int:
    if isinstance(value, list):
        return 1 + sum(map(_count, value))
    return 1 + sum(map(_count, value.values())) if isinstance(value, dict) else 1


def _text_size(text: str) -> int:
    return len(text) + 1 if text.isascii() else len(text.encode()) + 1


def _value_size(value: Value) -> int:
    if isinstance(value, str):
        return _text_size(value)
    if isinstance(value, bytes):
        return len(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, list):
        return sum(_value_size(item) for item in value)
    if isinstance(value, dict):
        return sum(_text_size(name) + _value_size(item) for name, item in value.items())
    return 8


def checked_operand(value: Value) -> Value:
    """The value of a filter: one that every store compares alike.

    Raises:
        ValueError: a list, a map, or NaN.
    """
    if isinstance(value, list | dict) or (isinstance(value, float) and value != value):
        raise ValueError("a filter compares with a plain value, not with a list, a map or NaN")
    return copied(value, "the value of the filter")


def equal(left: Value, right: Value) -> bool:
    """Equality as Firestore has it: numbers by value, True is not 1, text is not bytes."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return type(left) is type(right) and bool(left == right)


def projected(data: Mapping[str, Value], fields: Sequence[str] | None) -> dict[str, Value]:
    """The named fields of a document, or a copy of all."""
    names = data.keys() if fields is None else [name for name in fields if name in data]
    return {name: copied(data[name], name) for name in names}
