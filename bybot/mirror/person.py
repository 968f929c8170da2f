"""All pairs of one account in this process: one client, one pacing, one pair of ears, an engine for each pair."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bybot.errors import (
    AccountLimited,
    BybotError,
    ChatMoved,
    ChatNotReadable,
    ChatNotWritable,
    CorruptDocument,
    MirrorError,
    PairNotFound,
    SessionError,
    StaleWrite,
    StoreUnavailable,
    TelegramUnreachable,
)
from bybot.mirror.account import Account
from bybot.mirror.allowance import Allowance
from bybot.mirror.chats import input_peer, refresh
from bybot.mirror.comments import ThreadKin, threads_of, without_additions
from bybot.mirror.engine import Engine
from bybot.mirror.family import Family, Kin
from bybot.mirror.journal import Journal
from bybot.mirror.live import Ears
from bybot.mirror.model import ChannelPair, Ended, Notice, NoticeKind, PairState
from bybot.mirror.moving import follow
from bybot.mirror.orders import Orders
from bybot.mirror.outcome import name_of
from bybot.mirror.pacing import Pacing
from bybot.mirror.reader import Reader
from bybot.mirror.rebuild import recover
from bybot.mirror.settings import Run, Settings
from bybot.mirror.waits import Waits

log = logging.getLogger(__name__)

#: Pauses before a pair that ended unexpectedly starts again, in seconds.
_PAUSES = (1.0, 5.0, 15.0, 60.0, 300.0)


@dataclass
class Person:
    """The pairs of one account. ``stop`` in the end.

    Attributes:
        runs: what runs, by pair.
        stopped: why a pair does not run, by pair.
        cut_off: the client gave up its connection; worth another try.
    """

    user: str
    pacing: Pacing
    settings: Settings
    runs: dict[str, Run] = field(default_factory=dict)
    stopped: dict[str, tuple[PairState, BybotError | None]] = field(default_factory=dict)
    cut_off: bool = False
    _account: Account | None = None
    _held: AsyncExitStack | None = None
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        s = self.settings
        self.family = Family(s.store, self._open_journal)
        self.allowance = Allowance(s.store, self.user, s.clock, self.pacing.pace.per_day)
        self.waits = Waits(s.store, self.user, s.clock, self.pacing)

    # Starting and stopping ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect if need be, and run every enabled pair. Pairs that run already go on.

        Raises:
            StoreUnavailable: the pairs cannot be read.
        """
        async with self._busy:
            pairs = await self.settings.book.of(self.user)
            self.family.know(pairs)
            enabled = [pair for pair in pairs if pair.enabled and pair.ended is None]
            self.cut_off = False
            if not enabled or self.settings.idle:
                return
            if self._account is not None:
                self._account.ears.hint_all(scan=True)  # the session may have been away for a moment
            try:
                account = await self._connect()
            except (SessionError, ConnectionError, TimeoutError) as error:
                reason = error if isinstance(error, BybotError) else None
                self.cut_off = not isinstance(error, SessionError) or isinstance(error, TelegramUnreachable)
                for pair in enabled:
                    self.stopped[pair.id] = (PairState.NO_SESSION, reason)
                return
            for pair in enabled:
                run = self.runs.get(pair.id)
                if run is None or not run.running:
                    self._launch(pair, account)

    def _launch(self, pair: ChannelPair, account: Account) -> None:
        self.stopped.pop(pair.id, None)
        self.family.forget(pair.id)
        run = self.runs[pair.id] = Run(pair, account, self)
        self.go(run)

    def go(self, run: Run) -> None:
        """Let a pair run in a task of its own, also one that rested."""
        run.task = asyncio.create_task(self._keep_running(run), name=f"pair {run.pair.id}")

    async def _connect(self) -> Account:
        if self._account is not None and self._account.client.is_connected():
            return self._account
        await self._let_go()
        await self.waits.restore()
        held = AsyncExitStack()
        try:
            client = await held.enter_async_context(self.settings.sessions.use(self.user))
            ears = Ears(client, self.pacing, poll_seconds=self.settings.poll_seconds)
            ears.start()
            held.push_async_callback(ears.stop)
        except BaseException:
            await held.aclose()
            raise
        self._held, self._account = held, Account(client, self.pacing, ears, self.allowance)
        return self._account

    async def _let_go(self) -> None:
        await self._end_runs(list(self.runs))
        await self.allowance.close()
        await self.waits.close()
        held, self._held, self._account = self._held, None, None
        if held is not None:
            await held.aclose()

    async def stop(self) -> None:
        """End everything, and remember what was sent."""
        async with self._busy:
            await self._let_go()

    async def rest(self) -> None:
        """Let go of the account when no pair runs, so that its client may be closed as idle."""
        async with self._busy:
            if self._held is not None and not any(run.running for run in self.runs.values()):
                await self._let_go()

    async def lost(self, reason: BybotError | None) -> None:
        """The session is not usable here any more."""
        async with self._busy:
            self.cut_off = False
            for pair_id in list(self.runs):
                self.stopped[pair_id] = (PairState.NO_SESSION, reason)
            await self._let_go()

    async def end_pairs(self, *pair_ids: str) -> None:
        """Stop these pairs."""
        async with self._busy:
            await self._end_runs(pair_ids)
            for pair_id in pair_ids:
                self.stopped.pop(pair_id, None)

    async def order(self, pair_id: str, change: Callable[[Orders], None]) -> None:
        """Stop one pair and note what it shall do first when it runs again.

        Raises:
            PairNotFound: it was removed, or another process has it now.
            StoreUnavailable: nothing may have been noted.
        """
        async with self._busy:
            await self._end_runs([pair_id])
            self.stopped.pop(pair_id, None)
            journal = self._journal(pair_id)
            try:
                await journal.open()
                change(journal.orders)
                await journal.close()
            except StaleWrite as error:
                raise PairNotFound("The pair is not here any more.") from error

    def _journal(self, pair_id: str) -> Journal:
        s = self.settings
        return Journal(s.store, pair_id, sys.intern(f"token {s.sessions.token(self.user)}"), s.clock)

    async def _end_runs(self, pair_ids: Iterable[str]) -> None:
        runs = [run for run in (self.runs.pop(pair_id, None) for pair_id in pair_ids) if run is not None]
        await asyncio.gather(*(run.end() for run in runs))
        for run in runs:
            self.family.forget(run.pair.id)

    def _open_journal(self, pair_id: str) -> Journal | None:
        engine = run.open_engine if (run := self.runs.get(pair_id)) is not None else None
        return engine.journal if engine is not None else None

    # One pair -------------------------------------------------------------------------------------------------

    async def _keep_running(self, run: Run) -> None:
        attempt, door = 0, self.settings.door
        while True:
            try:
                engine = run.engine
                if engine is None or not (engine.resting or engine.stopping.is_set()):
                    await door.enter(run.pair.id)
                    engine = run.engine = self._engine(run)
                await engine.run()
                if engine.resting:
                    run.task = None
                    return
                await self._came_to_end(run.pair, engine)
                return
            except Exception as error:
                if not await self._goes_on(run.pair, error):
                    return
            finally:
                door.leave(run.pair.id)
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            attempt += 1
            await self.settings.clock.sleep(pause)
            if not run.account.client.is_connected():
                self.stopped[run.pair.id] = (PairState.NO_SESSION, None)
                self.cut_off = True
                return

    def _engine(self, run: Run) -> Engine:
        s, pair, account = self.settings, run.pair, run.account
        journal = self._journal(pair.id)
        threads = threads_of(pair, account, self.family, s.clock)
        journal.kin = Kin(self.family, pair) if threads is None else ThreadKin(threads)
        pair = pair if threads is None else without_additions(pair)
        shared = partial(self._shares_target, pair)
        return Engine(
            pair, journal, account, s.clock, self, shared=shared, sabotage=s.sabotage, threads=threads, sleeper=run
        )

    async def _shares_target(self, pair: ChannelPair) -> bool:
        """Whether another pair posts into the same target. Raises StoreUnavailable."""
        others = [other for other in await self.settings.book.of(self.user) if other.enabled and other.ended is None]
        return any(other.id != pair.id and other.target.id == pair.target.id for other in others)

    async def _came_to_end(self, pair: ChannelPair, engine: Engine) -> None:
        """An engine has nothing more to do, or was stopped."""
        self.family.forget(pair.id)
        if engine.phase == "finished":
            self.stopped[pair.id] = (PairState.FINISHED, None)
            await self._end_task(pair, "finished", engine)
        elif engine.phase == "undone":
            await self._switch_off([pair.id], along=False)
            await self._end_task(pair, "undone", engine)
            self._notice(pair, NoticeKind.UNDONE, {"count": engine.journal.counts.undone})

    async def _end_task(self, pair: ChannelPair, how: Ended, engine: Engine) -> None:
        if pair.role != "task":
            return
        try:
            await self.settings.end_task(pair, how, engine.journal.counts)
            self.family.know(await self.settings.book.of(self.user))
        except StoreUnavailable:
            log.warning("task %s: %s, but the store was away; that is noted at the next start", pair.id, how)

    async def _goes_on(self, pair: ChannelPair, error: Exception) -> bool:
        """Note why a pair ended; whether it may start again by itself."""
        match error:
            case AccountLimited():
                await self._limit(pair, error)
                await self._report(error)
            case ChatMoved():
                return await self._move(pair, error)
            case MirrorError():
                await self._break(pair, error)
            case SessionError():
                self.stopped[pair.id] = (PairState.NO_SESSION, error)
                await self._report(error)
            case StaleWrite() | CorruptDocument():
                return await self._still_ours(pair, damaged=isinstance(error, CorruptDocument))
            case OSError() | StoreUnavailable():
                log.info("pair %s: starts again (%s)", pair.id, type(error).__name__)
                return True
            case _:
                log.error("pair %s ended unexpectedly", pair.id, exc_info=error)
                self._notice(pair, NoticeKind.FAILED, {"error": name_of(error)})
                return True
        return False

    async def _move(self, pair: ChannelPair, error: ChatMoved) -> bool:
        """A group of the pair has become a supergroup: the pair goes on there."""
        book, pause = self.settings.book, 1.0
        while True:
            try:
                known = await book.get(self.user, pair.id)
                if getattr(known, error.side).id != error.chat.id:
                    known = await follow(self.settings.store, book, known, error)
                break
            except PairNotFound:
                return False
            except StoreUnavailable:
                await self.settings.clock.sleep(pause)
                pause = min(60.0, pause * 2)
        self._notice(known, NoticeKind.MOVED, {"side": error.side})
        if (run := self.runs.get(pair.id)) is None:
            return False  # it was stopped meanwhile
        run.pair = known
        self.family.forget(pair.id)
        return True

    async def _report(self, error: Exception) -> None:
        """What Telegram said concerns the account: whoever owns the session looks into it."""
        if error.__cause__ is not None:
            await self.settings.sessions.report_error(self.user, error.__cause__)

    async def _still_ours(self, pair: ChannelPair, *, damaged: bool) -> bool:
        """A write was refused: the pair is gone, another process has the session, or an old holder wrote its last.

        Or the store has lost what it knew of the pair, or that is ``damaged``: then it is made again.
        """
        try:
            self.settings.sessions.token(self.user)
            known = await self.settings.book.get(self.user, pair.id)
            if known.enabled:
                await self._recover(known, damaged=damaged)
        except OSError:
            return True  # the source cannot be read now
        except (SessionError, PairNotFound, StoreUnavailable) as error:
            log.info("pair %s: not ours any more (%s)", pair.id, type(error).__name__)
            self.stopped[pair.id] = (PairState.NO_SESSION, None)
            return isinstance(error, StoreUnavailable)
        except MirrorError as error:
            return await self._goes_on(pair, error)
        return known.enabled

    async def _recover(self, pair: ChannelPair, *, damaged: bool) -> None:
        account, s = self._account, self.settings
        if account is None:
            return
        source, target = (Reader(account.client, input_peer(chat), self.pacing) for chat in (pair.source, pair.target))
        count = await recover(s.store, pair, source, target, s.clock.now(), damaged=damaged)
        if count is not None:
            log.warning("pair %s: its state was gone or damaged, and is made again", pair.id)
            self._notice(pair, NoticeKind.REBUILT, {"what": "state", "count": count})

    async def _limit(self, pair: ChannelPair, error: AccountLimited) -> None:
        """Telegram limits the account: every pair of it stops until the user resumes it."""
        for other in list(self.runs.values()):
            self.stopped[other.pair.id] = (PairState.LIMITED, error)
        await self._switch_off(list(self.runs), along=True)
        for run in [run for pair_id, run in self.runs.items() if pair_id != pair.id]:
            await run.give_up()
        if not error.frozen:
            self._notice(pair, NoticeKind.LIMITED, {"error": error.message})

    async def freeze(self) -> None:
        """Telegram has frozen the account, which showed anywhere: no pair writes until the user resumes it."""
        async with self._busy:
            pair_ids, error = list(self.runs), AccountLimited("Telegram has frozen this account.", frozen=True)
            for pair_id in pair_ids:
                self.stopped[pair_id] = (PairState.LIMITED, error)
            await self._switch_off(pair_ids, along=True)
            await self._end_runs(pair_ids)

    async def _break(self, pair: ChannelPair, error: MirrorError) -> None:
        """A chat of the pair is gone or closed: find out which, and stop the pair."""
        kind = NoticeKind.TARGET_LOST if isinstance(error, ChatNotWritable) else NoticeKind.SOURCE_LOST
        if isinstance(error, ChatNotReadable) and self._account is not None:
            try:
                if (await refresh(self._account.client, pair.source)).can_read:
                    error = ChatNotWritable("The account may not post in the target any more.")
                    kind = NoticeKind.TARGET_LOST
            except (BybotError, OSError):
                pass  # then it is the source
        self.stopped[pair.id] = (PairState.BROKEN, error)
        await self._switch_off([pair.id], along=True)
        self._notice(pair, kind, {"error": error.message})

    async def _switch_off(self, pair_ids: list[str], *, along: bool) -> None:
        try:
            await self.settings.book.enable(self.user, pair_ids, False, along=along)
        except StoreUnavailable:
            log.warning("pairs %s stopped, but the store was away; they try again at the next start", pair_ids)

    # Report of the engines ------------------------------------------------------------------------------------

    def progressed(self, engine: Engine) -> None:
        """An engine got on."""
        if engine.phase not in ("starting", "history") or not engine.journal.settled:
            self.settings.door.leave(engine.pair.id)
        self.settings.progressed(engine)

    def notice(self, engine: Engine, kind: NoticeKind, facts: Mapping[str, Any]) -> None:
        """An engine has something to say."""
        self._notice(engine.pair, kind, facts)

    def _notice(self, pair: ChannelPair, kind: NoticeKind, facts: Mapping[str, Any]) -> None:
        self.settings.notice(Notice(kind, pair, facts))
