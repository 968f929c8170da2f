"""Posts into many sources at a chosen rate, inside of the sandbox, and times the copies where they arrive.

With a thousand pairs, a poster and a watcher of plain Telethon would take more of the machine than what is measured. So
the sandbox posts by itself and looks at its own clock: a latency is push to the copying program, its decision, and its
request carried out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bybot.sandbox.world.events import Event, NewMessage
from bybot.sandbox.world.model import Account, Peer
from bybot.sandbox.world.world import World

_PATIENCE = 60.0


class Stream:
    """Posts of one poster into the sources of pairs of channels, one after another, in turn.

    Args:
        world: where they are.
        poster: may post in every source.
    """

    def __init__(self, world: World, poster: Account) -> None:
        self._world = world
        self._poster = poster
        self._posted: dict[str, float] = {}
        self._latencies: list[float] = []
        self._arrived = asyncio.Event()
        self._numbers = 0

    async def run(self, pairs: Sequence[tuple[int, int]], posts: int, rate: float) -> list[float]:
        """Post so many at a rate; returns the seconds that each copy took.

        Args:
            pairs: ids of source and target.
            posts: over all pairs.
            rate: posts per second over all pairs.

        Raises:
            TimeoutError: copies were missing a minute after the last post.
        """
        self._latencies = []
        targets = {target for _, target in pairs}

        def on_event(event: Event) -> None:
            if isinstance(event, NewMessage) and event.channel_id in targets:
                self._note(event.message.text)

        stop = self._world.events.observe(on_event)
        try:
            await self._post([Peer("channel", source) for source, _ in pairs], posts, rate)
            async with asyncio.timeout(_PATIENCE):
                while len(self._latencies) < posts:
                    self._arrived.clear()
                    await self._arrived.wait()
        finally:
            stop()
        return self._latencies

    async def _post(self, sources: Sequence[Peer], posts: int, rate: float) -> None:
        began = time.perf_counter()
        for number in range(posts):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            self._numbers += 1
            text = f"Post {self._numbers}"
            self._posted[text] = time.perf_counter()
            self._world.send_message(self._poster, sources[number % len(sources)], text=text)

    def _note(self, text: str) -> None:
        at = self._posted.pop(text, None)
        if at is not None:
            self._latencies.append(time.perf_counter() - at)
            self._arrived.set()
