"""SQLite files of other programs, opened from their bytes: nothing is ever written to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from bybot.errors import UnreadableSession
from bybot.sessions.image import MAGIC

# Where the header says whether the file works with a write-ahead log, which an image in memory cannot have.
_MODES = slice(18, 20)


@contextmanager
def opened(data: bytes) -> Iterator[Tables]:
    """The tables of a file.

    Raises:
        UnreadableSession: it is no SQLite file, it is damaged, or what was asked for is not in it.
    """
    if not data.startswith(MAGIC):
        raise UnreadableSession("This is no SQLite file.")
    image = data[: _MODES.start] + b"\x01\x01" + data[_MODES.stop :]
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(image)
            yield Tables(db)
    except (sqlite3.Error, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableSession(f"This file cannot be read as a session: {type(error).__name__}.") from None


class Tables:
    """Reads rows by the names of columns, because their order and number differ from version to version."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none when there is no such table."""
        return [row[1] for row in self._db.execute(f"pragma table_info({table})")]

    def rows(self, table: str, order: str | None = None) -> list[dict[str, Any]]:
        """All rows of a table, none when there is no such table; ordered by a column where there is one."""
        names = self.columns(table)
        if not names:
            return []
        by = f" order by {order}" if order in names else ""
        return [dict(zip(names, row, strict=True)) for row in self._db.execute(f"select * from {table}{by}")]

    def login(self, program: str, column: str, newest: int) -> tuple[int, dict[str, Any]]:
        """The file's layout, and the row of its first login.

        Args:
            program: whose file it is, for messages.
            column: where the table ``version`` has its number.
            newest: the newest layout that is known here.

        Raises:
            UnreadableSession: another layout, or nobody is logged in.
        """
        version = self.version(column)
        if not 1 <= version <= newest:
            raise UnreadableSession(f"This file has {program}'s layout {version}, which is not known here.")
        for row in self.rows("sessions"):
            if row.get("auth_key"):
                return version, row
        raise UnreadableSession("This session is not logged in: it holds no auth key.")

    def version(self, column: str) -> int:
        """The number that the file's layout has. Raises UnreadableSession when there is none."""
        rows = self.rows("version")
        number = rows[0].get(column) if rows else None
        if not isinstance(number, int):
            raise UnreadableSession("This file does not say which layout it has.")
        return number
