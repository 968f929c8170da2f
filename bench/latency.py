"""Posts into a source at a chosen rate and times each copy's arrival in the target.

Poster and watcher are plain Telethon clients in the harness's process, the same for both sides. A post carries its own
time; the copy's push to a member of the target ends the measurement. So a latency is: post, push to the copying
program, its decision and forward, push to the watcher.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon import TelegramClient, events
from telethon.tl.functions.messages import SendMessageRequest

from bench import raw
from bench.spec import Spec

_PATIENCE = 60.0
_UNDER_WAY = 16


@dataclass
class Arrivals:
    """Latencies of the copies that arrived, in seconds, and when the last one came; ``room`` for further posts."""

    room: asyncio.Semaphore
    latencies: list[float] = field(default_factory=list)
    last_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, text: str) -> None:
        """A copy arrived."""
        self.last_at = time.perf_counter()
        _, _, sent = text.partition(" ")
        self.latencies.append(self.last_at - float(sent))
        self.changed.set()
        self.room.release()

    async def wait_for(self, count: int) -> None:
        """Wait until that many arrived.

        Raises:
            TimeoutError: they did not within a minute.
        """
        async with asyncio.timeout(_PATIENCE):
            while len(self.latencies) < count:
                self.changed.clear()
                await self.changed.wait()


@dataclass(frozen=True)
class Range:
    """A poster of one program's source and a watcher of its target."""

    poster: TelegramClient
    watcher: TelegramClient
    source: Any
    target: Any

    async def capacity(self, count: int) -> float:
        """Copies per second when a new post follows as soon as a copy arrived, with 16 under way.

        A burst of everything at once would measure something else: Telethon and the server bundle what waits.
        """
        began = time.perf_counter()
        arrivals = await self._post(count, None)
        return count / (arrivals.last_at - began)

    async def steady(self, count: int, rate: float) -> list[float]:
        """Post at a rate (posts per second); returns the latencies in seconds."""
        return (await self._post(count, rate)).latencies

    async def _post(self, count: int, rate: float | None) -> Arrivals:
        arrivals = Arrivals(asyncio.Semaphore(_UNDER_WAY))

        async def arrived(event: Any) -> None:
            arrivals.note(event.raw_text)

        self.watcher.add_event_handler(arrived, events.NewMessage(chats=self.target))
        try:
            began = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    if rate is None:
                        await arrivals.room.acquire()
                    else:
                        await _until(began + number / rate)
                    group.create_task(self._send(number))
            await arrivals.wait_for(count)
        finally:
            self.watcher.remove_event_handler(arrived)
        return arrivals

    async def _send(self, number: int) -> None:
        await self.poster(
            SendMessageRequest(
                peer=self.source,
                message=f"{number} {time.perf_counter()}",
                random_id=random.getrandbits(63),
            )
        )


async def _until(instant: float) -> None:
    """Sleep to an instant of the performance counter; a sleep of the loop alone is too coarse for short gaps."""
    left = instant - time.perf_counter()
    await asyncio.sleep(max(0.0, left))


@asynccontextmanager
async def observers(poster: Spec, watcher: Spec) -> AsyncIterator[Observers]:
    """Connect the poster and the watcher."""
    async with raw.connected(poster) as posting, raw.connected(watcher) as watching:
        yield Observers(posting, watching)


@dataclass(frozen=True)
class Observers:
    """The accounts that post and watch, for any number of pairs of channels."""

    poster: TelegramClient
    watcher: TelegramClient

    async def range(self, spec: Spec) -> Range:
        """The source and target of a copying program."""
        source = await self.poster.get_input_entity(spec.source)
        return Range(self.poster, self.watcher, source, await self.watcher.get_input_entity(spec.target))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least that share of the values does not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    needed = share * len(ordered)
    return next(value for value, upto in zip(ordered, itertools.count(1), strict=False) if upto >= needed)
