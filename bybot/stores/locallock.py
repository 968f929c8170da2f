"""The lease of a process on a local disk: a file lock that dies with the process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bybot.errors import StoreUnavailable
from bybot.stores.files import Files
from bybot.stores.lockfile import LockFile
from bybot.stores.mounts import refuse_network


class LocalLock:
    """At most one process at a time has it for a directory and a bot.

    The calls take microseconds and are not meant for several threads.

    Args:
        directory: the sessions directory.
        bot_id: the data space in it.
    """

    def __init__(self, directory: Path, bot_id: str) -> None:
        self._directory = directory / bot_id
        self._file = LockFile(self._directory / "instance.lock")
        self.held = False

    def try_acquire(self, holder: Mapping[str, Any]) -> dict[str, Any] | None:
        """Take the lock if nobody has it, and write down who does.

        Args:
            holder: plain values for whoever asks next: pid, host, since, instance id.

        Returns:
            None when it is ours now; otherwise what the holder wrote (empty when that cannot be read).

        Raises:
            ConfigurationError: the directory is on a network file system.
            StoreUnavailable: the file cannot be opened or written.
        """
        if self.held:
            return None
        try:
            Files().make_directory(self._directory)
            refuse_network(self._directory)
            if not self._file.try_lock():
                return self._holder()
            self._file.write(json.dumps(dict(holder), default=str).encode() + b"\n")
        except OSError as error:
            self._file.close()
            raise StoreUnavailable(f"The lock file cannot be used: {error.strerror}") from error
        self.held = True
        return None

    def look(self) -> dict[str, Any] | None:
        """What the holder wrote (empty when that cannot be read); None when nobody has the lock, or we do.

        Raises:
            StoreUnavailable: the file cannot be read.
        """
        if self.held or not self._file.path.exists():
            return None
        other = LockFile(self._file.path)
        try:
            return self._holder() if not other.try_lock() else None
        except OSError as error:
            raise StoreUnavailable(f"The lock file cannot be used: {error.strerror}") from error
        finally:
            other.close()

    def release(self) -> None:
        """Give the lock back. May be called twice; the file stays."""
        self.held = False
        self._file.close()

    def _holder(self) -> dict[str, Any]:
        try:
            holder = json.loads(self._file.read())
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else {}
