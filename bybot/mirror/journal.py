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
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.behind import Behind
from bybot.mirror.copymap import CopyMap
from bybot.mirror.cursor import Cursor
from bybot.mirror.daybook import Daybook
from bybot.mirror.family import Kin
from bybot.mirror.fence import Fence
from bybot.mirror.ledger import Why
from bybot.mirror.model import Counts, NoticeKind
from bybot.mirror.orders import Orders
from bybot.mirror.pairstate import SCHEMA, chunk_key, delete_all, legible, state_key
from bybot.mirror.planner import Plan
from bybot.mirror.runs import from_runs, to_runs
from bybot.mirror.seen import Seen
from bybot.stores.base import SERVER_TIME, Store, stretch_of

#: Posts after which the journal is written, and seconds after which it is written in any case.
FLUSH_POSTS = 250
FLUSH_SECONDS = 300.0
_SOON_SECONDS = 30.0  # for what a person was told; after a kill it may be told again
#: How far the ceiling is above what is done, in ids: at least, and at most when posts go fast.
_AHEAD_MIN, _AHEAD_MAX = 600, 4_000
#: Seconds that closing waits for the store.
_CLOSE_SECONDS = 10.0
#: Ids that were left out and are remembered, and in how many runs.
_LEFT_OUT_IDS, _LEFT_OUT_RUNS = 5_000, 500
_FOUND_RUNS = 200  # of ids that audits found
_LEFT_OUT = frozenset({"protected", "filtered", "refused"})


class Journal:
    """The memory of one pair in one process. Open it, use it, close it.

    Args:
        store: where it lasts.
        pair_id: whose memory.
        owner: names this holder; only for people who look into the store.
        clock: for the times between writes.
    """

    def __init__(self, store: Store, pair_id: str, owner: str, clock: Clock) -> None:
        self._store = store
        self.pair_id = pair_id
        self._owner = owner
        self._clock = clock
        self.cursor = Cursor()
        self.counts = Counts()
        self.days = Daybook()
        self.base = 1
        self.epoch = 1
        self.floor: int | None = None
        self.presumed: dict[int, int] = {}
        self.total = 0
        self.top_id = 0
        self.end_id: int | None = None
        self.uncertain_until = 0
        self.start = 0
        self.orders = Orders()
        self.left_out: set[int] = set()
        self.seen = Seen()
        self.sent_at: list[datetime] = []
        self.missing: set[int] = set()
        self.doubled: set[int] = set()
        self.map = CopyMap(store, pair_id)
        self.kin = Kin()
        self.told: set[str] = set()
        self.lost: StaleWrite | None = None
        self._spoilt: dict[str, int] = {}
        self._user = ""
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
        write reserves its first ids.

        Raises:
            StaleWrite: somebody else took it over at the same moment, or the pair was removed.
            CorruptDocument: what is stored cannot be read.
            StoreUnavailable: nothing is known.
        """
        await self.read()
        newest = self.top_id if self.end_id is None else min(self.top_id, self.end_id)
        ahead = self._ahead if self.cursor.highest < newest else 0
        await self._write(ceiling=max(self._ceiling, self.cursor.highest + ahead))

    async def read(self) -> None:
        """Only look, without taking it over: nothing may be written after this. Raises as :meth:`open`."""
        document = await self._store.get(state_key(self.pair_id))
        if document is None:
            raise StaleWrite("The pair was removed.")
        with legible(self.pair_id):
            self._decode(document.data)
        if self.start < 0:
            self.start = await self.map.first(self.cursor.mark + 1) - 1
        self._fence = Fence(self._store, state_key(self.pair_id), document.version)

    def _decode(self, data: Mapping[str, Any]) -> None:
        now = self._clock.elapsed()
        self.cursor = Cursor.from_value(data, now)
        self.counts = Counts.from_value(data["counts"])
        self.days = Daybook.from_value(data.get("days", {}), self.counts)
        self.epoch, self.total, self.top_id = int(data["epoch"]), int(data["total"]), int(data["top_id"])
        self.base, self.floor = int(data.get("base", self.epoch)), data.get("floor")
        self.end_id = data["end_id"]
        self.told = set(data["told"])
        self._spoilt = dict(data["spoilt"])
        self._user = str(data["user"])
        self._ceiling = self.uncertain_until = int(data["ceiling"])
        self.map = CopyMap(self._store, self.pair_id, data["chunks"])
        self.map.lost = frozenset(int(number) for number in data.get("lost", ()))
        self.orders = Orders.from_value(data.get("orders", {}))
        self.left_out = set(from_runs(data.get("left_out", ())))
        self.seen = Seen.decode(data.get("seen", b""))
        self.start = int(data.get("start", -1))  # an older version wrote none
        self.sent_at = [datetime.fromtimestamp(at, UTC) for at in data.get("sent_at", ())]
        self.missing, self.doubled = (set(from_runs(data.get(name, ()))) for name in ("missing", "doubled"))

    async def close(self) -> None:
        """Write everything. What is certain is not repeated after this.

        Raises:
            StaleWrite: another holder took over; nothing was written.
            StoreUnavailable: as it says; the next start repeats the uncertain window.
        """
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._write(ceiling=max(self.cursor.highest, self.uncertain_until))
        except TimeoutError as error:
            raise StoreUnavailable("The store did not answer while a pair was closed.") from error

    async def remove(self) -> None:
        """Delete what the store has of the pair. The pair must be closed."""
        keys = [state_key(self.pair_id), *(chunk_key(self.pair_id, n) for n in sorted(self.map.stored))]
        await delete_all(self._store, keys)

    # What the sender notes ------------------------------------------------------------------------------------

    def target_of(self, source_id: int) -> int | None:
        """The copy of a source message, if it has one and its chunk is loaded (see :meth:`load`)."""
        return self.map.get(source_id) or self.presumed.get(source_id)

    def nearest(self, source_id: int) -> int | None:
        """What a reply to a source message points at: its own copy, or one that another part of the pair made."""
        return self.target_of(source_id) or self.kin.get(source_id)

    async def peek(self, source_ids: Collection[int]) -> dict[int, int]:
        """The copies of these source ids, other parts' included, without keeping what was read for it."""
        found = await self.map.peek(source_ids)
        return await self.kin.peek(set(source_ids) - found.keys()) | found

    def copied(self, found: Mapping[int, int]) -> None:
        """These source ids have these copies."""
        fresh = [source_id for source_id in found if source_id not in self.cursor]
        self.map.put(found)
        self.counts.copied += len(fresh)
        self.counts.refilled += len(self.orders.wanted & found.keys())
        self.orders.wanted -= found.keys()
        self.missing -= found.keys()
        self._done(fresh)

    def skipped(self, source_ids: Iterable[int], why: Why) -> None:
        """These are done without a copy."""
        ids = list(source_ids)
        fresh = [source_id for source_id in ids if source_id not in self.cursor]
        self.orders.wanted.difference_update(ids)
        if why in _LEFT_OUT:
            self.left_out.update(ids)
            if len(self.left_out) > 2 * _LEFT_OUT_IDS:
                self.left_out = set(sorted(self.left_out)[-_LEFT_OUT_IDS:])
        setattr(self.counts, why, getattr(self.counts, why) + len(fresh))
        self._done(fresh)

    def planned(self, made: Plan) -> None:
        """Note what a plan leaves out."""
        left_out: tuple[tuple[list[int], Why], ...] = (
            (made.service, "service"),
            (made.protected, "protected"),
            (made.filtered, "filtered"),
            (made.refused, "refused"),
        )
        for ids, why in left_out:
            if ids:
                self.skipped(ids, why)
        self.reply_lost(made.reply_lost)
        self.counts.shortened += made.shortened

    def changed(self, what: Literal["edited", "deleted", "not_edited"], count: int = 1) -> None:
        """So many copies followed their source, or could not."""
        setattr(self.counts, what, getattr(self.counts, what) + count)
        self.days.note(self.counts, self._clock.now())
        self._to_write()

    async def last_copied(self, count: int) -> list[int]:
        """The last source ids that have copies, at most ``count`` of them, rising."""
        return await self.map.last(self.cursor.highest, count)

    def sampled(self, looked: Iterable[int], missing: Collection[int], doubled: Collection[int]) -> bool:
        """What a look at these source ids found. Returns whether there is anything."""
        self.audited((self.missing - set(looked)) | set(missing), self.doubled | set(doubled))
        return bool(missing or doubled)

    def audited(self, missing: Collection[int], doubled: Collection[int]) -> None:
        """All that is known to be missing (source ids) and double (target ids)."""
        self.missing, self.doubled = set(missing), set(doubled)
        self._to_write()
        if not missing and not doubled:
            self.told.discard(NoticeKind.GAPS)  # the next time is news again

    def reply_lost(self, count: int = 1) -> None:
        """So many were sent without their reply header."""
        self.counts.reply_lost += count

    def buttons_lost(self, count: int) -> None:
        """So many were sent without a button that they should have."""
        self.counts.buttons_lost += count

    def uncertain(self, source_id: int) -> None:
        """Ids up to this one may have been sent without an answer."""
        self.uncertain_until = max(self.uncertain_until, source_id)

    def sabotaged(self, what: Literal["drop", "double"], count: int = 0) -> int:
        """Add to how many posts were spoilt on purpose, and return the sum."""
        if count:
            self._spoilt[what] = self._spoilt.get(what, 0) + count
        return self._spoilt.get(what, 0)

    def _done(self, source_ids: Sequence[int]) -> None:
        self.cursor.done(source_ids, self._clock.elapsed())
        self.days.note(self.counts, self._clock.now())
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

    def write_soon(self) -> None:
        """Write within half a minute, together with whatever comes until then."""
        if self._behind is not None:
            self._behind.before(_SOON_SECONDS)

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
        self.orders.wanted, self.orders.asked = self.orders.asked, set()
        await self.flush()

    async def begin_again(self) -> None:
        """Durably: all copies are gone, and the source shall be copied from where the pair began. Raises StaleWrite."""
        self.epoch += 1
        self.base, self.floor = self.epoch, None
        self.cursor = Cursor(self.start)
        self.uncertain_until = self.start
        deleted = self.counts.undone
        self.counts = Counts(undone=deleted)
        self.left_out, self.missing, self.doubled, self.told = set(), set(), set(), set()
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
                await self._fence.put(self._state(ceiling, nonce), nonce, writes)
            except BaseException as error:
                self.map.give_back(chunks)
                self._unwritten += covered
                if isinstance(error, StaleWrite):
                    self.lost = error
                raise
            self._ceiling = ceiling
            self._written_at = self._clock.elapsed()

    def _state(self, ceiling: int, nonce: str) -> dict[str, Any]:
        self.days.note(self.counts, self._clock.now())
        return {
            "schema": SCHEMA,
            "user": self._user,
            "epoch": self.epoch,
            "base": self.base,
            **({"floor": self.floor} if self.floor is not None else {}),
            **({"lost": sorted(self.map.lost)} if self.map.lost else {}),
            **self.cursor.to_value(),
            "ceiling": ceiling,
            "end_id": self.end_id,
            "top_id": self.top_id,
            "total": self.total,
            "counts": self.counts.to_value(),
            "days": self.days.to_value(),
            "chunks": sorted(self.map.stored),
            "start": self.start,
            "orders": self.orders.to_value(),
            "sent_at": [at.timestamp() for at in self.sent_at],
            "missing": to_runs(self.missing, most=_FOUND_RUNS),
            "doubled": to_runs(self.doubled, most=_FOUND_RUNS),
            "left_out": to_runs(self.left_out, most=_LEFT_OUT_RUNS),
            **({"seen": self.seen.encode()} if self.seen else {}),
            "told": sorted(self.told),
            "spoilt": dict(self._spoilt),
            "owner": self._owner,
            "nonce": nonce,
            "written_at": SERVER_TIME,
        }
