"""Changes that the server computes: its time, increments, bounds, and sets kept in arrays."""

from __future__ import annotations

from collections.abc import Iterable

from bybot.sandbox.firestore.errors import invalid
from bybot.sandbox.firestore.paths import parse_field
from bybot.sandbox.firestore.pb import NULL, REQUEST_TIME, Message, Value, timestamp
from bybot.sandbox.firestore.values import assign, equal, lookup, number, number_of


def apply_transforms(fields: Message, transforms: Iterable[Message], time: int) -> list[Message]:
    """Change the fields in place.

    Args:
        time: the commit's time in microseconds.

    Returns:
        One value per transform: what the field is then, null for arrays.
    """
    results: list[Message] = []
    for transform in transforms:
        path = parse_field(transform.field_path)
        current = lookup(fields, path)
        value = _transformed(transform, current, time)
        assign(fields, path, value)
        is_array = transform.WhichOneof("transform_type") in ("append_missing_elements", "remove_all_from_array")
        results.append(Value(null_value=NULL) if is_array else value)
    return results


def _transformed(transform: Message, current: Message | None, time: int) -> Message:
    kind = transform.WhichOneof("transform_type")
    if kind == "set_to_server_value":
        if transform.set_to_server_value != REQUEST_TIME:
            raise invalid("Unknown server value.")
        return Value(timestamp_value=timestamp(time - time % 1_000))  # milliseconds, as documented
    if kind == "append_missing_elements":
        items = _items(current)
        for new in transform.append_missing_elements.values:
            if not any(equal(new, item) for item in items):
                items.append(new)
        return _array(items)
    if kind == "remove_all_from_array":
        gone = transform.remove_all_from_array.values
        return _array([item for item in _items(current) if not any(equal(item, one) for one in gone)])
    if kind in ("increment", "maximum", "minimum"):
        return _calculated(kind, getattr(transform, kind), current)
    raise invalid("empty field transform")


def _calculated(kind: str, operand: Message, current: Message | None) -> Message:
    given, stored = number_of(operand), number_of(current)
    if given is None:
        raise invalid("Input must be int64 or double.")
    if stored is None:
        return number(given)
    if kind == "increment":
        return number(stored + given)
    if kind == "maximum":
        return number(max(stored, given))
    return number(min(stored, given))


def _items(current: Message | None) -> list[Message]:
    return (
        [] if current is None or current.WhichOneof("value_type") != "array_value" else list(current.array_value.values)
    )


def _array(items: list[Message]) -> Message:
    value = Value()
    value.array_value.SetInParent()
    value.array_value.values.extend(items)
    return value
