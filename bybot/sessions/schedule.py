"""Work that is done by itself at intervals of hours or days, whatever restarts come between.

When a piece of work was last done stands in ``system/schedules``, by the store's own time: one write for each time it
was done. Only the process that may act runs it. What fails is tried again after growing pauses, and the administrators
are told once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bybot.clock import Clock
from bybot.errors import BybotError, StaleWrite, StoreError
from bybot.sessions.backoff import Backoff
from bybot.sessions.news import NewsKind
from bybot.stores.base import SERVER_TIME, Condition, Document, Key, Patch, Put, Store, Write

log = logging.getLogger(__name__)

SCHEDULES: Final = Key("system", "schedules")
_LONGEST_SLEEP: Final = 3600.0  # asyncio's own clock stands still while a machine sleeps
_FIRST_RETRY: Final = 60.0
_LONGEST_RETRY: Final = 3600.0
_TRIES: Final = 5


@dataclass(frozen=True)
class Job:
    """Work to be done at intervals.

    Attributes:
        name: lower case; the document's field is ``{name}_at``.
        every: seconds between two times.
        work: raises when it did not succeed.
    """

    name: str
    every: float
    work: Callable[[], Awaitable[object]]


class Schedule:
    """Runs jobs.

    Args:
        tell: called with a kind of news and its facts.
    """

    def __init__(self, store: Store, clock: Clock, tell: Callable[[NewsKind, dict[str, str]], None]) -> None:
        self.jobs: list[Job] = []
        self._store = store
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Do what is due until cancelled."""
        async with asyncio.TaskGroup() as group:
            for job in self.jobs:
                group.create_task(self._keep(job), name=f"schedule of {job.name}")

    async def last(self, name: str) -> datetime | None:
        """When a job was last done, by the store's time. Raises StoreUnavailable."""
        return _last(await self._store.get(SCHEDULES), name)

    async def _keep(self, job: Job) -> None:
        backoff, failing = Backoff(_FIRST_RETRY, min(_LONGEST_RETRY, job.every)), False
        while True:
            try:
                left, before = await self._left(job)
                if left > 0:
                    await self._clock.sleep(min(left, _LONGEST_SLEEP))
                    continue
                await job.work()
                await self._done(job, before)
            except Exception as error:  # whatever it is, it must not end what else this process does
                known = isinstance(error, BybotError | OSError)
                what = error.code if isinstance(error, BybotError) else type(error).__name__
                log.warning("Scheduled work (%s) did not succeed: %s", job.name, what, exc_info=not known)
                if not failing and not isinstance(error, StoreError):
                    failing = True
                    self._tell(NewsKind.JOB_FAILED, {"job": job.name, "error": what})
                await self._clock.sleep(backoff.next())
            else:
                log.info("Scheduled work was done: %s.", job.name)
                if failing:
                    self._tell(NewsKind.JOB_WORKS, {"job": job.name})
                backoff, failing = Backoff(_FIRST_RETRY, min(_LONGEST_RETRY, job.every)), False

    async def _left(self, job: Job) -> tuple[float, datetime | None]:
        """Seconds until a job is due, and when it was last done."""
        document = await self._store.get(SCHEDULES)
        last = _last(document, job.name)
        if document is None or last is None:
            return 0.0, None
        return job.every - (document.read_time - last).total_seconds(), last

    async def _done(self, job: Job, before: datetime | None) -> None:
        """Write down that it was done, unless another process did so meanwhile. Raises StoreUnavailable."""
        data = {f"{job.name}_at": SERVER_TIME}
        for _ in range(_TRIES):
            document = await self._store.get(SCHEDULES)
            if _last(document, job.name) != before:
                return
            write: Write = (
                Put(SCHEDULES, data, if_=Condition.ABSENT)
                if document is None
                else Patch(SCHEDULES, data, if_=document.version)
            )
            try:
                await self._store.commit([write])
            except StaleWrite:
                continue
            return


def _last(document: Document | None, name: str) -> datetime | None:
    value = None if document is None else document.data.get(f"{name}_at")
    return value if isinstance(value, datetime) else None
