"""What the pairs of all accounts work with in this process, and one of them at work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bybot.clock import Clock
from bybot.mirror.account import Account
from bybot.mirror.door import Door
from bybot.mirror.engine import Engine
from bybot.mirror.model import ChannelPair, Counts, Ended, Notice
from bybot.mirror.pairs import PairBook
from bybot.mirror.sabotage import Sabotage
from bybot.mirror.taskbook import TaskBook, TaskRecord
from bybot.sessions.news import SessionNews
from bybot.stores.base import Store


class Sessions(Protocol):
    """What the mirror needs of the session manager."""

    def use(self, user_id: int | str) -> Any:
        """An async context manager: the user's connected client, kept while it lasts.

        Raises:
            SessionError: there is none here, and why.
        """

    def token(self, user_id: int | str) -> int:
        """The fencing token of the user's session; it grows at every change of owner."""

    def ready_users(self) -> Collection[int | str]:
        """Users whose sessions are connected here now."""

    async def report_error(self, user_id: int | str, error: BaseException) -> Any:
        """Somebody saw this error from a user's client: it may mean that the login is over."""

    def on_ready(self, callback: Callable[..., Any]) -> Any:
        """Call back with the user id whenever a session is connected here."""

    def on_parting(self, callback: Callable[..., Any]) -> Any:
        """Await the callback with the user id before a session goes to another process."""

    def on_lost(self, callback: Callable[..., Any]) -> Any:
        """Call back with the user id and a reason whenever one is not any more."""

    def on_news(self, callback: Callable[[SessionNews], Any]) -> Any:
        """Call back with what happened to a session, such as a frozen account."""


@dataclass
class Settings:
    """What the engines of all accounts share. ``idle``: nothing runs here."""

    store: Store
    clock: Clock
    book: PairBook
    sessions: Sessions
    poll_seconds: float
    sabotage: Sabotage
    notice: Callable[[Notice], None]
    progressed: Callable[[Engine], None]
    idle: bool = False
    door: Door = field(default_factory=Door)

    async def end_task(self, task: ChannelPair, how: Ended, counts: Counts) -> None:
        """Note a task's end. It is kept, for its copies can be undone and replied to. Raises StoreUnavailable."""

        def ended(pair: ChannelPair) -> ChannelPair:
            return pair if pair.ended is not None else replace(pair, enabled=False, along=False, ended=how)

        record = TaskRecord.of(task, how, counts, self.clock.now())
        await TaskBook(self.store).note(task, record)
        await self.book.change(task.user, [task.id], ended)


class Runner(Protocol):
    """Whoever lets pairs run."""

    def go(self, run: Run) -> None:
        """Give it a task of its own."""


@dataclass(slots=True)
class Run:
    """One pair that runs here, or rests between two posts: then it has no task, and is woken."""

    pair: ChannelPair
    account: Account
    runner: Runner
    task: asyncio.Task[None] | None = None
    engine: Engine | None = None

    @property
    def running(self) -> bool:
        """Whether it goes on by itself, be it that it rests now."""
        if self.task is not None:
            return not self.task.done()
        return self.engine is not None and self.engine.resting

    @property
    def running_engine(self) -> Engine | None:
        """Its engine, while it goes on by itself."""
        return self.engine if self.running else None

    @property
    def open_engine(self) -> Engine | None:
        """Its engine, while the journal is open."""
        engine = self.running_engine
        return None if engine is None or engine.phase == "starting" else engine

    def wake(self) -> None:
        """It has work again."""
        if self.task is None:
            self.runner.go(self)

    async def give_up(self) -> None:
        """End it without waiting for what is under way."""
        if self.task is not None:
            self.task.cancel()
        else:
            await self.end()

    async def end(self) -> None:
        """Stop it in order, unless it is the one that asks."""
        task = self.task
        if task is not None and task is asyncio.current_task():
            return
        if self.engine is not None:
            await self.engine.stop()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
