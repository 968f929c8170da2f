"""One pair at work: read, decide, send, remember. History first, then live, through one cursor.

There is no switch between history and live: the engine reads on from its cursor until nothing is left, then listens. A
push that follows directly on what is done is sent at once; anything else (a gap, a late message, a reconnect, a week of
downtime) means to read on from the cursor again. After an unclean stop the same reading meets posts that may have been
sent; up to the journal's ceiling each of them goes alone, with the random id that it had the first time.

A live pair that is quiet rests: its journal stays open, its inbox hears, and nothing else of it is there, not even a
task. Whatever comes into the inbox wakes it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from bybot.clock import Clock
from bybot.errors import StoreUnavailable, TelegramUnreachable
from bybot.mirror import ending
from bybot.mirror.account import Account, Report
from bybot.mirror.chats import input_peer
from bybot.mirror.comments import Threads
from bybot.mirror.copies import DELETE
from bybot.mirror.flag import Flag
from bybot.mirror.journal import Journal
from bybot.mirror.keeping import Running, close, keep
from bybot.mirror.live import Heard, Inbox, Sleeper
from bybot.mirror.looks import Look
from bybot.mirror.model import ChannelPair, NoticeKind, Progress
from bybot.mirror.moving import check
from bybot.mirror.pacing import chat_key
from bybot.mirror.patience import Patience
from bybot.mirror.protection import Protection
from bybot.mirror.rate import Rate
from bybot.mirror.reader import follows
from bybot.mirror.reconcile import Tail
from bybot.mirror.requests import ANEW, FORWARD
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.sender import Unsure
from bybot.mirror.telling import Telling
from bybot.mirror.tools import Tools
from bybot.mirror.transfer import MOVING

log = logging.getLogger(__name__)

#: Seconds that stopping waits for what is under way.
_STOP_SECONDS = 5.0

_NO_SABOTAGE: Final = Sabotage()

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
        sleeper: told when a pair that rests has work; None: it never rests.

    Attributes:
        resting: :meth:`run` has returned although the pair is live: it is quiet, and waits to be woken.
    """

    __slots__ = (
        "_rate",
        "_resumed",
        "_running",
        "_sleeper",
        "_tail",
        "_tools",
        "account",
        "clock",
        "inbox",
        "journal",
        "pair",
        "patience",
        "phase",
        "protection",
        "report",
        "resting",
        "sabotage",
        "shared",
        "threads",
    )

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
        sleeper: Sleeper | None = None,
    ) -> None:
        self.pair = pair
        self.journal = journal
        self.phase: Phase = "starting"
        self.account = account
        self.clock = clock
        self.report = report
        self.shared = shared
        self.sabotage = sabotage or _NO_SABOTAGE
        self.threads = threads
        self.protection = Protection(account.client, pair.source, clock)
        self.inbox: Inbox | None = None
        self.resting = False
        self._sleeper = sleeper
        self._resumed = False
        self._tail: Tail | None = None
        self._tools: Tools | None = None
        self._running: Running | None = None
        self.patience = Patience(clock)
        self._rate = Rate(clock)

    # What others ask ------------------------------------------------------------------------------------------

    @property
    def tell(self) -> Telling:
        """Tells the user."""
        return Telling(self, self.journal, self.report, self.clock)

    @property
    def stopping(self) -> Flag:
        """Set when the work shall end."""
        return self.patience.stopping

    @property
    def not_before(self) -> datetime | None:
        """The end of the wait that the pair is in, if it is in one."""
        moving = MOVING if self.pair.rules.files == "upload" else ()
        kinds = (DELETE,) if self.phase == "undoing" else (FORWARD, ANEW, *moving)
        return self.account.pacing.not_before(*kinds, chat_key(self.pair.target))

    @property
    def progress(self) -> Progress:
        """How far the pair is."""
        counts = self.journal.counts
        phase: Literal["history", "live", "finished"] = "history" if self.phase in ("starting", "history") else "live"
        phase = "finished" if self.phase == "finished" else phase
        total, rate = self.journal.total or None, self._rate.per_second(counts)
        due = (self._tools.gate.due if self._tools is not None else None) or self.account.allowance.until
        return Progress(phase, counts.copied, counts.skipped, total, rate, self.not_before, counts.left_out, due)

    @property
    def protected(self) -> bool:
        """Whether the source forbids forwarding, as far as it is known."""
        return self.protection.on

    # Life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until stopped, until a pair with an end has reached it, or until a live pair rests.

        Raises:
            ConnectionError: the client is not connected any more; run again with another one.
            StaleWrite: another process took the pair over, or it was removed.
            AccountLimited, ChatNotReadable, ChatNotWritable, SessionRevoked: the user has to do something.
        """
        if self.stopping.is_set():
            return
        self.resting = False
        self._running = Running()
        await self._running.run(self._run())

    async def _run(self) -> None:
        try:
            while await keep(self.journal, self.patience, self._work):
                assert self.inbox is not None
                if not self.inbox.stirs:
                    self._rest(self.inbox)
                    return
        finally:
            if not self.resting:
                self._leave()

    async def stop(self) -> None:
        """End :meth:`run`: what is under way is answered first if that takes less than a few seconds."""
        self.stopping.set()
        tools = self._tools
        if tools is not None:
            tools.sender.stopping = True
        if self._running is not None:
            if self.inbox is not None and not self.resting:
                self.inbox.hint()
            await self._running.end(_STOP_SECONDS if tools is not None and tools.sender.busy else 0.5)
        if self.resting:
            self.resting = False
            self._leave()
            await close(self.journal, at_rest=True)

    def _rest(self, inbox: Inbox) -> None:
        """Let go of everything but the journal and the inbox. Nothing may come between this and the end of the task."""
        self.resting = self._resumed = True
        self._running = None
        inbox.rest(self._sleeper, self.journal.cursor.highest)
        self.journal.stirred = inbox.wake

    def _leave(self) -> None:
        """Hear no more."""
        self.journal.stirred = None
        inbox, self.inbox = self.inbox, None
        if inbox is not None:
            self.account.ears.close(self.pair.source.id, inbox)

    # Work -----------------------------------------------------------------------------------------------------

    async def _work(self) -> bool:
        """Returns whether the pair rests."""
        if self.inbox is None:
            self.inbox = self.account.ears.open(self.pair.source.id, input_peer(self.pair.source))
        self.inbox.rouse()
        tools = self._tools = Tools.of(self, self._tail)
        try:
            return await self._persist(tools)
        finally:
            self._tail, self._tools = tools.passage.doubt.tail, None
            await tools.close()

    async def _persist(self, tools: Tools) -> bool:
        """Copy on, whatever fails for a while. Returns whether the pair rests."""
        attempt, before = 0, -1
        while not self.stopping.is_set():
            try:
                return await self._copy(tools)
            except (Unsure, OSError, StoreUnavailable, TelegramUnreachable) as error:
                log.info("pair %s: starts over from its cursor (%s)", self.pair.id, type(error).__name__)
                if not self.account.client.is_connected():
                    raise ConnectionError("the client is not connected") from error
            tools.sender.abandon()
            self.journal.cursor.unpin_all()
            done = self.journal.counts.copied
            attempt = 0 if done > before else attempt + 1
            before = done
            await self.patience.before(attempt)
        return False

    async def _copy(self, tools: Tools) -> bool:
        resumed, self._resumed = self._resumed, False
        if not resumed:
            await self._catch_up(tools)
        if self.phase == "undone":
            return False
        while not self.stopping.is_set() and not self.at_end():
            self._enter_live(tools)
            if self._may_rest(tools):
                return True
            await self._listen(tools)
        await tools.land()
        if self.at_end() and not self.stopping.is_set():
            self.phase = "finished"
            counts = self.journal.counts
            self.tell.once(NoticeKind.FINISHED, copied=counts.copied, skipped=counts.left_out)
            self.report.progressed(self)
        return False

    async def _catch_up(self, tools: Tools) -> None:
        """Everything from the cursor on: what may have been sent, what was asked for, new posts, and changes."""
        tools.gate.close()
        seen = await self._look()
        doubt = tools.passage.doubt
        if not self.journal.orders.undone:
            await doubt.run()
        await self._run_errands(tools)
        if self.phase == "undone":
            return
        if self.phase == "starting":
            self._rate.begin(self.journal.counts)
            self.phase = "history"
        scan = max(self.journal.cursor.highest, self.journal.uncertain_until) > 0  # there may be copies already
        if seen is not None and self._is_done(seen.top):
            tools.reach_end()
        else:
            await tools.read_on(self.journal.cursor.mark)
        self.look_back()
        if not tools.gate.shut:
            await check(self.account.client, self.pair)
            await doubt.find_gone()
        await self._follow_changes(tools, scan=scan)

    async def _look(self) -> Look | None:
        """The source as it is now, asked for together with those of other pairs."""
        seen = await self.account.ears.look(self.pair.source.id, input_peer(self.pair.source))
        if seen is None or not self.protection.learn(seen.chat):
            await self.protection.look()
        return seen

    def _is_done(self, top: int) -> bool:
        """Whether nothing is to be read of a source whose newest id this is."""
        cursor = self.journal.cursor
        return top <= cursor.highest and not cursor.has_holes() and not cursor.pinned

    async def _run_errands(self, tools: Tools) -> None:
        """What the person asked for comes first."""
        orders = self.journal.orders
        if orders.undone:
            self.phase = "undone"
        if not orders:
            return
        if orders.undo:
            self.phase = "undoing"
        if await tools.errands().run():
            self.phase = "undone"
        else:
            await tools.passage.doubt.run()

    def ring(self) -> None:
        """What was held back may go."""
        if self.inbox is not None:
            self.inbox.hint(settle=True)

    def _enter_live(self, tools: Tools) -> None:
        if self.phase == "live" or (tools.gate.shut and self.journal.cursor.highest < self.journal.top_id):
            return
        self.phase = "live"
        if self.journal.total and self.pair.role != "task":
            counts = self.journal.counts
            self.tell.once(NoticeKind.HISTORY_DONE, copied=counts.copied, skipped=counts.left_out)
        self.report.progressed(self)

    def at_end(self) -> bool:
        """Whether a range with an end was copied to its end."""
        return ending.reached(self.pair, self.journal, self.clock.now())

    def _may_rest(self, tools: Tools) -> bool:
        """Whether nothing is left but to wait for what comes into the inbox."""
        if self._sleeper is None or self.phase != "live" or self.inbox is None or self.inbox.stirs:
            return False
        return self.journal.settled and tools.idle

    async def _listen(self, tools: Tools) -> None:
        assert self.inbox is not None
        await self.inbox.wait()
        heard = self.inbox.take()
        try:
            await self._take_in(tools, heard)
        finally:
            tools.changes.hear(heard.edited, heard.deleted, pins=heard.pins)
        await self._follow_changes(tools, scan=heard.scan)
        self.look_back()

    async def _take_in(self, tools: Tools, heard: Heard) -> None:
        """Copy what was heard, or read on."""
        await tools.sender.land_answered()
        cursor = self.journal.cursor
        messages = [m for m in heard.messages if m.id not in cursor and m.id not in cursor.pinned]
        # What was read past already came late, or was deleted before: the source tells which.
        late = any(message.id < cursor.next_id for message in messages)
        if messages or heard.look:
            await self.protection.look()
        if tools.gate.shut:
            pass  # all of it is read when the first that is held back may go
        elif messages and not heard.look and not late and follows(messages, cursor.next_id):
            await tools.passage.handle(messages)
        elif messages or heard.look or (heard.settle and cursor.has_holes()):
            await tools.land()
            await tools.read_on(cursor.mark if heard.settle or late else cursor.highest)
        if tools.passage.past_end:
            await tools.land()
            tools.reach_end()

    async def _follow_changes(self, tools: Tools, *, scan: bool) -> None:
        """Edits and deletions, for the copies that are known by now; with ``scan`` also those nobody heard of."""
        if not self.stopping.is_set():
            await (tools.changes.scan() if scan else tools.changes.apply())
            if self.journal.map.lost:
                await tools.passage.mend()
                await tools.changes.scan()

    def confirm_deletions(self, yes: bool) -> int:
        """The user's word on deletions that wait for it. Returns how many it was."""
        count = 0 if self._tools is None else self._tools.changes.confirm(yes)
        if self.inbox is not None and count:
            self.inbox.wake()
        return count

    def look_back(self) -> None:
        """Tell how far it came."""
        self.journal.cursor.settle(self.clock.elapsed())
        if self.journal.counts.protected:
            self.tell.once(NoticeKind.PROTECTED, whole=self.protection.on)
        self.report.progressed(self)
