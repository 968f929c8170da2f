"""Names: of documents (``projects/p/databases/d/documents/a/1``) and of fields (``a.b``, ```a.b``, quoted)."""

from __future__ import annotations

import re
from typing import NamedTuple

from bybot.sandbox.firestore.errors import invalid

_RESERVED = re.compile(r"__.*__\Z", re.DOTALL)
_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*")
_QUOTED = re.compile(r"`((?:[^`\\]|\\.)+)`", re.DOTALL)

FieldPath = tuple[str, ...]


class Name(NamedTuple):
    """A document's place: its database, its parent's path below ``documents``, its collection and its id."""

    database: str
    parent: str
    collection: str
    id: str

    @property
    def path(self) -> str:
        return f"{self.parent}/{self.collection}/{self.id}".lstrip("/")

    @property
    def full(self) -> str:
        return f"{self.database}/documents/{self.path}"

    @property
    def project(self) -> str:
        return self.database.split("/")[1]


def parse_name(text: str) -> Name:
    """A document's name.

    Raises:
        Refusal: it is none.
    """
    root, _, path = text.partition("/documents/")
    if len(root.split("/")) != 4 or not root.startswith("projects/"):
        raise invalid(f'Document name "{text}" has invalid prefix.')
    if text.endswith("/"):
        raise invalid(f'Document name "{text}" has invalid trailing "/".')
    parts = path.split("/")
    if len(parts) % 2:
        raise invalid(f'Document name "{text}" lacks "/" at index {len(text)}.')
    index = len(root) + len("/documents/")
    for part in parts:
        if part in (".", ".."):
            raise invalid(f'Document name "{text}" contains a resource id "{part}" at index {index}.')
        if not part:
            raise invalid(f'Document name "{text}" contains an empty resource id at index {index}.')
        if _RESERVED.match(part):
            raise invalid(f'Resource id "{part}" is invalid because it is reserved.')
        if len(part.encode()) > 1_500:
            raise invalid(f'Resource id "{part[:20]}..." is longer than 1500 bytes.')
        index += len(part) + 1
    return Name(root, "/".join(parts[:-2]), parts[-2], parts[-1])


def parse_parent(text: str) -> tuple[str, str]:
    """The database and the path of a parent: ``.../documents`` or a document's name."""
    root, marker, path = text.partition("/documents")
    if not marker or (path and not path.startswith("/")):
        raise invalid(f'Parent "{text}" is not a document or the root.')
    return root, path.lstrip("/")


def parse_field(text: str) -> FieldPath:
    """A field's path, split at its dots.

    Raises:
        Refusal: it is none.
    """
    parts: list[str] = []
    position = 0
    while True:
        quoted = _QUOTED.match(text, position)
        match = quoted or _PLAIN.match(text, position)
        if match is None:
            break
        parts.append(re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else match[0])
        position = match.end()
        if position == len(text):
            return tuple(parts)
        if text[position] != ".":
            break
        position += 1
    raise invalid(
        f'Invalid property path "{text}". Unquoted property paths must match regex ([a-zA-Z_][a-zA-Z_0-9]*), '
        "and quoted property paths must match regex (`(?:[^`\\\\]|(?:\\\\.))+`)"
    )


def is_reserved(name: str) -> bool:
    return _RESERVED.match(name) is not None
