"""How the pool is told how many clients may be live, and whom it tells what becomes of them."""

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


class Journal(Protocol):
    """Hears what becomes of clients."""

    def connecting(self, user: str) -> None:
        """A client is opened."""

    def connected(self, user: str) -> None:
        """It is connected, by a new connection."""

    def slept(self, user: str) -> None:
        """It was closed because nobody used it; the session is still ours."""

    def ended(self, user: str) -> None:
        """It ended, or could not be opened."""


class Unbounded:
    """Any number of clients."""

    @asynccontextmanager
    async def place(self, user: str, *, yields: bool) -> AsyncIterator[None]:
        """At once."""
        yield


class Unheard:
    """A journal that keeps nothing."""

    def connecting(self, user: str) -> None: ...

    def connected(self, user: str) -> None: ...

    def slept(self, user: str) -> None: ...

    def ended(self, user: str) -> None: ...
