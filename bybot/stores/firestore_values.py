"""Between plain values and Firestore's messages."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.cloud.firestore_v1.types import document
from google.protobuf import timestamp_pb2

from bybot.stores.base import Value
from bybot.stores.values import RESERVED_FIELD, SESSION_COLLECTION, SESSION_FIELD

# Messages are made at run time and carry no types.
Message = Any

_Value = document.Value.pb()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*\Z")
_VERSION = re.compile(r"(\d{1,15})\.(\d{9})\Z")


def encode_fields(collection: str, data: Mapping[str, Value], into: Message) -> None:
    """Put a document's fields into a map of values; session bytes become base64 text."""
    for name, value in data.items():
        _encode(stored_form(collection, name, value), into[name])


def stored_form(collection: str, name: str, value: Value) -> Value:
    """What is stored for a field's value."""
    if collection == SESSION_COLLECTION and name == SESSION_FIELD and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def decode_fields(collection: str, fields: Message) -> dict[str, Value]:
    """The plain fields of a document, without what the store keeps for itself.

    Raises:
        ValueError: session_data is no base64 text.
    """
    data = {name: _decode(value) for name, value in fields.items() if name != RESERVED_FIELD}
    if collection == SESSION_COLLECTION and isinstance(data.get(SESSION_FIELD), str):
        data[SESSION_FIELD] = base64.b64decode(data[SESSION_FIELD], validate=True)
    return data


def encoded(value: Value) -> Message:
    """One value as a message."""
    message = _Value()
    _encode(value, message)
    return message


def _encode(value: Value, into: Message) -> None:
    if value is None:
        into.null_value = 0
    elif isinstance(value, bool):
        into.boolean_value = value
    elif isinstance(value, int):
        into.integer_value = value
    elif isinstance(value, float):
        into.double_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, bytes):
        into.bytes_value = value
    elif isinstance(value, datetime):
        into.timestamp_value.CopyFrom(timestamp(value))
    elif isinstance(value, list):
        into.array_value.SetInParent()
        for item in value:
            _encode(item, into.array_value.values.add())
    else:
        into.map_value.SetInParent()
        for name, item in value.items():
            _encode(item, into.map_value.fields[name])


def _decode(message: Message) -> Value:
    kind = message.WhichOneof("value_type")
    if kind is None or kind == "null_value":
        return None
    content = getattr(message, kind)
    if kind == "timestamp_value":
        return from_timestamp(content)
    if kind == "array_value":
        return [_decode(item) for item in content.values]
    if kind == "map_value":
        return {name: _decode(item) for name, item in content.fields.items()}
    if kind == "geo_point_value":
        return {"latitude": content.latitude, "longitude": content.longitude}
    return content


def timestamp(time: datetime) -> Message:
    """A time as a message."""
    seconds, rest = divmod((time - _EPOCH) // timedelta(microseconds=1), 1_000_000)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=rest * 1_000)


def from_timestamp(message: Message) -> datetime:
    """A message as a UTC time, cut to microseconds."""
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1_000)


def version_of(update_time: Message) -> str:
    """A document's update time as a version."""
    return f"{update_time.seconds}.{update_time.nanos:09}"


def time_of_version(version: str) -> Message | None:
    """The inverse of :func:`version_of`; None for what was never a version of Firestore."""
    match = _VERSION.match(version)
    return timestamp_pb2.Timestamp(seconds=int(match[1]), nanos=int(match[2])) if match else None


def field_path(name: str) -> str:
    """A top-level name as a path, quoted where it must be."""
    if _PLAIN.match(name):
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def field_paths(names: Iterable[str]) -> list[str]:
    return [field_path(name) for name in names]
