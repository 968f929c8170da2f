"""A store whose commits travel together: what many ask for at the same moment is one commit, and one round trip."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bybot.errors import BybotError, StoreUnavailable
from bybot.stores.base import MAX_WRITES, Committed, Key, Store, Write
from bybot.stores.over import StoreOver


@dataclass(slots=True)
class _Asked:
    writes: Sequence[Write]
    answer: asyncio.Future[Committed]


class JoinedStore(StoreOver):
    """Another store with all its guarantees; only commits that wait for one under way are joined to the next.

    Commits that are asked for together succeed together. When that does not work for reasons of one of them (a stale
    write, a document that is too large), nothing was written, and each is carried out by itself.

    Args:
        inner: an opened store; whoever opened it closes it, after :meth:`settle`.
    """

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._queue: deque[_Asked] = deque()
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Settle, and close the other store."""
        await self.settle()
        await self.inner.close()

    async def settle(self) -> None:
        """Return when no commit is under way, also none whose caller has given up."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def commit(self, writes: Sequence[Write]) -> Committed:
        """As the other store; the versions may be those of more documents."""
        answer: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._queue.append(_Asked(writes, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        try:
            while self._queue:
                await self._commit_all(self._take())
        finally:
            self._task = None

    def _take(self) -> list[_Asked]:
        """From the front of the queue what can be one commit: no document twice."""
        taken: list[_Asked] = []
        keys: set[Key] = set()
        while self._queue:
            new = [write.key for write in self._queue[0].writes]
            if taken and (len(keys) + len(new) > MAX_WRITES or not keys.isdisjoint(new)):
                break
            keys.update(new)
            taken.append(self._queue.popleft())
        return taken

    async def _commit_all(self, asked: Sequence[_Asked]) -> None:
        if len(asked) == 1:
            await self._commit_one(asked[0])
            return
        try:
            done = await self.inner.commit([write for each in asked for write in each.writes])
        except StoreUnavailable as error:
            for each in asked:
                _fail(each, StoreUnavailable(error.message))  # nobody knows, of each
        except (BybotError, ValueError):
            for each in asked:
                await self._commit_one(each)
        except BaseException as error:
            for each in asked:
                _fail(each, error)
            raise
        else:
            for each in asked:
                if not each.answer.done():
                    each.answer.set_result(done)

    async def _commit_one(self, asked: _Asked) -> None:
        try:
            done = await self.inner.commit(asked.writes)
        except Exception as error:
            _fail(asked, error)
        except BaseException as error:
            _fail(asked, error)
            raise
        else:
            if not asked.answer.done():
                asked.answer.set_result(done)


def _fail(asked: _Asked, error: BaseException) -> None:
    if asked.answer.done():
        return
    if isinstance(error, asyncio.CancelledError):
        asked.answer.cancel()
    else:
        asked.answer.set_exception(error)
