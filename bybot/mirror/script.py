"""Mirroring without the bot: one pair, one client, in a script.

    async with TelegramClient(...) as client:
        await Mirror(client, "@news", "@my_copy", store=LocalFileStore(...), mode=Everything()).run()

The pair is known by its account, source and target, so running the script again goes on where it stopped. See
docs/script-api.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from bybot.clock import Clock, SystemClock
from bybot.errors import ChatNotReadable, ChatNotWritable, PairNotFound, SameChat, StaleWrite
from bybot.mirror.account import Account
from bybot.mirror.allowance import Allowance
from bybot.mirror.audit import Audit
from bybot.mirror.auditor import LAST, Auditor
from bybot.mirror.chats import input_peer, own_id, resolve
from bybot.mirror.copies import Copies
from bybot.mirror.engine import Engine
from bybot.mirror.journal import Journal
from bybot.mirror.live import POLL_SECONDS, Ears
from bybot.mirror.model import (
    ChannelPair,
    ChatRef,
    Counts,
    Estimate,
    Mode,
    New,
    NoticeKind,
    Origin,
    Progress,
)
from bybot.mirror.orders import Orders
from bybot.mirror.pacing import PACES, PaceName, Pacing
from bybot.mirror.pairstate import first_state, state_key
from bybot.mirror.reader import Reader
from bybot.mirror.rules.book import Rules
from bybot.mirror.runs import NO_IDS
from bybot.mirror.samples import Sample, samples_of
from bybot.mirror.sender import Unsure
from bybot.mirror.starts import Start, estimate_of, start_of
from bybot.mirror.waits import Waits
from bybot.stores.base import Condition, Put, Store


class Mirror:
    """Copies one chat into another through a connected client.

    What it remembers stands in the store, under the account and the two chats: a Mirror that is made again goes on
    where the last one stopped. Only one at a time may work on the same pair and store.

    Args:
        client: a connected telethon.TelegramClient; give it ``flood_sleep_threshold=0``: waits are kept here.
        source: link, @name or id of a chat that the account can read.
        target: the same of one that it can post in.
        store: an opened store, where the cursor lasts.
        mode: where to begin, when the pair is new. New() by default: the posts from now on.
        rules: what is left out or changed on the way; new rules hold for posts that were not copied yet.
        pace: "safe"; "off" is for the sandbox.
        name: of a further copy of the same chats, with a memory of its own. A range that was copied already can be
            copied once more like that, and several ranges at a time.
        clock: where time comes from.
        on_progress: called with the Progress after every batch.
        on_notice: called with what happened and its facts.
        poll_seconds: how often silent sources are looked at.
    """

    def __init__(
        self,
        client: Any,
        source: str | int,
        target: str | int,
        *,
        store: Store,
        mode: Mode | None = None,
        rules: Rules | None = None,
        pace: PaceName = "safe",
        name: str = "",
        clock: Clock | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_notice: Callable[[NoticeKind, Mapping[str, Any]], None] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._client = client
        self._names = (source, target)
        self._name = name
        self._store = store
        self._mode = mode or New()
        self._rules = rules or Rules()
        self._clock = clock or SystemClock()
        self._pace = PACES[pace]
        self._pacing = Pacing(self._clock, self._pace)
        self._on_progress = on_progress
        self._on_notice = on_notice
        self._poll_seconds = poll_seconds
        self._pair: ChannelPair | None = None
        self._engine: Engine | None = None
        self._stopped = False
        self._interrupted = False
        self._turn, self._orders = asyncio.Lock(), asyncio.Lock()
        self._may_run = asyncio.Event()
        self._may_run.set()

    # Copying --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Copy until :meth:`stop` or cancellation, until a mode with an end has reached it, or until all is undone.

        Raises:
            ChatNotFound, ChatNotReadable, ChatNotWritable, SameChat: the chats cannot be used.
            ConnectionError: the client was disconnected.
            StaleWrite: another process runs the same pair on the same store.
            AccountLimited, SessionRevoked: the account cannot go on.
            TelegramUnreachable: no answer when it began.
            StoreUnavailable: the store does not answer.
        """
        pair = await self._begun(fresh=True)
        ears = Ears(self._client, self._pacing, poll_seconds=self._poll_seconds)
        ears.start()
        allowance = Allowance(self._store, f"script-{pair.user}", self._clock, self._pace.per_day)
        waits = Waits(self._store, f"script-{pair.user}", self._clock, self._pacing)
        try:
            await waits.restore()
            await self._work(pair, Account(self._client, self._pacing, ears, allowance))
        finally:
            await ears.stop()
            await allowance.close()
            await waits.close()

    async def _work(self, pair: ChannelPair, account: Account) -> None:
        """An engine after another, as long as somebody makes them stand still for a moment."""
        while not self._stopped:
            await self._may_run.wait()
            async with self._turn:
                if self._stopped or not self._may_run.is_set():
                    continue
                self._interrupted = False
                current = replace(pair, rules=self._rules)
                engine = self._engine = Engine(current, self._journal(pair), account, self._clock, self)
                await engine.run()
            if engine.phase == "undone":
                self.notice(engine, NoticeKind.UNDONE, {"count": engine.journal.counts.undone})
            if not self._interrupted:
                return

    async def stop(self) -> None:
        """End :meth:`run` in order: everything sent is remembered. It does not start again."""
        self._stopped = True
        if self._engine is not None:
            await self._engine.stop()

    @property
    def progress(self) -> Progress | None:
        """How far it is; None before :meth:`run`."""
        return None if self._engine is None else self._engine.progress

    @property
    def counts(self) -> Counts | None:
        """What became of the posts so far, of all runs together; None before :meth:`run`."""
        return None if self._engine is None else self._engine.journal.counts

    def confirm_deletions(self, yes: bool) -> int:
        """Answer the notice BULK_DELETION: delete these copies too, or keep them.

        Returns:
            How many it was; 0: nothing waits.
        """
        return 0 if self._engine is None else self._engine.confirm_deletions(yes)

    # Looking first --------------------------------------------------------------------------------------------

    async def estimate(self) -> Estimate:
        """What the mode means now: so many messages, so many seconds. Nothing is sent. Raises as :meth:`run`.

        Raises:
            ValueError: a range of dates that ends in the future.
        """
        pair = await self._resolved()
        start = await start_of(self._reader(pair.source), self._mode)
        return estimate_of(start, self._pace, self._pacing.factor)

    async def try_rules(self, rules: Rules | None = None, count: int = 20) -> list[Sample]:
        """What rules would make of the last posts of the source, oldest first. Nothing is sent. Raises as :meth:`run`.

        Args:
            rules: None: those of this Mirror.
            count: messages, at most 100.
        """
        pair = await self._resolved()
        return await samples_of(self._reader(pair.source), rules or self._rules, pair.id, count)

    async def set_rules(self, rules: Rules) -> None:
        """From now on these hold, also for a :meth:`run` that is under way; posts that were copied stay as they are."""
        async with self._standing_still():
            self._rules = rules

    # Checking and mending -------------------------------------------------------------------------------------

    async def audit(self, last: int = LAST) -> Audit:
        """Compare the target with the source. Nothing is sent.

        Args:
            last: so many messages of the source, at most 5,000.

        Raises:
            PairNotFound: nothing was ever copied.
            ChatNotReadable, ConnectionError, StoreUnavailable: they could not be compared.
        """
        pair = await self._resolved(fresh=True)
        engine = self._open_engine
        memory = self._journal(pair) if engine is None else engine.journal
        if engine is None:
            try:
                await memory.read()
            except StaleWrite as error:
                raise PairNotFound("Nothing was copied yet.", next_step="Let it run first.") from error
        ends = self._reader(pair.source), self._reader(pair.target)
        found = await Auditor(pair, *ends, memory, pair.source.protected).last(last)
        if engine is not None:
            engine.journal.audited(found.missing, found.doubled)
        return found

    async def fill_in(self, last: int = LAST) -> int:
        """Copy what is missing once more: a :meth:`run` under way does it before anything else, else the next one does.

        Args:
            last: compare so many messages of the source.

        Returns:
            How many posts that are.

        Raises:
            PairNotFound, ChatNotReadable, ConnectionError, StoreUnavailable: as :meth:`audit`.
        """
        missing = (await self.audit(last)).missing
        if missing:
            await self._order(lambda orders: orders.ask(missing))
        return len(missing)

    async def remove_doubles(self, last: int = LAST) -> int:
        """Delete second copies from the target; the first ones stay.

        Args:
            last: compare so many messages of the source.

        Returns:
            How many were deleted.

        Raises:
            ChatNotWritable, AccountLimited: the account may not delete there.
            PairNotFound, ChatNotReadable, ConnectionError, StoreUnavailable: as :meth:`audit`.
        """
        pair = await self._resolved()
        doubled = (await self.audit(last)).doubled
        try:
            removed = await Copies(self._client, pair, self._pacing).remove(doubled)
        except Unsure as error:
            raise ConnectionError("no answer to a deletion") from error
        if (engine := self._open_engine) is not None:
            engine.journal.audited(engine.journal.missing, engine.journal.doubled - set(doubled))
        return removed

    async def undo(self) -> None:
        """Delete all copies: a :meth:`run` under way does it and ends then, else the next one does.

        It copies nothing afterwards until :meth:`begin_again`.

        Raises:
            PairNotFound, StoreUnavailable, StaleWrite: nothing was noted.
        """

        def noted(orders: Orders) -> None:
            orders.undo, orders.undone, orders.asked = True, False, NO_IDS

        await self._order(noted)

    async def begin_again(self) -> None:
        """After :meth:`undo`: the next :meth:`run` copies from the pair's beginning. Raises as :meth:`undo`."""
        await self._order(Orders.begin)

    # Inside ---------------------------------------------------------------------------------------------------

    async def _resolved(self, *, fresh: bool = False) -> ChannelPair:
        """The pair, as the account sees its chats now (``fresh``) or saw them before."""
        if self._pair is None or fresh:
            source = await resolve(self._client, self._names[0])
            target = await resolve(self._client, self._names[1])
            check_chats(source, target)
            me = await own_id(self._client)
            pair_id = _pair_id(me, source, target, self._name)
            self._pair = ChannelPair(pair_id, str(me), source, target, self._mode, self._clock.now())
        return replace(self._pair, rules=self._rules)

    async def _begun(self, *, fresh: bool = False) -> ChannelPair:
        """The pair, whose first state is there."""
        pair = await self._resolved(fresh=fresh)
        if await self._store.get(state_key(pair.id)) is None:
            await prepare(self._store, self._reader(pair.source), pair)
        return pair

    def _reader(self, chat: ChatRef) -> Reader:
        return Reader(self._client, input_peer(chat), self._pacing)

    def _journal(self, pair: ChannelPair) -> Journal:
        return Journal(self._store, pair.id, "script", self._clock)

    @property
    def _open_engine(self) -> Engine | None:
        """The engine at work, while its journal is open."""
        engine = self._engine
        return engine if engine is not None and self._turn.locked() and engine.phase != "starting" else None

    @asynccontextmanager
    async def _standing_still(self) -> AsyncIterator[None]:
        """Nothing is copied meanwhile; what was under way has landed."""
        async with self._orders:
            self._interrupted = True
            self._may_run.clear()
            try:
                if self._engine is not None:
                    await self._engine.stop()
                async with self._turn:
                    yield
            finally:
                self._may_run.set()

    async def _order(self, change: Callable[[Orders], None]) -> None:
        """Note what shall be done first."""
        pair = await self._begun()
        async with self._standing_still():
            journal = self._journal(pair)
            await journal.open()
            change(journal.orders)
            await journal.close()

    # Report ---------------------------------------------------------------------------------------------------

    def progressed(self, engine: Engine) -> None:
        """The engine got on."""
        if self._on_progress is not None:
            self._on_progress(engine.progress)

    def notice(self, engine: Engine, kind: NoticeKind, facts: Mapping[str, Any]) -> None:
        """The engine has something to say."""
        if self._on_notice is not None:
            self._on_notice(kind, facts)


def check_chats(source: ChatRef, target: ChatRef) -> None:
    """Whether these can be a pair.

    Raises:
        SameChat, ChatNotReadable, ChatNotWritable: why not.
    """
    if source.id == target.id:
        raise SameChat("Source and target are the same chat.")
    if not source.can_read:
        raise ChatNotReadable(f"The account cannot read {source.title}.")
    if not target.can_post:
        raise ChatNotWritable(f"The account may not post in {target.title}.")


async def prepare(store: Store, reader: Reader, pair: ChannelPair) -> None:
    """Make the first state of a pair: where it begins is decided now.

    Raises:
        ChatNotReadable, SessionRevoked, AccountLimited, ConnectionError: the source could not be read.
        StoreUnavailable: nothing is known.
    """
    await begin(store, pair, await start_of(reader, pair.mode))


async def begin(store: Store, pair: ChannelPair, start: Start) -> ChannelPair:
    """Make the first state of a pair that begins there. Returns the pair, which knows it. Raises StoreUnavailable."""
    state = first_state(pair.user, start.mark, end_id=start.end_id, top_id=start.top_id, total=start.total)
    with contextlib.suppress(StaleWrite):  # somebody made it a moment ago
        await store.commit([Put(state_key(pair.id), state, Condition.ABSENT)])
    return replace(pair, origin=Origin(start.mark, start.end_id))


def _pair_id(account: int, source: ChatRef, target: ChatRef, name: str) -> str:
    parts = [account, source.id, target.id, *([name] if name else [])]
    return "script-" + hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=12).hexdigest()
