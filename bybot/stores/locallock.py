"""Who lives among the processes of one machine: each instance holds a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bybot.errors import StoreUnavailable
from bybot.stores.files import Files
from bybot.stores.lockfile import LockFile
from bybot.stores.mounts import refuse_network

_SUFFIX: Final = ".lock"
_TRIES: Final = 10


class InstanceLocks:
    """A lock file for each instance, ``locks/{instance}.lock``; never renamed, and not unlinked while it is held.

    Instance ids are random and used once: a lock that is free is that of an instance which is gone. The calls take
    microseconds and are not meant for several threads at once.

    Args:
        directory: the sessions directory.
        bot_id: the data space in it.
    """

    def __init__(self, directory: Path, bot_id: str) -> None:
        self._base = directory / bot_id
        self._directory = self._base / "locks"
        self._held: dict[str, LockFile] = {}

    def hold(self, instance: str) -> None:
        """Take the lock of a new instance of this process.

        Raises:
            ConfigurationError: the directory is on a network file system.
            StoreUnavailable: the file cannot be made or locked.
        """
        with _readable_errors():
            Files().make_directory(self._directory)
            refuse_network(self._directory)
            file = LockFile(self._path(instance))
            # Somebody who sweeps may have it for a moment, and unlinks it then.
            if not any(file.try_lock() for _ in range(_TRIES)):
                file.close()
                raise StoreUnavailable("The lock of a new instance is taken.")
            file.write(f"{os.getpid()}\n".encode())
        self._held[instance] = file

    def drop(self, instance: str) -> None:
        """Give a lock back for ever, and remove its file. May be called twice."""
        file = self._held.pop(instance, None)
        if file is not None:
            file.path.unlink(missing_ok=True)  # who has it open already finds it free, which is the truth
            file.close()

    def lives(self, instance: str) -> bool:
        """Does a process hold the lock of this instance?

        Raises:
            StoreUnavailable: nobody can tell.
        """
        with _readable_errors(), _looking_at(self._path(instance)) as free:
            return not free

    def sweep(self, known: Collection[str]) -> None:
        """Remove the files of instances that are gone, except those that are known. Raises StoreUnavailable."""
        with _readable_errors():
            for path in sorted(self._directory.glob("*" + _SUFFIX)):
                if path.name.removesuffix(_SUFFIX) in known:
                    continue
                with _looking_at(path) as free:
                    if free:  # while it is looked at nobody can begin to hold it
                        path.unlink(missing_ok=True)

    def _path(self, instance: str) -> Path:
        return self._directory / (instance + _SUFFIX)


@contextmanager
def _looking_at(path: Path) -> Iterator[bool]:
    """Whether a lock is free; shared, so that several may look at once."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(descriptor)


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"A lock file cannot be used: {error.strerror}") from error
