"""The one store of the model, and each process's unreliable way to it.

The documents are those of :class:`~bybot.stores.memory.MemoryStore`. A call travels there and back; on the way it may
be refused, lost before or after it was carried out, or be carried out long after its caller gave up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bybot.errors import StaleWrite, StoreUnavailable
from bybot.stores.base import Committed, Document, Key, Where, Write
from bybot.stores.memory import MemoryStore
from tests.model.clocks import ServerClock
from tests.model.loop import ProcessLoop, World

#: A call that was not answered by then counts as unknown.
CALL_SECONDS = 10.0


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine of the memory store to its end: it only yields, and waits for nothing."""
    try:
        while True:
            work.send(None)
    except StopIteration as stop:
        return stop.value


@dataclass
class Fate:
    """What becomes of one call.

    Attributes:
        there, back: seconds of travel.
        carried_out: whether the store does it at all.
        answered: whether the answer arrives.
        gives_up: seconds after which the caller is told that nothing is known, unless answered before.
    """

    there: float
    back: float
    carried_out: bool = True
    answered: bool = True
    gives_up: float = CALL_SECONDS


class Disk:
    """The documents, with somebody who looks at every change."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.inner = MemoryStore(ServerClock(world))
        self.watch: Callable[[Sequence[Write]], None] = lambda writes: None

    def commit(self, writes: Sequence[Write]) -> Committed:
        committed: Committed = finish(self.inner.commit(writes))
        self.watch(writes)
        return committed

    def read(self, key: Key) -> Document | None:
        """For the watcher: without a journey."""
        document: Document | None = finish(self.inner.get(key))
        return document


class Line:
    """One process's way to the store: a :class:`bybot.stores.base.Store`."""

    def __init__(self, disk: Disk, loop: ProcessLoop, kind: str, fate: Callable[[bool], Fate]) -> None:
        self.kind = kind
        self.calls = 0
        self._disk = disk
        self._loop = loop
        self._fate = fate

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def get(self, key: Key) -> Document | None:
        return await self._call(lambda: finish(self._disk.inner.get(key)), writing=False)

    async def query(self, collection: str, where: Where | None = None, **options: Any) -> list[Document]:
        found: list[Document] = await self._call(
            lambda: finish(self._disk.inner.query(collection, where, **options)), writing=False
        )
        return found

    async def commit(self, writes: Sequence[Write]) -> Committed:
        sent = list(writes)  # as it is now: it may arrive much later
        committed: Committed = await self._call(lambda: self._disk.commit(sent), writing=True)
        return committed

    async def now(self) -> datetime:
        moment: datetime = await self._call(lambda: finish(self._disk.inner.now()), writing=False)
        return moment

    async def _call(self, work: Callable[[], Any], *, writing: bool) -> Any:
        self.calls += 1
        world = self._disk.world
        fate = self._fate(writing)
        answer: asyncio.Future[Any] = self._loop.create_future()

        def settle(value: Any, error: Exception | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(value)
            else:
                answer.set_exception(error)

        def carry_out() -> None:
            value, error = None, None
            try:
                value = work()
            except (StaleWrite, ValueError) as refusal:
                error = refusal
            if fate.answered:
                world.after(fate.back, lambda: self._loop.call_soon(settle, value, error))

        if fate.carried_out:
            world.after(fate.there, carry_out)
        unknown = StoreUnavailable("no answer")
        timer = self._loop.call_later(fate.gives_up, settle, None, unknown)
        try:
            return await answer
        finally:
            timer.cancel()
