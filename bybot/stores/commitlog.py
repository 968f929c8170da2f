"""Replacing several files at once, so that a crash between any two operations leaves all of the old or all of the new.

All new contents are first written and flushed under temporary names. When more than one file changes, a journal that
lists the renames and removals is then put in place: from that moment the commit counts. Whoever opens the store next
carries out what the journal says; every step may be repeated.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bybot.stores.files import TEMPORARY_PREFIX, Files

JOURNAL: Final = "commit.journal"

log = logging.getLogger(__name__)


class CommitLog:
    """Replaces files below a directory. Used by whoever holds the store's lock.

    Args:
        base: the directory; paths are relative to it.
        files: the operations on the disk.
    """

    def __init__(self, base: Path, files: Files) -> None:
        self._base = base
        self._files = files
        self.journal = base / JOURNAL

    def replace(self, contents: Mapping[Path, bytes | None]) -> None:
        """Give every path its new content, or remove it (None): all of them, or none.

        Raises:
            OSError: the outcome is unknown until the next :meth:`recover`.
        """
        renames: dict[Path, Path] = {}
        removals = [path for path, content in contents.items() if content is None and path.exists()]
        try:
            for path, content in contents.items():
                if content is not None:
                    self._files.make_directory(path.parent)
                    renames[path] = self._files.write_temporary(path.parent, content)
            for temporary in renames.values():  # all are written by then: a disk flushes many together in a moment
                self._files.flush(temporary)
            journaled = len(renames) + len(removals) > 1
            if journaled:
                self._write_journal(renames, removals)
        except OSError:
            if not self.journal.exists():  # with it, the commit may count already
                for temporary in renames.values():
                    temporary.unlink(missing_ok=True)
            raise
        self._apply(renames, removals)
        if journaled:
            self._remove_journal()

    def recover(self) -> None:
        """Carry out the journal that a crash left behind, if there is one."""
        if not self.journal.exists():
            return
        plan = self._read_journal()
        if plan is None:
            log.error("The commit journal %s cannot be read; it is kept aside", self.journal)
            self._files.rename(self.journal, self.journal.with_suffix(".unreadable"))
            return
        renames, removals = plan
        left = {path: temporary for path, temporary in renames.items() if temporary.exists()}
        self._apply(left, removals)
        for directory in {path.parent for path in renames} - {path.parent for path in [*left, *removals]}:
            self._files.flush_directory(directory)
        self._remove_journal()

    def remove_leftovers(self) -> None:
        """Remove temporary files of commits that never counted."""
        for directory in [self._base, *(entry for entry in self._base.iterdir() if entry.is_dir())]:
            for path in directory.glob(f"{TEMPORARY_PREFIX}*"):
                self._files.unlink(path)

    def _apply(self, renames: Mapping[Path, Path], removals: list[Path]) -> None:
        for path, temporary in renames.items():
            self._files.rename(temporary, path)
        for path in removals:
            self._files.unlink(path)
        for directory in sorted({path.parent for path in [*renames, *removals]}):
            self._files.flush_directory(directory)

    def _write_journal(self, renames: Mapping[Path, Path], removals: list[Path]) -> None:
        plan = {
            "renames": {str(path.relative_to(self._base)): temporary.name for path, temporary in renames.items()},
            "removals": [str(path.relative_to(self._base)) for path in removals],
        }
        body = json.dumps(plan).encode()
        digest = hashlib.sha256(body).hexdigest().encode()
        # The new names must be on the disk before the journal that speaks of them.
        for directory in sorted({path.parent for path in renames} - {self._base}):
            self._files.flush_directory(directory)
        temporary = self._files.write_temporary(self._base, digest + b"\n" + body + b"\n")
        self._files.flush(temporary)
        self._files.rename(temporary, self.journal)
        self._files.flush_directory(self._base)

    def _read_journal(self) -> tuple[dict[Path, Path], list[Path]] | None:
        digest, _, body = self.journal.read_bytes().partition(b"\n")
        if hashlib.sha256(body.rstrip(b"\n")).hexdigest().encode() != digest:
            return None
        plan = json.loads(body)
        renames = {self._base / path: (self._base / path).parent / name for path, name in plan["renames"].items()}
        return renames, [self._base / path for path in plan["removals"]]

    def _remove_journal(self) -> None:
        # Durably: a journal that came back after a later commit would undo it.
        self._files.unlink(self.journal)
        self._files.flush_directory(self._base)
