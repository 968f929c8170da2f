"""The message classes of Firestore's protocol, as google-cloud-firestore ships them, in their plain protobuf form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.firestore_v1.types import document, firestore, query, write
from google.protobuf import empty_pb2, timestamp_pb2

# From here on messages are handled as Any: the classes are made at run time and carry no types.
Message = Any

Document = document.Document.pb()
Value = document.Value.pb()
ArrayValue = document.ArrayValue.pb()
Write = write.Write.pb()
WriteResult = write.WriteResult.pb()
StructuredQuery = query.StructuredQuery.pb()
Empty = empty_pb2.Empty
Timestamp = timestamp_pb2.Timestamp

REQUEST_TIME = 1
NULL = 0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Every call that this server has: its request, its answer, and whether the answer is a stream.
CALLS: dict[str, tuple[Message, Message, bool]] = {
    "GetDocument": (firestore.GetDocumentRequest.pb(), Document, False),
    "ListDocuments": (firestore.ListDocumentsRequest.pb(), firestore.ListDocumentsResponse.pb(), False),
    "UpdateDocument": (firestore.UpdateDocumentRequest.pb(), Document, False),
    "DeleteDocument": (firestore.DeleteDocumentRequest.pb(), Empty, False),
    "CreateDocument": (firestore.CreateDocumentRequest.pb(), Document, False),
    "BatchGetDocuments": (
        firestore.BatchGetDocumentsRequest.pb(),
        firestore.BatchGetDocumentsResponse.pb(),
        True,
    ),
    "BeginTransaction": (firestore.BeginTransactionRequest.pb(), firestore.BeginTransactionResponse.pb(), False),
    "Commit": (firestore.CommitRequest.pb(), firestore.CommitResponse.pb(), False),
    "Rollback": (firestore.RollbackRequest.pb(), Empty, False),
    "RunQuery": (firestore.RunQueryRequest.pb(), firestore.RunQueryResponse.pb(), True),
    "RunAggregationQuery": (
        firestore.RunAggregationQueryRequest.pb(),
        firestore.RunAggregationQueryResponse.pb(),
        True,
    ),
    "ListCollectionIds": (firestore.ListCollectionIdsRequest.pb(), firestore.ListCollectionIdsResponse.pb(), False),
    "BatchWrite": (firestore.BatchWriteRequest.pb(), firestore.BatchWriteResponse.pb(), False),
}


def answer(call: str) -> Message:
    """A new, empty answer of a call."""
    return CALLS[call][1]()


def micros(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def timestamp(microseconds: int) -> Message:
    """A protobuf timestamp."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000)


def from_timestamp(message: Message) -> int:
    """Microseconds of a protobuf timestamp; finer parts are cut off, as Firestore does."""
    return int(message.seconds * 1_000_000 + message.nanos // 1_000)
