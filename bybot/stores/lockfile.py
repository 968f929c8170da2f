"""A lock on a file that is never renamed or unlinked. It ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class LockFile:
    """An exclusive lock between processes, with a few bytes of text beside it, written in place.

    Used by one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_lock(self) -> bool:
        """Take the lock if nobody has it.

        Raises:
            OSError: the file cannot be opened.
        """
        while True:
            descriptor = self._opened()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._in_place(descriptor):
                    return False
            else:
                if self._in_place(descriptor):
                    return True
            # Somebody replaced the file by hand: a lock on the old one protects nothing.
            self.close()

    def unlock(self) -> None:
        """Give the lock back; the file stays."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back and close the file. May be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def read(self) -> bytes:
        """The text in the file."""
        return os.pread(self._opened(), 65_536, 0)

    def write(self, text: bytes) -> None:
        """Replace the text in place. Only for who has the lock."""
        descriptor = self._opened()
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def _in_place(self, descriptor: int) -> bool:
        mine = os.fstat(descriptor)
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
