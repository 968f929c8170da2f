"""Transactions, optimistic: a commit is refused when anything that the transaction has read is no longer as it was."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bybot.sandbox.firestore.errors import contention, invalid

Reading = Callable[[], Any]


@dataclass
class Transaction:
    """What a transaction has read: each reading, and what it gave."""

    read_only: bool
    readings: list[tuple[Reading, Any]] = field(default_factory=list)

    def read(self, reading: Reading) -> None:
        """Remember what a reading gives now."""
        self.readings.append((reading, reading()))


class Transactions:
    """The transactions that are open."""

    def __init__(self) -> None:
        self._open: dict[bytes, Transaction] = {}
        self._closed: set[bytes] = set()
        self._ids = itertools.count(1)

    def begin(self, *, read_only: bool) -> bytes:
        """Open a transaction and give its id."""
        id_ = b"transaction-%d" % next(self._ids)
        self._open[id_] = Transaction(read_only)
        return id_

    def get(self, id_: bytes) -> Transaction:
        """An open transaction.

        Raises:
            Refusal: it is over, or there never was one.
        """
        if id_ in self._closed:
            raise invalid("Transaction is invalid or closed.")
        if id_ not in self._open:
            raise invalid("Invalid transaction.")
        return self._open[id_]

    def end(self, id_: bytes) -> Transaction:
        """Close a transaction; its locks, if it had any, are gone."""
        transaction = self.get(id_)
        del self._open[id_]
        self._closed.add(id_)
        return transaction

    def check(self, id_: bytes) -> None:
        """Close a transaction before its commit.

        Raises:
            Refusal: something that it has read has changed.
        """
        for reading, seen in self.end(id_).readings:
            if reading() != seen:
                raise contention()
