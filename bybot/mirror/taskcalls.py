"""The supervisor's calls about tasks: further ranges of a pair's posts, each copied beside the pair itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from bybot.errors import PairNotFound
from bybot.ids import uuid7
from bybot.mirror import chats
from bybot.mirror.model import ChannelPair, Mode, New, PairStatus
from bybot.mirror.paircalls import PairCalls
from bybot.mirror.reader import Reader
from bybot.mirror.script import begin, check_chats
from bybot.mirror.starts import start_of
from bybot.mirror.taskbook import TaskBook, TaskRecord, check_room

#: Tasks of a pair that are kept at all: of ended ones the copies can be undone.
MOST_KEPT: Final = 30


class TaskCalls(PairCalls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    async def add_task(self, user: int | str, pair_id: str, mode: Mode) -> ChannelPair:
        """Copy a range of a pair's posts beside it, whether the pair copied them or not, and start at once.

        Args:
            mode: which posts; without an end of its own it ends at the newest post of now.

        Raises:
            TooManyTasks: so many of the pair's tasks are open already.
            PairNotFound: there is no such pair, or it is a task itself.
            ValueError: the mode names no post, or a range of dates ends in the future.
            ChatNotFound, ChatNotReadable, ChatNotWritable, SessionError, StoreUnavailable: why it cannot be done now.
        """
        if isinstance(mode, New):
            raise ValueError("a task copies posts that are there")
        pair = await self._book.get(user, pair_id)
        if pair.role != "main":
            raise PairNotFound("A task has no tasks.")
        tasks = await self._tasks_of(user, pair_id)
        check_room(tasks)
        person = self._person(user)
        async with self._client(user) as client:
            source, target = await chats.refresh(client, pair.source), await chats.refresh(client, pair.target)
            check_chats(source, target)
            start = await start_of(Reader(client, chats.input_peer(source), person.pacing), mode)
        now = self._clock.now()
        task = replace(
            pair, id=uuid7(now), source=source, target=target, mode=mode, created_at=now, enabled=True, parent=pair.id,
            role="task",
        )  # fmt: skip
        task = await begin(self._store, task, start.closed())
        await self._book.add(task)
        await self._forget_old(user, tasks)
        await person.start()
        return task

    async def _forget_old(self, user: int | str, tasks: list[ChannelPair]) -> None:
        """Keep no more tasks than may be kept: those without copies go first, then those that are oldest."""
        ended = sorted((task for task in tasks if task.ended), key=lambda task: task.ended != "undone")
        for task in ended[: max(0, len(tasks) + 1 - MOST_KEPT)]:
            await self.remove(user, task.id)

    async def list_tasks(self, user: int | str, pair_id: str) -> list[PairStatus]:
        """The tasks of a pair and what they do now, the newest first.

        Raises:
            PairNotFound, StoreUnavailable: as they say.
        """
        await self._book.get(user, pair_id)
        tasks = await self._tasks_of(user, pair_id)
        return list(await asyncio.gather(*(self._status(task) for task in reversed(tasks))))

    async def open_tasks(self, user: int | str, pair_id: str) -> int:
        """How many tasks of a pair are not at their end, paused ones included. Raises StoreUnavailable."""
        return sum(task.ended is None for task in await self._tasks_of(user, pair_id))

    async def _tasks_of(self, user: int | str, pair_id: str) -> list[ChannelPair]:
        return [part for part in await self._book.children(user, pair_id) if part.role == "task"]

    async def cancel(self, user: int | str, task_id: str) -> None:
        """Stop a task for good. Its copies stay. Nothing happens to one that has ended.

        Raises:
            PairNotFound: there is no such task.
            StoreUnavailable: as it says.
        """
        task = await self._book.get(user, task_id)
        if task.role != "task":
            raise PairNotFound("There is no such task.")
        if task.ended is not None:
            return
        await self._book.enable(user, [task_id], False)
        person = self._person(user)
        await person.end_pairs(task_id)
        counts, _, _ = await self._stored(task)
        await self._settings.end_task(task, "cancelled", counts)
        person.family.know(await self._book.of(user))

    async def task_history(self, user: int | str, pair_id: str) -> list[TaskRecord]:
        """The tasks of a pair that came to an end, the last one first. Raises as :meth:`list_tasks`."""
        await self._book.get(user, pair_id)
        return await TaskBook(self._store).of(pair_id)
