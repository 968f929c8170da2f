"""What a pair remembers: its cursor, its counts, its message map. Written behind, fenced, small.

``pair_states/{pair_id}`` holds the cursor and everything else of fixed size; ``pair_states/{pair_id}:{n}`` holds one
chunk of the message map. A write covers about a hundred posts, so after a kill the store lags behind Telegram. What may
have been sent beyond is bounded by the *ceiling*: no post above it is sent before a higher ceiling is durable. After an
unclean stop, ids above the cursor and up to the ceiling are the uncertain window.

Every write is fenced (see bybot.mirror.fence): a holder whose pair was taken over learns it (StaleWrite), and stops.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.behind import Behind
from bybot.mirror.cursor import Cursor
from bybot.mirror.fence import Fence
from bybot.mirror.model import Counts
from bybot.mirror.notes import Notes
from bybot.mirror.orders import Orders
from bybot.mirror.pairstate import chunk_key, delete_all, legible, state_key
from bybot.mirror.runs import NO_IDS
from bybot.stores.base import SERVER_TIME, Store, stretch_of

#: Posts after which the journal is written, and seconds after which it is written in any case.
FLUSH_POSTS = 250
FLUSH_SECONDS = 300.0
_SOON_SECONDS = 30.0  # for what a person was told; after a kill it may be told again
#: How far the ceiling is above what is done, in ids: at least, and at most when posts go fast.
_AHEAD_MIN, _AHEAD_MAX = 600, 4_000
#: Seconds that closing waits for the store.
_CLOSE_SECONDS = 10.0


class Journal(Notes):
    """The memory of one pair in one process. Open it, use it, close it.

    Args:
        store: where it lasts.
        pair_id: whose memory.
        owner: names this holder; only for people who look into the store.
        clock: for the times between writes.

    Attributes:
        held: it was opened, and not closed since.
        stirred: called when something is noted while nobody writes behind: it is written as soon as somebody does.
        lost: another holder took the pair over.
    """

    __slots__ = (
        "_ahead",
        "_behind",
        "_ceiling",
        "_fence",
        "_owner",
        "_unwritten",
        "_writing",
        "_written_at",
        "held",
        "lost",
        "stirred",
    )

    def __init__(self, store: Store, pair_id: str, owner: str, clock: Clock) -> None:
        super().__init__(store, pair_id, clock)
        self._owner = owner
        self.held = False
        self.stirred: Callable[[], None] | None = None
        self.lost: StaleWrite | None = None
        self._ceiling = 0
        self._fence = Fence(store, state_key(pair_id))
        self._unwritten = 0
        self._written_at = 0.0
        self._ahead = _AHEAD_MIN
        self._behind: Behind | None = None
        self._writing = asyncio.Lock()

    # Opening and closing --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the pair over: from here on the writes of any other holder are refused. Where history waits, the same
        write reserves its first ids. A new pair, which nobody can have sent for, is taken over by its first write.

        Raises:
            StaleWrite: somebody else took it over at the same moment, or the pair was removed.
            CorruptDocument: what is stored cannot be read.
            StoreUnavailable: nothing is known.
        """
        if await self.read():
            newest = self.top_id if self.end_id is None else min(self.top_id, self.end_id)
            ahead = self._ahead if self.floor is not None and self.cursor.highest < newest else 0
            await self._write(ceiling=max(self._ceiling, self.cursor.highest + ahead))
        self.held = True

    async def read(self) -> bool:
        """Only look, without taking it over. Returns whether anybody may have sent for it. Raises as :meth:`open`."""
        document = await self._store.get(state_key(self.pair_id))
        if document is None:
            raise StaleWrite("The pair was removed.")
        with legible(self.pair_id):
            self._decode(document.data)
            self._ceiling = int(document.data["ceiling"])
        if self.start < 0:
            self.start = await self.map.first(self.cursor.mark + 1) - 1
        self._fence = Fence(self._store, state_key(self.pair_id), document.version)
        return bool(document.data["nonce"]) or self._ceiling > self.cursor.highest

    async def close(self, *, at_rest: bool = False) -> None:
        """Write everything. What is certain is not repeated after this.

        Args:
            at_rest: the pair has changed nothing since it was written last, unless that shows.

        Raises:
            StaleWrite: another holder took over; nothing was written.
            StoreUnavailable: as it says; the next start repeats the uncertain window.
        """
        self.held = False
        ceiling = max(self.cursor.highest + self.searching, self.uncertain_until)
        if at_rest and self.settled and ceiling == self._ceiling:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._write(ceiling=ceiling)
        except TimeoutError as error:
            raise StoreUnavailable("The store did not answer while a pair was closed.") from error

    async def remove(self) -> None:
        """Delete what the store has of the pair. The pair must be closed."""
        keys = [state_key(self.pair_id), *(chunk_key(self.pair_id, n) for n in sorted(self.map.stored))]
        await delete_all(self._store, keys)

    def _done(self, source_ids: Sequence[int]) -> None:
        super()._done(source_ids)
        self._unwritten += len(source_ids)
        if self._behind is None:
            return
        if self._ceiling - self.cursor.highest < self._ahead // 2:
            self._behind.now()
        elif self._unwritten >= FLUSH_POSTS * stretch_of(self._store):
            self._behind.soon()
        else:
            self._behind.within(FLUSH_SECONDS * stretch_of(self._store))

    def _to_write(self) -> None:
        """Something is to be written with the next write."""
        self._unwritten += 1
        if self._behind is not None:
            self._behind.within(FLUSH_SECONDS * stretch_of(self._store))
        elif self.stirred is not None:
            self.stirred()

    def write_soon(self) -> None:
        """Write within half a minute, together with whatever comes until then."""
        self._to_write()
        if self._behind is not None:
            self._behind.before(_SOON_SECONDS)

    @property
    def settled(self) -> bool:
        """Whether all that was noted is stored and nothing is open: no post under way, no id that may still show up."""
        if self._unwritten or self.cursor.pinned or self.cursor.has_holes():
            return False
        return not (self.map.lost or self.orders or self._writing.locked())

    async def reserve(self, source_id: int) -> None:
        """Returns once it is durable that ids up to this one may have been sent.

        Raises:
            StaleWrite: another holder took over.
        """
        if self.lost is not None:
            raise self.lost
        while source_id > self._ceiling:
            await self.flush(source_id)

    # The message map ------------------------------------------------------------------------------------------

    async def load(self, source_ids: Collection[int]) -> None:
        """Have the chunks of these source ids in memory: before asking for their copies, and before copying them."""
        await self.map.load(source_ids)
        if not self._writing.locked():  # a write that fails makes its chunks wait again
            self.map.forget(keep={*source_ids, *self.cursor.pinned})

    # Orders ---------------------------------------------------------------------------------------------------

    async def raise_epoch(self) -> None:
        """Durably: what was asked for goes with new random ids from here on. Nothing may be under way or uncertain.

        Raises:
            StaleWrite: another holder took over.
        """
        self.epoch += 1
        self.orders.wanted, self.orders.asked = self.orders.asked, NO_IDS
        await self.flush()

    async def begin_again(self) -> None:
        """Durably: all copies are gone, and the source shall be copied from where the pair began. Raises StaleWrite."""
        self.epoch += 1
        self.base, self.floor = self.epoch, None
        self.certain, self._newest = None, 0
        self.cursor = Cursor(self.start)
        self.uncertain_until, self.contested_until, self.searching = self.start, 0, False
        deleted = self.counts.undone
        self.counts = Counts(undone=deleted)
        self.left_out = self.missing = self.doubled = NO_IDS
        self.told = frozenset()
        self.seen.clear()
        self.orders = Orders(undone=True)
        self._ceiling = self.start
        await self._write(ceiling=self.start)

    # Writing --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def written_behind(self, failed: Callable[[Exception], None]) -> AsyncIterator[None]:
        """Write from time to time during the block.

        Args:
            failed: told why nothing is written any more: StaleWrite when another holder took over.
        """
        behind = self._behind = Behind(self.flush, failed)
        if self._unwritten:
            behind.before(_SOON_SECONDS)
        try:
            yield
        finally:
            self._behind = None
            await behind.close()

    async def flush(self, reach: int = 0) -> None:
        """Write now, with a ceiling of at least ``reach``; waits as long as the store is away.

        Raises:
            StaleWrite: another holder took over.
        """
        now = self._clock.elapsed()
        rate = self._unwritten / max(now - self._written_at, 0.001) if self._written_at else 0.0
        self._ahead = int(min(_AHEAD_MAX, max(_AHEAD_MIN, 2 * rate)) * stretch_of(self._store))
        if self._behind is not None:
            self._behind.written()
        await self._write(ceiling=max(self._ceiling, self.cursor.highest + self._ahead, reach))

    async def _write(self, *, ceiling: int) -> None:
        async with self._writing:
            self.cursor.settle(self._clock.elapsed())
            covered, self._unwritten = self._unwritten, 0  # what comes meanwhile waits for the next write
            nonce = secrets.token_hex(8)
            writes, chunks = self.map.take_writes()
            try:
                state = {**self._encoded(), "ceiling": ceiling, "owner": self._owner, "nonce": nonce}
                await self._fence.put(state | {"written_at": SERVER_TIME}, nonce, writes)
            except BaseException as error:
                self.map.give_back(chunks)
                self._unwritten += covered
                if isinstance(error, StaleWrite):
                    self.lost = error
                raise
            self._ceiling = ceiling
            self._written_at = self._clock.elapsed()
