"""Commits as Firestore's messages.

Every write carries a nonce in the field ``_n``: Firestore does not move the update time of a document when a write
changes nothing, and the update time is our version.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from google.cloud.firestore_v1.types import firestore, write

from bybot.errors import StaleWrite
from bybot.stores.base import Condition, Delete, Patch, Sentinel, Write
from bybot.stores.firestore_values import Message, encode_fields, field_path, field_paths, time_of_version
from bybot.stores.values import RESERVED_FIELD

_CommitRequest = firestore.CommitRequest.pb()
_REQUEST_TIME = int(write.DocumentTransform.FieldTransform.ServerValue.REQUEST_TIME)


def commit_request(database: str, documents: str, writes: Sequence[Write]) -> Message:
    """The request of a commit.

    Args:
        database: its full name.
        documents: the path below which our collections are.
        writes: checked already.

    Raises:
        StaleWrite: a version that Firestore never gave.
    """
    request = _CommitRequest(database=database)
    for one in writes:
        message = request.writes.add()
        name = f"{documents}/{one.key.collection}/{one.key.id}"
        _put_condition(one, message)
        if isinstance(one, Delete):
            message.delete = name
        else:
            message.update.name = name
            _put_fields(one, message)
    return request


def has_condition(request: Message) -> bool:
    """Whether a commit can be refused for a condition at all."""
    return any(one.HasField("current_document") for one in request.writes)


def _put_condition(one: Write, message: Message) -> None:
    wanted = one.if_
    if isinstance(one, Patch) and wanted is Condition.ANY:
        wanted = Condition.EXISTS
    if isinstance(wanted, Condition):
        if wanted is not Condition.ANY:
            message.current_document.exists = wanted is Condition.EXISTS
        return
    time = time_of_version(wanted)
    if time is None:
        raise StaleWrite(f"{one.key.collection}/{one.key.id} never had the version that the write asks for")
    message.current_document.update_time.CopyFrom(time)


def _put_fields(one: Write, message: Message) -> None:
    assert not isinstance(one, Delete)
    plain = {name: value for name, value in one.data.items() if not isinstance(value, Sentinel)}
    encode_fields(one.key.collection, plain, message.update.fields)
    message.update.fields[RESERVED_FIELD].integer_value = secrets.randbits(62)
    if isinstance(one, Patch):
        gone = [name for name, value in one.data.items() if value is Sentinel.DELETE_FIELD]
        message.update_mask.field_paths.extend(field_paths([RESERVED_FIELD, *plain, *gone]))
    for name, value in one.data.items():
        if value is Sentinel.SERVER_TIME:
            message.update_transforms.add(field_path=field_path(name), set_to_server_value=_REQUEST_TIME)
