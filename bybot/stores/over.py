"""A store that stands over another one. A class of its own says only what it does differently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bybot.stores.base import Committed, Document, Key, Store, Where, Write, stretch_of


class StoreOver:
    """All calls and guarantees of the store inside, handed on.

    Args:
        inner: the store inside.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.kind = inner.kind

    def __repr__(self) -> str:
        return repr(self.inner)

    @property
    def stretch(self) -> float:
        """See :func:`bybot.stores.base.stretch_of`."""
        return stretch_of(self.inner)

    async def open(self) -> None:
        """As the store inside."""
        await self.inner.open()

    async def close(self) -> None:
        """As the store inside."""
        await self.inner.close()

    async def get(self, key: Key) -> Document | None:
        """As the store inside."""
        return await self.inner.get(key)

    async def query(
        self,
        collection: str,
        where: Where | None = None,
        *,
        fields: Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Document]:
        """As the store inside."""
        return await self.inner.query(collection, where, fields=fields, limit=limit, after=after)

    async def commit(self, writes: Sequence[Write]) -> Committed:
        """As the store inside."""
        return await self.inner.commit(writes)

    async def now(self) -> datetime:
        """As the store inside."""
        return await self.inner.now()
