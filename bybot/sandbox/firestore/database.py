"""The documents of all databases of the server, and what a commit does to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bybot.clock import Clock
from bybot.sandbox.firestore.errors import already_exists, invalid, not_found, wrong_version
from bybot.sandbox.firestore.paths import Name, parse_field, parse_name
from bybot.sandbox.firestore.pb import Document, Message, WriteResult, from_timestamp, micros, timestamp
from bybot.sandbox.firestore.transforms import apply_transforms
from bybot.sandbox.firestore.values import assign, check_fields, check_size, lookup, microseconds_only


@dataclass(frozen=True)
class Record:
    """A document as it is stored. ``body`` holds its name and fields and is never changed."""

    name: Name
    body: Message
    created: int
    updated: int

    def message(self) -> Message:
        """The document with its times, as it is answered."""
        document = Document()
        document.CopyFrom(self.body)
        self.stamp(document)
        return document

    def stamp(self, document: Message) -> None:
        """Put this document's times into an answer."""
        document.create_time.CopyFrom(timestamp(self.created))
        document.update_time.CopyFrom(timestamp(self.updated))


Collection = dict[str, Record]


class Database:
    """All documents in memory, with a clock that never gives the same time twice for two commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        # (database, parent) -> collection -> id -> record
        self._places: dict[tuple[str, str], dict[str, Collection]] = {}

    def read_time(self) -> int:
        """Now, not before the newest commit."""
        return max(self._last, micros(self._clock.now()))

    def get(self, name: Name) -> Record | None:
        return self._places.get((name.database, name.parent), {}).get(name.collection, {}).get(name.id)

    def collection(self, database: str, parent: str, collection: str) -> list[Record]:
        """The documents directly in a collection, in the order of their ids."""
        return _by_id(self._places.get((database, parent), {}).get(collection, {}))

    def group(self, database: str, parent: str, collection: str | None) -> Iterator[Record]:
        """The documents in every collection of that name at or below a parent (None: of any name)."""
        below = f"{parent}/" if parent else ""
        for (place, path), collections in sorted(self._places.items()):
            if place == database and (path == parent or path.startswith(below)):
                for name, documents in sorted(collections.items()):
                    if collection in (None, name):
                        yield from _by_id(documents)

    def collection_ids(self, database: str, parent: str) -> list[str]:
        """The collections below a document that have, at any depth, a document in them."""
        found = {name for name, documents in self._places.get((database, parent), {}).items() if documents}
        below = f"{parent}/" if parent else ""
        for (place, path), collections in self._places.items():
            if place == database and path.startswith(below) and path != parent and any(collections.values()):
                found.add(path.removeprefix(below).split("/")[0])
        return sorted(found)

    def commit(self, writes: Sequence[Message]) -> tuple[int, list[Message]]:
        """Carry out all writes, or none.

        Returns:
            The commit time and one result per write.

        Raises:
            Refusal: a precondition does not hold, or a write is malformed.
        """
        time = max(self._last + 1, micros(self._clock.now()))
        changed: dict[Name, Record | None] = {}
        results: list[Message] = []
        names: list[Name] = []
        for write in writes:
            name, record, result = self._outcome(write, changed, time)
            changed[name] = record
            results.append(result)
            names.append(name)
        self._last = time
        for name, record in changed.items():
            self._store(name, record)
        for result, name in zip(results, names, strict=True):
            record = changed[name]
            if record is not None:
                result.update_time.CopyFrom(timestamp(record.updated))
        return time, results

    def _outcome(
        self, write: Message, changed: dict[Name, Record | None], time: int
    ) -> tuple[Name, Record | None, Message]:
        operation = write.WhichOneof("operation")
        if operation is None:
            raise invalid("empty write operation")
        target = {"update": write.update.name, "delete": write.delete, "transform": write.transform.document}
        name = parse_name(target[operation])
        current = changed[name] if name in changed else self.get(name)
        _check(write, name, current)
        result = WriteResult()
        if operation == "delete":
            return name, None, result
        body = _updated(write, current) if operation == "update" else _copy(current, name)
        transforms = write.update_transforms if operation == "update" else write.transform.field_transforms
        results = apply_transforms(body.fields, transforms, time)
        result.transform_results.extend(results)
        check_fields(body.fields)
        check_size(name, body.fields)
        microseconds_only(body.fields)
        if current is not None and current.body == body:
            return name, current, result  # a write that changes nothing does not move the time
        created = time if current is None else current.created
        return name, Record(name, body, created, time), result

    def _store(self, name: Name, record: Record | None) -> None:
        documents = self._places.setdefault((name.database, name.parent), {}).setdefault(name.collection, {})
        if record is None:
            documents.pop(name.id, None)
        else:
            documents[name.id] = record


def _by_id(documents: Collection) -> list[Record]:
    return [documents[id_] for id_ in sorted(documents, key=str.encode)]


def _check(write: Message, name: Name, current: Record | None) -> None:
    condition = write.current_document
    kind = condition.WhichOneof("condition_type")
    if kind == "update_time":
        stored = 0 if current is None else current.updated
        required = from_timestamp(condition.update_time)
        if stored != required:
            raise wrong_version(stored, required)
    elif kind == "exists" and condition.exists and current is None:
        raise not_found(name.path, name.project)
    elif kind == "exists" and not condition.exists and current is not None:
        raise already_exists(name.path, name.project)


def _copy(current: Record | None, name: Name) -> Message:
    body = Document(name=name.full)
    if current is not None:
        body.CopyFrom(current.body)
    return body


def _updated(write: Message, current: Record | None) -> Message:
    name = parse_name(write.update.name)
    if not write.HasField("update_mask"):
        body = Document(name=name.full)
        body.MergeFrom(write.update)
        body.ClearField("create_time")
        body.ClearField("update_time")
        return body
    body = _copy(current, name)
    for text in write.update_mask.field_paths:
        path = parse_field(text)
        assign(body.fields, path, lookup(write.update.fields, path))
    return body
