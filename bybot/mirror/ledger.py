"""What the sender tells about each source message, and asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

Why = Literal["service", "protected", "filtered", "refused", "gone", "orphaned"]


class Ledger(Protocol):
    """Where the sender notes what became of each source message.

    Attributes:
        contested_until: Telegram may still be carrying out requests of an earlier connection, for ids up to this one.
    """

    contested_until: int

    def nearest(self, source_id: int) -> int | None:
        """The copy that a reply points at."""

    def target_of(self, source_id: int) -> int | None:
        """The copy of a source message, if it has one."""

    async def reserve(self, source_id: int) -> None:
        """Returns once it is durable that ids up to this one may have been sent."""

    def copied(self, found: Mapping[int, int]) -> None:
        """These source ids have these copies."""

    def skipped(self, source_ids: Iterable[int], why: Why) -> None:
        """These are done without a copy."""

    def reply_lost(self) -> None:
        """One was sent without its reply header."""

    def buttons_lost(self, count: int) -> None:
        """So many were sent without a button that they should have."""

    def uncertain(self, source_id: int) -> None:
        """Ids up to this one may have been sent without an answer."""

    def sabotaged(self, what: Literal["drop", "double"], count: int = 0) -> int:
        """Add to how many posts of the pair were spoilt on purpose, and return the sum."""
