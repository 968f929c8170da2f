"""Structured queries: filters, order, cursors, and how many."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import grpc

from bybot.sandbox.firestore.database import Database, Record
from bybot.sandbox.firestore.errors import Refusal, invalid
from bybot.sandbox.firestore.paths import FieldPath, parse_field, parse_parent
from bybot.sandbox.firestore.pb import Document, Message, StructuredQuery, Value
from bybot.sandbox.firestore.values import equal, lookup, masked, sort_key, type_rank

NAME: Final[FieldPath] = ("__name__",)
_DESCENDING: Final = 2
_OPERATORS: Final = {value.number: value.name for value in StructuredQuery.FieldFilter.DESCRIPTOR.enum_types[0].values}
_UNARY: Final = {value.number: value.name for value in StructuredQuery.UnaryFilter.DESCRIPTOR.enum_types[0].values}
_RANGES: Final = ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "NOT_EQUAL", "NOT_IN")

Test = Callable[[Record], bool]
Order = list[tuple[FieldPath, bool]]  # path, descending


def run(database: Database, parent: str, query: Message) -> list[Record]:
    """The documents that a query finds, in its order.

    Raises:
        Refusal: the query is malformed, or Firestore would not run it.
    """
    if query.limit.value < 0:
        raise invalid("limit is negative")
    if len(query.from_) != 1:
        raise invalid("a query needs one collection")
    order = _order(query)
    if max(len(query.start_at.values), len(query.end_at.values)) > len(order):
        raise invalid("Cursor has too many values.")
    found = [record for record in _selected(database, parent, query) if _test(query.where)(record)]
    found = [record for record in found if all(value_at(record, path) is not None for path, _ in order)]
    for path, descending in reversed(order):
        found.sort(key=lambda record, path=path: sort_key(value_at(record, path)), reverse=descending)  # type: ignore[misc]
    found = _between(found, query, order)
    stop = query.offset + query.limit.value if query.HasField("limit") else None
    return list(itertools.islice(found, query.offset, stop))


def projected(record: Record, query: Message) -> Message:
    """A found document as it is answered: whole, or the selected fields."""
    if not query.HasField("select"):
        return record.message()
    document = Document(name=record.name.full)
    masked(record.body.fields, (parse_field(field.field_path) for field in query.select.fields), document.fields)
    record.stamp(document)
    return document


def value_at(record: Record, path: FieldPath) -> Message | None:
    """A field of a document, its name included."""
    return Value(reference_value=record.name.full) if path == NAME else lookup(record.body.fields, path)


def _selected(database: Database, parent: str, query: Message) -> Sequence[Record]:
    (selector,) = query.from_
    root, path = parse_parent(parent)
    if selector.all_descendants:
        return list(database.group(root, path, selector.collection_id or None))
    return database.collection(root, path, selector.collection_id)


def _test(where: Message) -> Test:
    kind = where.WhichOneof("filter_type")
    if kind == "composite_filter":
        tests = [_test(one) for one in where.composite_filter.filters]
        combine = any if where.composite_filter.op == 2 else all
        return lambda record: combine(test(record) for test in tests)
    if kind == "unary_filter":
        return _unary_test(_UNARY[where.unary_filter.op], parse_field(where.unary_filter.field.field_path))
    if kind == "field_filter":
        one = where.field_filter
        return _field_test(_OPERATORS[one.op], parse_field(one.field.field_path), one.value)
    return lambda record: True


def _unary_test(operator: str, path: FieldPath) -> Test:
    def passes(record: Record) -> bool:
        value = value_at(record, path)
        if value is None:
            return False
        if operator in ("IS_NULL", "IS_NOT_NULL"):
            return (type_rank(value) == 0) == (operator == "IS_NULL")
        return (sort_key(value) == (2, 0, 0)) == (operator == "IS_NAN")

    return passes


def _field_test(operator: str, path: FieldPath, operand: Message) -> Test:
    _check_operand(operator, path, operand)
    compare = _COMPARISONS[operator]

    def passes(record: Record) -> bool:
        value = value_at(record, path)
        return value is not None and compare(value, operand)

    return passes


def _check_operand(operator: str, path: FieldPath, operand: Message) -> None:
    kind = operand.WhichOneof("value_type")
    if operator in ("IN", "NOT_IN", "ARRAY_CONTAINS_ANY"):
        if kind != "array_value" or not operand.array_value.values:
            raise invalid(f"'{operator}' requires an non-empty ArrayValue.")
    elif path == NAME and kind != "reference_value":
        raise invalid("__key__ filter value must be a Key")


def _same_type(compare: Callable[[Any, Any], bool]) -> Callable[[Message, Message], bool]:
    def passes(value: Message, operand: Message) -> bool:
        if type_rank(value) != type_rank(operand):
            return False
        left, right = sort_key(value), sort_key(operand)
        nan = (2, 0, 0)
        return compare(left, right) and (left == nan) == (right == nan)

    return passes


def _among(value: Message, operand: Message) -> bool:
    return any(equal(value, one) for one in operand.array_value.values)


def _contains(value: Message, wanted: Message) -> bool:
    return type_rank(value) == 8 and any(equal(item, wanted) for item in value.array_value.values)


_COMPARISONS: Final[dict[str, Callable[[Message, Message], bool]]] = {
    "EQUAL": equal,
    "NOT_EQUAL": lambda value, operand: type_rank(value) != 0 and not equal(value, operand),
    "LESS_THAN": _same_type(lambda left, right: left < right),
    "LESS_THAN_OR_EQUAL": _same_type(lambda left, right: left <= right),
    "GREATER_THAN": _same_type(lambda left, right: left > right),
    "GREATER_THAN_OR_EQUAL": _same_type(lambda left, right: left >= right),
    "IN": _among,
    "NOT_IN": lambda value, operand: type_rank(value) != 0 and not _among(value, operand),
    "ARRAY_CONTAINS": _contains,
    "ARRAY_CONTAINS_ANY": lambda value, operand: any(_contains(value, one) for one in operand.array_value.values),
}


def _order(query: Message) -> Order:
    """The query's order, completed as Firestore does: by the fields of ranges, and by name at last."""
    order = [(parse_field(one.field.field_path), one.direction == _DESCENDING) for one in query.order_by]
    descending = order[-1][1] if order else False
    for path in sorted(_range_fields(query.where)):
        if path not in [known for known, _ in order] and path != NAME:
            order.append((path, descending))
    if not any(path == NAME for path, _ in order):
        order.append((NAME, descending))
    if order == [(NAME, True)]:
        raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "Firestore does not support descending key scans")
    return order


def _range_fields(where: Message) -> set[FieldPath]:
    kind = where.WhichOneof("filter_type")
    if kind == "composite_filter":
        return {path for one in where.composite_filter.filters for path in _range_fields(one)}
    if kind == "field_filter" and _OPERATORS[where.field_filter.op] in _RANGES:
        return {parse_field(where.field_filter.field.field_path)}
    if kind == "unary_filter" and _UNARY[where.unary_filter.op].startswith("IS_NOT"):
        return {parse_field(where.unary_filter.field.field_path)}
    return set()


def _between(found: list[Record], query: Message, order: Order) -> list[Record]:
    if query.HasField("start_at"):
        start = query.start_at
        found = [r for r in found if _position(r, start, order) >= (0 if start.before else 1)]
    if query.HasField("end_at"):
        end = query.end_at
        found = [r for r in found if _position(r, end, order) <= (-1 if end.before else 0)]
    return found


def _position(record: Record, cursor: Message, order: Order) -> int:
    """Where a document stands to a cursor: -1 before it, 0 at it, 1 after it."""
    for (path, descending), value in zip(order, cursor.values, strict=False):
        left, right = sort_key(value_at(record, path)), sort_key(value)
        if left != right:
            return -1 if (left < right) != descending else 1
    return 0
