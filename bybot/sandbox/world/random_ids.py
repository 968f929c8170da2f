"""Random ids make sending idempotent: a repeat gives the first result, for ever.

Known per account and peer, whatever kind of call it was and whichever session made it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bybot.clock import Clock
from bybot.sandbox.world.errors import TelegramError, bad
from bybot.sandbox.world.model import Peer


class RandomIds:
    """What was sent under which random id, and what is being sent now.

    Attributes:
        slow: seconds that a send of an account takes to carry out; meanwhile a repeat is refused.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: dict[tuple[int, Peer], dict[int, int]] = {}
        self._in_progress: set[tuple[int, Peer, int]] = set()
        self.slow: dict[int, float] = {}

    def first(self, account_id: int, peer: Peer, random_id: int) -> int | None:
        """The id of the message that was sent under this random id, in the account's own numbering."""
        known = self._sent.get((account_id, peer))
        return None if known is None else known.get(random_id)

    def remember(self, account_id: int, peer: Peer, random_id: int | None, message_id: int) -> None:
        """Note what was sent; None and 0 are no random ids."""
        if random_id:
            self._sent.setdefault((account_id, peer), {})[random_id] = message_id

    @asynccontextmanager
    async def carrying_out(self, account_id: int, peer: Peer, random_ids: Sequence[int]) -> AsyncIterator[None]:
        """Hold random ids while a call is carried out.

        Raises:
            TelegramError: RANDOM_ID_EMPTY, RANDOM_ID_INVALID for one that stands twice in the call, or
                RANDOM_ID_DUPLICATE (500) while another call is carrying one of them out.
        """
        if not all(random_ids):
            raise bad("RANDOM_ID_EMPTY")
        if len(set(random_ids)) != len(random_ids):
            raise bad("RANDOM_ID_INVALID")
        keys = {(account_id, peer, random_id) for random_id in random_ids}
        if self._in_progress and keys & self._in_progress:
            raise TelegramError(500, "RANDOM_ID_DUPLICATE")
        if not (seconds := self.slow.get(account_id, 0.0)):
            yield
            return
        self._in_progress |= keys
        try:
            await self._clock.sleep(seconds)
            yield
        finally:
            self._in_progress -= keys
