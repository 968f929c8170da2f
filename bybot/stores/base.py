"""The one protocol that every store follows, and what it guarantees.

A store is a set of small documents in collections, with conditional writes. Everything durable in bybot is such a
document: sessions, leases, pairs, cursors, the chat's own state. One contract suite holds all implementations to the
sentences below.

Guarantees
    *Durable.* When :meth:`Store.commit` returns, the writes survive the end of this process and of this machine.
    *Atomic.* All writes of one commit happen, or none.
    *Conditional.* A write whose condition does not hold raises StaleWrite and the whole commit changes nothing.
    *Ordered.* Commits that one task awaits one after another take effect in that order.
    *Honest about ignorance.* StoreUnavailable means that the outcome is unknown or that nothing happened; the store
    never repeats a commit by itself. NotFound is a None, never an exception.
    *Server time.* ``update_time``, ``read_time`` and SERVER_TIME come from one clock, the store's. Never compare them
    with a local clock.
    *Bounded.* Every call ends within its time limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

#: Largest document that every store accepts, in bytes of its fields (Firestore: 1 MiB with names).
MAX_DOCUMENT_BYTES: Final = 1_000_000
#: Most values in one document, those inside of lists and maps counted (Firestore: 40,000 index entries, two a value).
MAX_VALUES: Final = 19_000
#: Most writes in one commit, and most bytes of fields in all of them together (Firestore: 10 MiB).
MAX_WRITES: Final = 500
MAX_COMMIT_BYTES: Final = 9_000_000

# What may stand in a document: None, bool, int (64 bit), float, str, bytes, datetime (UTC), list, dict with str keys.
Value = Any

_COLLECTION = re.compile(r"[a-z][a-z_]{0,63}\Z")
_DOCUMENT = re.compile(r"(?!__.*__\Z)(?!\.)[A-Za-z0-9_.\-~%:]{1,220}\Z")


@dataclass(frozen=True, order=True)
class Key:
    """Names a document: a collection and an id, for example ``Key("user_sessions", "123")``.

    Raises:
        ValueError: the names are not plain (lower case collection; id of letters, digits, ``-_~%:`` and dots, not
            beginning with a dot, and not between double underscores, which Firestore keeps for itself).
    """

    collection: str
    id: str

    def __post_init__(self) -> None:
        if not _COLLECTION.match(self.collection) or not _DOCUMENT.match(self.id):
            raise ValueError(f"not a document key: {self.collection!r}/{self.id!r}")


@dataclass(frozen=True)
class Document:
    """A document as it was read. ``version`` is opaque and differs after every write that touched it."""

    key: Key
    data: Mapping[str, Value]
    version: str
    update_time: datetime
    read_time: datetime


class Condition(Enum):
    """What must hold of a document before a write, when it is not a version."""

    ANY = "any"
    ABSENT = "absent"
    EXISTS = "exists"


class Sentinel(Enum):
    """Values that the store fills in."""

    SERVER_TIME = "server_time"
    DELETE_FIELD = "delete_field"  # in Patch only


SERVER_TIME: Final = Sentinel.SERVER_TIME
DELETE_FIELD: Final = Sentinel.DELETE_FIELD


@dataclass(frozen=True)
class Put:
    """Replace the whole document. ``if_`` is a Condition or the version that was read."""

    key: Key
    data: Mapping[str, Value]
    if_: Condition | str = Condition.ANY


@dataclass(frozen=True)
class Patch:
    """Replace these top-level fields and keep the others; the document must exist."""

    key: Key
    data: Mapping[str, Value]
    if_: Condition | str = Condition.EXISTS


@dataclass(frozen=True)
class Delete:
    """Remove the document. Deleting an absent one is no error unless the condition says so."""

    key: Key
    if_: Condition | str = Condition.ANY


Write = Put | Patch | Delete


@dataclass(frozen=True)
class Committed:
    """The outcome of a commit: the store's time and the new version of each written document."""

    time: datetime
    versions: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """A filter on one top-level field: equal to a value."""

    field: str
    equals: Value


class Store(Protocol):
    """Documents with conditional writes. See the module for the guarantees."""

    #: "local", "firebase" or "memory": what get_deployment_info() shows.
    kind: str

    async def open(self) -> None:
        """Make ready for use.

        Raises:
            StoreUnavailable: it cannot be reached.
        """

    async def close(self) -> None:
        """Let go of files and connections. May be called twice."""

    async def get(self, key: Key) -> Document | None:
        """The document, or None when there is none.

        Raises:
            StoreUnavailable: no answer in time.
            CorruptDocument: it cannot be read; it was kept aside.
        """

    async def query(
        self,
        collection: str,
        where: Where | None = None,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Document]:
        """Documents of a collection in the order of their ids.

        Args:
            where: only those whose field equals the value.
            fields: only these top-level fields (saves reading session bytes); None: all.
            limit: at most that many; None: all, however many pages that takes.
            after: only ids above this one.

        A document that cannot be read is left out and kept aside; others are unaffected.
        """

    async def commit(self, writes: Sequence[Write]) -> Committed:
        """Carry out all writes, or none. At most MAX_WRITES, each document at most once.

        Raises:
            StaleWrite: a condition does not hold; nothing was written.
            StoreUnavailable: no acknowledgement in time; whether it was written is unknown.
            DocumentTooLarge: a document is above MAX_DOCUMENT_BYTES or MAX_VALUES, or all together are above
                MAX_COMMIT_BYTES; nothing was written.
            ValueError: a value that no store can hold, named.
        """

    async def now(self) -> datetime:
        """The store's own time."""


def stretch_of(store: Store) -> float:
    """How many times longer than usual work should wait between two writes that may wait; 1: all is well.

    A store whose writes have a daily budget (:mod:`bybot.stores.budget`) has it as its ``stretch``.
    """
    return float(getattr(store, "stretch", 1.0))


async def query_prefix(
    store: Store, collection: str, prefix: str, *, fields: Sequence[str] | None = None
) -> list[Document]:
    """Documents whose id begins with a prefix and goes on, in the order of their ids.

    The first page is short, for in most uses few or no documents match and each that is read may cost something.
    """
    found: list[Document] = []
    after, size = prefix, 4
    while True:
        page = await store.query(collection, fields=fields, limit=size, after=after)
        matching = [document for document in page if document.key.id.startswith(prefix)]
        found += matching
        if len(matching) < size:
            return found
        after, size = page[-1].key.id, 100
