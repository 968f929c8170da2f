"""File work of the local store: every operation that changes the disk goes through one small class.

A file is only ever replaced: written under a temporary name in the same directory, flushed, renamed. Tests give a
subclass of :class:`Files` that ends the process before a chosen operation.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

TEMPORARY_PREFIX: Final = ".tmp-"
_LONGEST_NAME: Final = 200


def file_name(id_: str) -> str:
    """A document id as a file name that differs from every other also where case does not count.

    Upper case letters become ``+a``, a colon ``+.``; an id whose name would be too long becomes ``+h`` and a hash.
    """
    name = "".join(_escaped(character) for character in id_)
    if len(name) > _LONGEST_NAME:
        return "+h" + "-" + hashlib.sha256(id_.encode()).hexdigest()
    return name


def _escaped(character: str) -> str:
    if character == ":":
        return "+."
    return f"+{character.lower()}" if character.isupper() else character


def id_of_file_name(name: str) -> str | None:
    """The inverse of :func:`file_name`; None for a hash or a name that is not of this store."""
    if name.startswith("+h-"):
        return None
    parts = name.split("+")
    if any(part == "" for part in parts[1:]):
        return None
    escaped = [(":" if part[0] == "." else part[0].upper()) + part[1:] for part in parts[1:]]
    return parts[0] + "".join(escaped)


class Files:
    """The operations. ``before`` is called with a word for each; it does nothing here."""

    def before(self, operation: str, path: Path) -> None:
        """For tests: called before every change of the disk."""

    def make_directory(self, path: Path) -> None:
        """Make a directory that only its owner can enter, and its missing parents."""
        if not path.is_dir():
            self.make_directory(path.parent)
            self.before("mkdir", path)
            path.mkdir(mode=0o700, exist_ok=True)
            self.flush_directory(path.parent)

    def write_temporary(self, directory: Path, content: bytes) -> Path:
        """Write a new file, readable by its owner only; it lasts when it is flushed."""
        path = directory / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        self.before("write", path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return path

    def flush(self, path: Path) -> None:
        """Make the content of a file durable."""
        self.before("flush", path)
        self._flush(path, os.O_RDONLY | os.O_CLOEXEC)

    def rename(self, source: Path, target: Path) -> None:
        self.before("rename", target)
        source.rename(target)

    def keep_link(self, source: Path, target: Path) -> None:
        """Give a file a second name, in place of what had it; not flushed. Nothing where links are not supported."""
        if target.exists() and target.samefile(source):
            return  # renaming one name of a file over another does nothing, and would leave both
        temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
        self.before("link", target)
        try:
            temporary.hardlink_to(source)
        except OSError:
            return
        self.rename(temporary, target)

    def unlink(self, path: Path) -> None:
        self.before("unlink", path)
        path.unlink(missing_ok=True)

    def flush_directory(self, path: Path) -> None:
        """Make renames and removals in a directory durable."""
        self.before("flush directory", path)
        self._flush(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _flush(self, path: Path, flags: int) -> None:
        descriptor = os.open(path, flags)
        try:
            _flush(descriptor)
        finally:
            os.close(descriptor)


def _flush(descriptor: int) -> None:
    """Wait until it is on the disk itself. On macOS fsync() only hands it to the drive."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        try:
            fcntl.fcntl(descriptor, full)
        except OSError:
            pass  # not every file system there has it
        else:
            return
    os.fsync(descriptor)
