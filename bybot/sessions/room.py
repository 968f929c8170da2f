"""How the pool is told how many clients may be live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Room(Protocol):
    """Gives places to clients."""

    def place(self, user: str, *, yields: bool) -> AbstractAsyncContextManager[None]:
        """A place for one more client, held while it is opened; afterwards the live client has it.

        Args:
            yields: take only a free place; False: make room if need be.

        Raises:
            TooManyClients: there is none, and nobody's client can be closed.
        """


class Unbounded:
    """Any number of clients."""

    @asynccontextmanager
    async def place(self, user: str, *, yields: bool) -> AsyncIterator[None]:
        """At once."""
        yield
