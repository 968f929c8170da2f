"""One pair at work: read, decide, send, remember. History first, then live, through one cursor.

There is no switch between history and live: the engine reads on from its cursor until nothing is left, then listens. A
push that follows directly on what is done is sent at once; anything else (a gap, a late message, a reconnect, a week of
downtime) means to read on from the cursor again. After an unclean stop the same reading meets posts that may have been
sent; up to the journal's ceiling each of them goes alone, with the random id that it had the first time.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Literal

from bybot.clock import Clock
from bybot.errors import StoreUnavailable, TelegramUnreachable
from bybot.mirror import ending
from bybot.mirror.account import Account, Report
from bybot.mirror.albums import until_whole
from bybot.mirror.changes import Changes
from bybot.mirror.chats import input_peer
from bybot.mirror.comments import Threads
from bybot.mirror.copies import DELETE, Copies
from bybot.mirror.drafting import Drafting
from bybot.mirror.errands import Errands
from bybot.mirror.gate import Gate
from bybot.mirror.journal import Journal
from bybot.mirror.keeping import Running, keep
from bybot.mirror.lane import ChainedLane, Lane, PacedLane
from bybot.mirror.links import Links
from bybot.mirror.live import Heard, Inbox
from bybot.mirror.model import ChannelPair, NoticeKind, Progress
from bybot.mirror.moving import check
from bybot.mirror.pacing import chat_key
from bybot.mirror.passage import Passage
from bybot.mirror.patience import Patience
from bybot.mirror.protection import Protection
from bybot.mirror.random_ids import random_ids
from bybot.mirror.rate import Rate
from bybot.mirror.reader import Reader, follows
from bybot.mirror.reconcile import Reconciliation
from bybot.mirror.requests import ANEW, FORWARD
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.sender import Sender, Unsure
from bybot.mirror.telling import Telling
from bybot.mirror.topics import Topics
from bybot.mirror.transfer import MOVING, Transfer

log = logging.getLogger(__name__)

#: Seconds that stopping waits for what is under way.
_STOP_SECONDS = 5.0

Phase = Literal["starting", "undoing", "history", "live", "finished", "undone"]


class Engine:
    """Runs one pair on one connection of its account.

    Args:
        pair: what to copy where.
        journal: its memory; opened and closed here.
        account: the connected account.
        clock: where time comes from.
        report: told about progress and what the user should know.
        shared: tells whether other pairs of the account post into the same target.
        sabotage: see bybot.mirror.sabotage.
        threads: of a pair of comments.
    """

    def __init__(
        self,
        pair: ChannelPair,
        journal: Journal,
        account: Account,
        clock: Clock,
        report: Report,
        *,
        shared: Callable[[], Awaitable[bool]] | None = None,
        sabotage: Sabotage | None = None,
        threads: Threads | None = None,
    ) -> None:
        self.pair = pair
        self.journal = journal
        self.phase: Phase = "starting"
        self._account = account
        self._clock = clock
        self._report = report
        self.tell = Telling(self, journal, report, clock)
        self._sabotage = sabotage or Sabotage()
        self._source = input_peer(pair.source)
        self._reader = Reader(account.client, self._source, account.pacing, self.tell.waits)
        self._sender: Sender | None = None
        self._inbox: Inbox | None = None
        self._patience = Patience(clock)
        self._stopping = self._patience.stopping
        self._running = Running()
        self._shared = shared
        self._passage: Passage | None = None
        self._protection = Protection(account.client, pair.source, clock)
        self._drafting = Drafting(pair, journal, self._protection, Links(pair), clock, threads)
        self._gate = Gate(pair.rules.schedule, journal, clock, self._ring, threads)
        self._changes: Changes | None = None
        self._rate = Rate(clock)

    # What others ask ------------------------------------------------------------------------------------------

    @property
    def not_before(self) -> datetime | None:
        """The end of the wait that the pair is in, if it is in one."""
        moving = MOVING if self.pair.rules.files == "upload" else ()
        kinds = (DELETE,) if self.phase == "undoing" else (FORWARD, ANEW, *moving)
        return self._account.pacing.not_before(*kinds, chat_key(self.pair.target))

    @property
    def progress(self) -> Progress:
        """How far the pair is."""
        counts = self.journal.counts
        phase: Literal["history", "live", "finished"] = "history" if self.phase in ("starting", "history") else "live"
        phase = "finished" if self.phase == "finished" else phase
        total, rate = self.journal.total or None, self._rate.per_second(counts)
        due = self._gate.due or self._account.allowance.until
        return Progress(phase, counts.copied, counts.skipped, total, rate, self.not_before, counts.left_out, due)

    @property
    def protected(self) -> bool:
        """Whether the source forbids forwarding, as far as it is known."""
        return self._protection.on

    # Life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until stopped, or until a pair with an end has reached it.

        Raises:
            ConnectionError: the client is not connected any more; run again with another one.
            StaleWrite: another process took the pair over, or it was removed.
            AccountLimited, ChatNotReadable, ChatNotWritable, SessionRevoked: the user has to do something.
        """
        await self._running.run(keep(self.journal, self._patience, self._work))

    async def stop(self) -> None:
        """End :meth:`run`: what is under way is answered first if that takes less than a few seconds."""
        self._stopping.set()
        if self._sender is not None:
            self._sender.stopping = True
        if self._inbox is not None:
            self._inbox.hint()
        await self._running.end(_STOP_SECONDS if self._sender is not None and self._sender.busy else 0.5)

    # Work -----------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        pair, target = self.pair, input_peer(self.pair.target)
        client, pacing = self._account.client, self._account.pacing
        lane: Lane = (ChainedLane if pacing.unpaced else PacedLane)(client)
        random_id = random_ids(pair.id, self.journal.base, pair.source.id)
        transfer = Transfer(self._account, self._reader, target, self._protection.ask, self.tell.waits)
        self._changes = Changes(
            pair,
            self._account,
            self._reader,
            self.journal,
            self._clock,
            random_id,
            transfer,
            lacks=self.tell.lacks,
            lacking=self.tell.lacking,
            asks=lambda count: self._report.notice(self, NoticeKind.BULK_DELETION, {"count": count}),
            on_wait=self.tell.waits,
        )
        self._sender = Sender(
            source=self._source,
            target=target,
            random_id=random_id,
            lane=lane,
            pacing=pacing,
            ledger=self.journal,
            chat_key=chat_key(pair.target),
            source_protected=self._protection.ask,
            topics=Topics(client, self._source, target, random_id, pacing, self.tell.waits, self.tell.lacks),
            on_wait=self.tell.waits,
            on_refused=lambda messages: self.tell.left_out(messages, "refused"),
            on_lacking=self.tell.lacking,
            lost_buttons=pair.rules.lost_buttons,
            sabotage=self._sabotage,
            stopping=self._stopping.is_set(),
            carry=transfer.carry,
            check_target=partial(check, client, pair, ("target",)),
            may_send=lambda posts: self._account.allowance.take(posts, self.tell.day_is_over),
        )
        self._passage = self._way(self._sender, self._changes.copies)
        self._inbox = self._account.ears.open(pair.source.id, self._source)
        self._sender.on_answer = self._inbox.wake
        try:
            await self._persist()
        finally:
            self._gate.close()
            self._sender.abandon()
            await lane.close()
            self._account.ears.close(pair.source.id, self._inbox)

    def _way(self, sender: Sender, copies: Copies) -> Passage:
        passage = Passage(self.journal, self._drafting, self._gate, sender, copies.reader, self.tell, self._look_back)
        passage.doubt = Reconciliation(
            self.journal,
            self._reader,
            copies,
            self._drafting,
            sender.random_id,
            repeat=passage.repeat,
            shared=self._shared,
            stopping=self._stopping,
        )
        return passage

    async def _persist(self) -> None:
        """Copy on, whatever fails for a while."""
        attempt, before = 0, -1
        while not self._stopping.is_set():
            try:
                await self._copy()
                return
            except (Unsure, OSError, StoreUnavailable, TelegramUnreachable) as error:
                log.info("pair %s: starts over from its cursor (%s)", self.pair.id, type(error).__name__)
                if not self._account.client.is_connected():
                    raise ConnectionError("the client is not connected") from error
            if self._sender is not None:
                self._sender.abandon()
            self.journal.cursor.unpin_all()
            done = self.journal.counts.copied
            attempt = 0 if done > before else attempt + 1
            before = done
            await self._patience.before(attempt)

    async def _copy(self) -> None:
        self._gate.close()
        await self._protection.look()
        assert self._passage is not None
        doubt = self._passage.doubt
        if not self.journal.orders.undone:
            await doubt.run()
        await self._run_errands()
        if self.phase == "undone":
            return
        if self.phase == "starting":
            self._rate.begin(self.journal.counts)
            self.phase = "history"
        known = self.journal.cursor.highest
        await self._read_on(self.journal.cursor.mark)
        if not self._gate.shut:
            await check(self._account.client, self.pair)
        if self.pair.rules.deletions == "delete" and not self._gate.shut:
            await doubt.find_gone()
        await self._follow_changes(scan=known > 0)
        while not self._stopping.is_set() and not self._at_end():
            self._enter_live()
            await self._listen()
        await self._land()
        if self._at_end() and not self._stopping.is_set():
            self.phase = "finished"
            counts = self.journal.counts
            self.tell.once(NoticeKind.FINISHED, copied=counts.copied, skipped=counts.left_out)
            self._report.progressed(self)

    async def _run_errands(self) -> None:
        """What the person asked for comes first."""
        orders = self.journal.orders
        if orders.undone:
            self.phase = "undone"
        if not orders or self._changes is None or self._passage is None:
            return
        errands = Errands(
            self.journal,
            self._reader,
            self._changes.copies,
            handle=partial(self._passage.handle, now=True),
            send_alone=self._passage.again,
            land=self._land,
            use_epoch=self._use_epoch,
            mend=self._passage.mend,
            find_gone=self._passage.doubt.find_gone,
            stopping=self._stopping,
        )
        if orders.undo:
            self.phase = "undoing"
        if await errands.run():
            self.phase = "undone"

    def _use_epoch(self, epoch: int) -> None:
        """Posts go with the random ids of this epoch from now on."""
        assert self._sender is not None
        self._sender.random_id = random_ids(self.pair.id, epoch, self.pair.source.id)

    def _ring(self) -> None:
        """What was held back may go."""
        if self._inbox is not None:
            self._inbox.hint(settle=True)

    def _enter_live(self) -> None:
        if self.phase == "live" or (self._gate.shut and self.journal.cursor.highest < self.journal.top_id):
            return
        self.phase = "live"
        if self.journal.total and self.pair.role != "task":
            counts = self.journal.counts
            self.tell.once(NoticeKind.HISTORY_DONE, copied=counts.copied, skipped=counts.left_out)
        self._report.progressed(self)

    def _at_end(self) -> bool:
        return ending.reached(self.pair, self.journal, self._clock.now())

    async def _listen(self) -> None:
        assert self._inbox is not None
        assert self._changes is not None
        await self._inbox.wait()
        heard = self._inbox.take()
        try:
            await self._take_in(heard)
        finally:
            self._changes.hear(heard.edited, heard.deleted, pins=heard.pins)
        await self._follow_changes(scan=heard.scan)
        self._look_back()

    async def _take_in(self, heard: Heard) -> None:
        """Copy what was heard, or read on."""
        assert self._sender is not None
        assert self._passage is not None
        await self._sender.land_answered()
        cursor = self.journal.cursor
        messages = [m for m in heard.messages if m.id not in cursor and m.id not in cursor.pinned]
        if messages or heard.look:
            await self._protection.look()
        if self._gate.shut:
            pass  # all of it is read when the first that is held back may go
        elif messages and not heard.look and follows(messages, cursor.next_id):
            await self._passage.handle(messages)
        elif messages or heard.look or (heard.settle and cursor.has_holes()):
            await self._land()
            await self._read_on(cursor.mark if heard.settle else cursor.highest)
        if self._passage.past_end:
            await self._land()
            self._reach_end()

    async def _follow_changes(self, *, scan: bool) -> None:
        """Edits and deletions, for the copies that are known by now; with ``scan`` also those nobody heard of."""
        if self._changes is not None and not self._stopping.is_set():
            await (self._changes.scan() if scan else self._changes.apply())
            if self.journal.map.lost and self._passage is not None:
                await self._passage.mend()
                await self._changes.scan()

    def confirm_deletions(self, yes: bool) -> int:
        """The user's word on deletions that wait for it. Returns how many it was."""
        count = 0 if self._changes is None else self._changes.confirm(yes)
        if self._inbox is not None:
            self._inbox.wake()
        return count

    async def _read_on(self, after: int) -> None:
        """Copy everything above an id that is not done yet."""
        assert self._sender is not None
        assert self._passage is not None
        self._passage.past_end = False
        async with self._reader.batches(after) as batches:
            async for batch in batches:
                if self._stopping.is_set() or self._at_end() or self._passage.past_end or self._gate.shut:
                    break
                if batch.open_end:
                    await self._sender.drain()
                    async for messages in until_whole(batch.messages, self._reader, self._clock, self._patience):
                        await self._passage.handle(messages)
                else:
                    await self._passage.handle(batch.messages)
        await self._land()
        self._reach_end()

    async def _land(self) -> None:
        """Wait for what is under way, and tell how far that came."""
        assert self._sender is not None
        await self._sender.drain()
        self._look_back()

    def _look_back(self) -> None:
        """Tell how far it came."""
        self.journal.cursor.settle(self._clock.elapsed())
        if self.journal.counts.protected:
            self.tell.once(NoticeKind.PROTECTED, whole=self._protection.on)
        self._report.progressed(self)

    def _reach_end(self) -> None:
        assert self._passage is not None
        if not self._stopping.is_set() and not self._gate.shut:
            ending.close(self.journal, self._clock, past_end=self._passage.past_end)
