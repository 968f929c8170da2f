"""Values: their order among each other, their equality, their place in a document, and what a document may hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from bybot.sandbox.firestore.errors import invalid
from bybot.sandbox.firestore.paths import FieldPath, Name, is_reserved
from bybot.sandbox.firestore.pb import Message, Value

_LONGEST_VALUE: Final = 1_048_487
_LARGEST_DOCUMENT: Final = 1_048_576
_DEEPEST: Final = 20
_TYPES: Final = {
    "null_value": 0,
    "boolean_value": 1,
    "integer_value": 2,
    "double_value": 2,
    "timestamp_value": 3,
    "string_value": 4,
    "bytes_value": 5,
    "reference_value": 6,
    "geo_point_value": 7,
    "array_value": 8,
    "map_value": 9,
}


def sort_key(value: Message) -> tuple[Any, ...]:
    """A key that sorts values as Firestore does: by type first, numbers together, NaN before all numbers."""
    kind = value.WhichOneof("value_type") or "null_value"
    rank = _TYPES[kind]
    content = getattr(value, kind)
    if kind == "null_value":
        return (rank,)
    if rank == 2:
        return (rank, 0, 0) if math.isnan(content) else (rank, 1, content)
    if kind == "timestamp_value":
        return (rank, content.seconds, content.nanos)
    if kind == "string_value":
        return (rank, content.encode())
    if kind == "reference_value":
        return (rank, tuple(part.encode() for part in content.split("/")))
    if kind == "geo_point_value":
        return (rank, content.latitude, content.longitude)
    if kind == "array_value":
        return (rank, tuple(sort_key(item) for item in content.values))
    if kind == "map_value":
        return (rank, tuple((name.encode(), sort_key(content.fields[name])) for name in sorted(content.fields)))
    return (rank, content)


def type_rank(value: Message) -> int:
    """Values of one rank can be compared with each other."""
    return _TYPES[value.WhichOneof("value_type") or "null_value"]


def equal(left: Message, right: Message) -> bool:
    """Equality: 1 and 1.0 are equal, NaN equals itself."""
    return sort_key(left) == sort_key(right)


def lookup(fields: Message, path: FieldPath) -> Message | None:
    """The value at a path of a map of fields; None when there is none."""
    for name in path[:-1]:
        if name not in fields or fields[name].WhichOneof("value_type") != "map_value":
            return None
        fields = fields[name].map_value.fields
    return fields.get(path[-1])


def assign(fields: Message, path: FieldPath, value: Message | None) -> None:
    """Put a copy of a value at a path, or remove what is there (None)."""
    for name in path[:-1]:
        if name not in fields or fields[name].WhichOneof("value_type") != "map_value":
            if value is None:
                return
            fields[name].Clear()
            fields[name].map_value.SetInParent()
        fields = fields[name].map_value.fields
    if value is not None:
        fields[path[-1]].CopyFrom(value)
    elif path[-1] in fields:
        del fields[path[-1]]


def masked(fields: Message, paths: Iterable[FieldPath], into: Message) -> None:
    """Copy the fields at these paths into another map of fields."""
    for path in paths:
        value = None if path == ("__name__",) else lookup(fields, path)
        if value is not None:
            assign(into, path, value)


def check_fields(fields: Message) -> None:
    """Refuse what no document may hold.

    Raises:
        Refusal: a name that is empty, reserved or too long, a list in a list, a value too deep or too long.
    """
    for name, value in fields.items():
        if not name:
            raise invalid("The property.name is the empty string.")
        if is_reserved(name):
            raise invalid(f"field name {name} is reserved")
        if len(name.encode()) > 1_500:
            raise invalid("The property.name is longer than 1500 bytes.")
        _check_value(value, name, 0)


def _check_value(value: Message, top: str, depth: int) -> None:
    kind = value.WhichOneof("value_type")
    if kind is None:
        raise invalid(f"Property {top} has no value.")
    if depth > _DEEPEST:
        raise invalid(f"Property {top} contains an invalid nested entity.")
    if kind == "map_value":
        for name, item in value.map_value.fields.items():
            if is_reserved(name):
                raise invalid(f"field name '{name}' is reserved.")
            _check_value(item, top, depth + 1)
    elif kind == "array_value":
        for item in value.array_value.values:
            if item.WhichOneof("value_type") == "array_value":
                raise invalid("Cannot convert an array value in an array value.")
            _check_value(item, top, depth + 1)
    elif kind in ("string_value", "bytes_value"):
        content = getattr(value, kind)
        size = len(content.encode()) if kind == "string_value" else len(content)
        if size > _LONGEST_VALUE:
            raise invalid(f'The value of property "{top}" is longer than {_LONGEST_VALUE} bytes.')


def check_size(name: Name, fields: Message) -> None:
    """Refuse a document above 1 MiB, counted as Firestore's documentation says.

    Raises:
        Refusal: it is larger.
    """
    size = sum(len(part.encode()) + 1 for part in name.path.split("/")) + 16 + 32 + _map_size(fields)
    if size > _LARGEST_DOCUMENT:
        raise invalid(f"maximum entity size is {_LARGEST_DOCUMENT} bytes")


def _map_size(fields: Message) -> int:
    return sum(len(name.encode()) + 1 + _value_size(value) for name, value in fields.items())


def _value_size(value: Message) -> int:
    kind = value.WhichOneof("value_type")
    if kind in ("null_value", "boolean_value"):
        return 1
    if kind == "string_value":
        return len(value.string_value.encode()) + 1
    if kind == "bytes_value":
        return len(value.bytes_value)
    if kind == "reference_value":
        return len(value.reference_value) + 16
    if kind == "geo_point_value":
        return 16
    if kind == "array_value":
        return sum(map(_value_size, value.array_value.values))
    return _map_size(value.map_value.fields) if kind == "map_value" else 8


def number(value: int | float) -> Message:
    """A number as a value; an integer outside 64 bits becomes the nearest one inside."""
    if isinstance(value, int):
        return Value(integer_value=max(-(2**63), min(2**63 - 1, value)))
    return Value(double_value=value)


def number_of(value: Message | None) -> int | float | None:
    """The number in a value; None when it is none."""
    kind = None if value is None else value.WhichOneof("value_type")
    return getattr(value, kind) if kind in ("integer_value", "double_value") else None


def microseconds_only(fields: Message) -> None:
    """Cut times to microseconds, in place, as Firestore does when it stores them."""
    for value in fields.values():
        _cut(value)


def _cut(value: Message) -> None:
    kind = value.WhichOneof("value_type")
    if kind == "timestamp_value":
        value.timestamp_value.nanos -= value.timestamp_value.nanos % 1_000
    elif kind == "map_value":
        microseconds_only(value.map_value.fields)
    elif kind == "array_value":
        for item in value.array_value.values:
            _cut(item)
