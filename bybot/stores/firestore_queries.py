"""Queries as Firestore's messages."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud.firestore_v1.types import firestore, query

from bybot.stores.base import Where
from bybot.stores.firestore_values import Message, encoded, field_path, field_paths, stored_form

_Query = query.StructuredQuery.pb()
_EQUAL = int(query.StructuredQuery.FieldFilter.Operator.EQUAL)
_IS_NULL = int(query.StructuredQuery.UnaryFilter.Operator.IS_NULL)
_ASCENDING = int(query.StructuredQuery.Direction.ASCENDING)
_NAME = "__name__"


def query_request(
    documents: str,
    collection: str,
    where: Where | None,
    fields: Sequence[str] | None,
    limit: int,
    after: str | None,
) -> Message:
    """The request for one page of a collection, in the order of the ids.

    Args:
        documents: the path below which our collections are.
        limit: the size of the page.
        after: only ids above this one.
    """
    structured = _Query()
    structured.from_.add(collection_id=collection)
    structured.order_by.add(field={"field_path": _NAME}, direction=_ASCENDING)
    structured.limit.value = limit
    if where is not None:
        _put_filter(collection, where, structured)
    if fields is not None:
        for path in field_paths(fields) or [_NAME]:
            structured.select.fields.add(field_path=path)
    if after is not None:
        structured.start_at.before = False
        structured.start_at.values.add(reference_value=f"{documents}/{collection}/{after}")
    request = firestore.RunQueryRequest.pb()(parent=documents, structured_query=structured)
    return firestore.RunQueryRequest.wrap(request)


def _put_filter(collection: str, where: Where, structured: Message) -> None:
    if where.equals is None:
        structured.where.unary_filter.field.field_path = field_path(where.field)
        structured.where.unary_filter.op = _IS_NULL
        return
    one = structured.where.field_filter
    one.field.field_path = field_path(where.field)
    one.op = _EQUAL
    one.value.CopyFrom(encoded(stored_form(collection, where.field, where.equals)))
