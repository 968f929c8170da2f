"""Every document that is no session: one JSON file each, ``{collection}/{id}.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bybot.errors import CorruptDocument
from bybot.stores.aside import keep_aside
from bybot.stores.base import Key, Where
from bybot.stores.files import Files, file_name, id_of_file_name
from bybot.stores.jsonform import dumps, stored_from_json, stored_to_json
from bybot.stores.values import SESSION_COLLECTION
from bybot.stores.writes import Stored, matches


class DocumentFiles:
    """Reads documents, and says what a commit has to write for them."""

    def __init__(self, base: Path, files: Files) -> None:
        self._base = base
        self._files = files

    def path(self, key: Key) -> Path:
        return self._base / key.collection / f"{file_name(key.id)}.json"

    def read(self, key: Key) -> Stored | None:
        """The document, None when there is none.

        Raises:
            ValueError: the file holds no such document.
        """
        try:
            form = json.loads(self.path(key).read_bytes())
        except FileNotFoundError:
            return None
        if not isinstance(form, dict) or form.get("id") != key.id:
            raise ValueError("it is not the document of that name")
        return stored_from_json(form)

    def read_or_keep_aside(self, key: Key, now: datetime) -> Stored | None:
        """The same, under the lock.

        Raises:
            CorruptDocument: the file holds no such document; it was kept aside.
        """
        try:
            return self.read(key)
        except ValueError as error:
            kept = keep_aside(self.path(key), self._files, now, type(error).__name__)
            raise CorruptDocument(f"{key.collection}/{key.id} cannot be read", kept_at=kept) from error

    def walk(
        self, collection: str, where: Where | None, after: str | None, now: datetime
    ) -> Iterator[tuple[str, Stored]]:
        """Documents of a collection by id, under the lock; what cannot be read is kept aside and left out."""
        for id_ in sorted(self._ids(collection)):
            if after is None or id_ > after:
                try:
                    stored = self.read_or_keep_aside(Key(collection, id_), now)
                except CorruptDocument:
                    continue
                if stored is not None and matches(where, stored.data):
                    yield id_, stored

    def contents(self, after: Mapping[Key, Stored | None]) -> dict[Path, bytes | None]:
        """What the files of these documents must become."""
        return {
            self.path(key): None if stored is None else dumps({"id": key.id} | stored_to_json(stored))
            for key, stored in after.items()
            if key.collection != SESSION_COLLECTION
        }

    def _ids(self, collection: str) -> Iterator[str]:
        for path in (self._base / collection).glob("*.json"):
            id_ = id_of_file_name(path.name.removesuffix(".json"))
            if id_ is None:
                id_ = _id_inside(path)
            if id_ is not None and path.name == f"{file_name(id_)}.json":
                yield id_


def _id_inside(path: Path) -> str | None:
    """The id of a document whose name is a hash."""
    try:
        form: Any = json.loads(path.read_bytes())
        return Key("any", form["id"]).id
    except (OSError, ValueError, TypeError, KeyError):
        return None
