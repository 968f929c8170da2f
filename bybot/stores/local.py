"""A store in files on a local disk, shared safely by the processes of one machine.

Under ``{directory}/{bot_id}/``:

- ``user_{id}.session``: the ``session_data`` of a session, and ``metadata.json``: the other fields of all sessions;
- ``{collection}/{id}.json``: every other document;
- ``store.lock``: guards every write across processes; ``commit.journal``: a commit of several files under way.

Files are readable by their owner only. What cannot be read is kept aside as ``<name>.corrupt-<time>`` and logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from bybot.clock import Clock
from bybot.errors import StoreUnavailable
from bybot.stores.base import Committed, Document, Key, Where, Write
from bybot.stores.disk import Disk, Unsettled
from bybot.stores.files import Files
from bybot.stores.writes import checked_where, checked_writes

_LIMIT: Final = 30.0  # seconds
_READERS: Final = 2

T = TypeVar("T")


class LocalFileStore:
    """Keeps every guarantee of :mod:`bybot.stores.base` on a local disk.

    Args:
        directory: the sessions directory; made when missing.
        bot_id: the data space in it.
        clock: the source of the store's server time, made strictly monotonic across processes.
        files: for tests: the operations on the disk.
    """

    kind = "local"

    def __init__(self, directory: Path | str, bot_id: str, clock: Clock, *, files: Files | None = None) -> None:
        self._disk = Disk(Path(directory) / bot_id, clock, files or Files())
        self._writer: ThreadPoolExecutor | None = None
        self._readers: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Make the directories, and finish or forget what a crash left behind.

        Raises:
            ConfigurationError: the directory is on a network file system.
            StoreUnavailable: it cannot be used.
        """
        if self._writer is None:
            # One thread for all that takes the lock, so that commits happen in the order they were asked for.
            self._writer = ThreadPoolExecutor(1, "bybot-store-write")
            self._readers = ThreadPoolExecutor(_READERS, "bybot-store-read")
        try:
            await self._run(self._writer, self._disk.open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for what is under way, and let go of all files."""
        writer, readers, self._writer, self._readers = self._writer, self._readers, None, None
        if writer is not None and readers is not None:
            await asyncio.to_thread(readers.shutdown)
            await asyncio.to_thread(writer.shutdown)
            self._disk.close()

    async def get(self, key: Key) -> Document | None:
        try:
            return await self._run(self._readers, lambda: self._disk.get_unlocked(key))
        except Unsettled:
            return await self._run(self._writer, lambda: self._disk.get(key))

    async def query(
        self,
        collection: str,
        where: Where | None = None,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Document]:
        where = checked_where(where)
        return await self._run(self._writer, lambda: self._disk.query(collection, where, fields, limit, after))

    async def commit(self, writes: Sequence[Write]) -> Committed:
        checked = checked_writes(writes)
        return await self._run(self._writer, lambda: self._disk.commit(checked))

    async def now(self) -> datetime:
        return await self._run(self._writer, self._disk.now)

    async def _run(self, executor: ThreadPoolExecutor | None, work: Callable[[], T]) -> T:
        if executor is None:
            raise StoreUnavailable("The store is not open")
        try:
            async with asyncio.timeout(_LIMIT):
                return await asyncio.get_running_loop().run_in_executor(executor, work)
        except TimeoutError:
            raise StoreUnavailable("The disk does not answer") from None
        except OSError as error:
            raise StoreUnavailable(f"The disk refuses: {error.strerror or type(error).__name__}") from error
