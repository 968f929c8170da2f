"""Writes that only the present holder of a document can make.

Every write is conditional on the version of the one before. Whoever takes a document over writes first, so the writes
of a holder that does not know yet are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from bybot.errors import StaleWrite, StoreUnavailable
from bybot.stores.base import Condition, Key, Put, Store, Write

_PAUSES: Final = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0)


class Fence:
    """Around one document.

    Args:
        store: where it is.
        key: which.
        version: as it was read; None: any that is there.
    """

    __slots__ = ("_given_up", "_key", "_store", "version")

    def __init__(self, store: Store, key: Key, version: str | None = None) -> None:
        self._store = store
        self._key = key
        self.version = version
        self._given_up: str | None = None  # the nonce of a write whose answer nobody waited for

    async def put(self, data: dict[str, Any], nonce: str, also: Sequence[Write] = ()) -> None:
        """Write the document and whatever belongs to it; waits as long as the store is away.

        Args:
            data: the document; holds the nonce as ``nonce``.
            nonce: tells this write from all others, to learn the outcome when the answer is lost.

        Raises:
            StaleWrite: another holder wrote, or the document is gone.
        """
        attempt = 0
        while not await self._try(data, nonce, also):
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1

    async def _try(self, data: dict[str, Any], nonce: str, also: Sequence[Write]) -> bool:
        writes = [*also, Put(self._key, data, self.version or Condition.EXISTS)]
        try:
            self.version = (await self._store.commit(writes)).versions[self._key]
        except (StaleWrite, StoreUnavailable) as error:
            document = await self._look()
            known = None if document is None else document.data.get("nonce")
            if document is not None and known == nonce:
                self.version = document.version
            elif document is not None and known is not None and known == self._given_up:
                self.version, self._given_up = document.version, None
                return False
            elif isinstance(error, StaleWrite) or document is None or document.version != self.version:
                raise StaleWrite("Another process took the pair over, or it was removed.") from error
            else:
                return False
        except asyncio.CancelledError:
            self._given_up = nonce
            raise
        return True

    async def _look(self) -> Any:
        attempt = 0
        while True:
            try:
                return await self._store.get(self._key)
            except StoreUnavailable:
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
