"""The calls of Firestore's protocol, each as one plain function from a request to its answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import grpc

from bybot.sandbox.firestore import queries
from bybot.sandbox.firestore.database import Database, Record
from bybot.sandbox.firestore.errors import Refusal, invalid
from bybot.sandbox.firestore.faults import Counts
from bybot.sandbox.firestore.paths import FieldPath, parse_field, parse_name, parse_parent
from bybot.sandbox.firestore.pb import Document, Message, Write, WriteResult, answer, timestamp
from bybot.sandbox.firestore.transactions import Transactions
from bybot.sandbox.firestore.values import masked

_LARGEST_COMMIT: Final = 10 * 1024 * 1024
_PAGE: Final = 100


class Service:
    """Firestore's calls on a database in memory. Each answers or raises a Refusal, and changes all or nothing."""

    def __init__(self, database: Database, counts: Counts) -> None:
        self._database = database
        self._counts = counts
        self._transactions = Transactions()

    def carry_out(self, rpc: str, request: Message) -> list[Message]:
        """Answer one call of that name."""
        return _HANDLERS[rpc](self, request)

    def get_document(self, request: Message) -> list[Message]:
        record = self._read(request.name, request.transaction)
        if record is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Document ({request.name}) not found.")
        return [_shown(record, _mask(request))]

    def batch_get_documents(self, request: Message) -> list[Message]:
        transaction, answers = self._consistency(request, "BatchGetDocuments")
        mask = _mask(request)
        for text in request.documents:
            record = self._read(text, transaction)
            one = answer("BatchGetDocuments")
            if record is None:
                one.missing = text
            else:
                one.found.CopyFrom(_shown(record, mask))
            one.read_time.CopyFrom(timestamp(self._database.read_time()))
            answers.append(one)
        return answers

    def list_documents(self, request: Message) -> list[Message]:
        root, path = parse_parent(request.parent)
        records = self._database.collection(root, path, request.collection_id)
        after = base64.b64decode(request.page_token).decode() if request.page_token else ""
        records = [record for record in records if record.name.id.encode() > after.encode()]
        size = request.page_size or _PAGE
        result = answer("ListDocuments")
        mask = _mask(request)
        result.documents.extend(_shown(record, mask) for record in records[:size])
        if len(records) > size:
            result.next_page_token = base64.b64encode(records[size - 1].name.id.encode()).decode()
        self._counts.reads += max(1, len(result.documents))
        return [result]

    def run_query(self, request: Message) -> list[Message]:
        transaction, answers = self._consistency(request, "RunQuery")

        def find() -> list[Record]:
            return queries.run(self._database, request.parent, request.structured_query)

        found = find()
        self._remember(transaction, lambda: [(record.name, record.updated) for record in find()])
        self._counts.reads += max(1, len(found))
        read_time = timestamp(self._database.read_time())
        for record in found:
            one = answer("RunQuery")
            one.document.CopyFrom(queries.projected(record, request.structured_query))
            one.read_time.CopyFrom(read_time)
            answers.append(one)
        if not found:
            answers.append(answer("RunQuery"))
            answers[-1].read_time.CopyFrom(read_time)
        answers[-1].done = True
        return answers

    def run_aggregation_query(self, request: Message) -> list[Message]:
        query = request.structured_aggregation_query
        found = queries.run(self._database, request.parent, query.structured_query)
        _, answers = self._consistency(request, "RunAggregationQuery")
        result = answer("RunAggregationQuery")
        for number, aggregation in enumerate(query.aggregations):
            if aggregation.WhichOneof("operator") != "count":
                raise Refusal(grpc.StatusCode.UNIMPLEMENTED, "This sandbox aggregates by count only.")
            count = aggregation.count
            total = min(len(found), count.up_to.value) if count.HasField("up_to") else len(found)
            result.result.aggregate_fields[aggregation.alias or f"field_{number + 1}"].integer_value = total
        result.read_time.CopyFrom(timestamp(self._database.read_time()))
        self._counts.reads += max(1, -(-len(found) // 1_000))
        return [*answers, result]

    def list_collection_ids(self, request: Message) -> list[Message]:
        result = answer("ListCollectionIds")
        result.collection_ids.extend(self._database.collection_ids(*parse_parent(request.parent)))
        return [result]

    def begin_transaction(self, request: Message) -> list[Message]:
        result = answer("BeginTransaction")
        result.transaction = self._transactions.begin(read_only=request.options.WhichOneof("mode") == "read_only")
        return [result]

    def rollback(self, request: Message) -> list[Message]:
        self._transactions.end(request.transaction)
        return [answer("Rollback")]

    def commit(self, request: Message) -> list[Message]:
        if request.ByteSize() > _LARGEST_COMMIT:
            raise invalid(f"Request payload size exceeds the limit: {_LARGEST_COMMIT} bytes.")
        if request.transaction:
            if self._transactions.get(request.transaction).read_only and request.writes:
                raise invalid("Cannot modify entities in a read-only transaction.")
            self._transactions.check(request.transaction)
        result = answer("Commit")
        if request.writes:
            time, results = self._write(request.writes)
            result.commit_time.CopyFrom(timestamp(time))
            result.write_results.extend(results)
        return [result]

    def batch_write(self, request: Message) -> list[Message]:
        result = answer("BatchWrite")
        for write in request.writes:
            status = result.status.add()
            try:
                result.write_results.extend(self._write([write])[1])
            except Refusal as refusal:
                result.write_results.append(WriteResult())
                status.code, status.message = refusal.code.value[0], refusal.details
        return [result]

    def create_document(self, request: Message) -> list[Message]:
        document = Document()
        document.CopyFrom(request.document)
        id_ = request.document_id or base64.b32encode(str(self._database.read_time()).encode()).decode().strip("=")
        document.name = f"{request.parent}/{request.collection_id}/{id_}"
        write = Write(update=document)
        write.current_document.exists = False
        return [self._written(write, document.name, request)]

    def update_document(self, request: Message) -> list[Message]:
        write = Write(update=request.document)
        if request.HasField("update_mask"):
            write.update_mask.CopyFrom(request.update_mask)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        return [self._written(write, request.document.name, request)]

    def delete_document(self, request: Message) -> list[Message]:
        write = Write(delete=request.name)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        self._write([write])
        return [answer("DeleteDocument")]

    def _written(self, write: Message, name: str, request: Message) -> Message:
        self._write([write])
        record = self._database.get(parse_name(name))
        return Document() if record is None else _shown(record, _mask(request))

    def _write(self, writes: Sequence[Message]) -> tuple[int, list[Message]]:
        outcome = self._database.commit(writes)
        self._counts.writes += len(writes)
        return outcome

    def _read(self, text: str, transaction: bytes) -> Record | None:
        name = parse_name(text)
        self._counts.reads += 1

        def version() -> int:
            record = self._database.get(name)
            return 0 if record is None else record.updated

        self._remember(transaction, version)
        return self._database.get(name)

    def _remember(self, transaction: bytes, reading: Callable[[], object]) -> None:
        if transaction:
            self._transactions.get(transaction).read(reading)

    def _consistency(self, request: Message, rpc: str) -> tuple[bytes, list[Message]]:
        """The transaction of a reading (empty: none), and the answer that names it when it is a new one."""
        kind = request.WhichOneof("consistency_selector")
        if kind == "transaction":
            self._transactions.get(request.transaction)
            return request.transaction, []
        if kind != "new_transaction":
            return b"", []
        id_ = self._transactions.begin(read_only=request.new_transaction.WhichOneof("mode") == "read_only")
        first = answer(rpc)
        first.transaction = id_
        return id_, [first]


def _mask(request: Message) -> list[FieldPath] | None:
    return [parse_field(text) for text in request.mask.field_paths] if request.HasField("mask") else None


def _shown(record: Record, mask: Iterable[FieldPath] | None) -> Message:
    if mask is None:
        return record.message()
    document = Document(name=record.name.full)
    masked(record.body.fields, mask, document.fields)
    record.stamp(document)
    return document


_HANDLERS: Final[dict[str, Callable[[Service, Message], list[Message]]]] = {
    "GetDocument": Service.get_document,
    "ListDocuments": Service.list_documents,
    "UpdateDocument": Service.update_document,
    "DeleteDocument": Service.delete_document,
    "CreateDocument": Service.create_document,
    "BatchGetDocuments": Service.batch_get_documents,
    "BeginTransaction": Service.begin_transaction,
    "Commit": Service.commit,
    "Rollback": Service.rollback,
    "RunQuery": Service.run_query,
    "RunAggregationQuery": Service.run_aggregation_query,
    "ListCollectionIds": Service.list_collection_ids,
    "BatchWrite": Service.batch_write,
}
