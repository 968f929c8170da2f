"""Event loops whose time is virtual: one for each process of the model, all driven by one :class:`World`.

A process that is frozen is a loop that is not stepped: its timers become late, answers wait in its queue, and
everything it had planned happens when it thaws, exactly as after SIGCONT. A killed one is never stepped again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from asyncio import events
from collections.abc import Callable, Coroutine
from typing import Any, Final

_NEVER: Final = float("inf")
#: So many turns in one moment of the world mean that somebody never waits.
_TOO_MANY: Final = 20_000


class _NoSelector:
    """There are no files to wait for; time is moved by the world."""

    def select(self, timeout: float | None) -> list[Any]:
        return []

    def close(self) -> None:
        pass


class ProcessLoop(asyncio.BaseEventLoop):
    """The loop of one process.

    Attributes:
        lag: seconds of the world that passed while this machine's clocks for timers stood still.
        frozen: it is not stepped.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._selector = _NoSelector()
        self._clock_resolution = 1e-9
        self.lag = 0.0
        self.frozen = False
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self._world.now - self.lag

    def due(self) -> float:
        """When it has something to do next, in the world's time."""
        if self._ready:
            return self._world.now
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        return scheduled[0]._when + self.lag if scheduled else _NEVER

    def drain(self) -> None:
        """Run until everything waits: what :meth:`BaseEventLoop._run_once` does, without waiting for files."""
        scheduled, ready, end = self._scheduled, self._ready, self._world.now - self.lag + 1e-9
        turns = 0
        events._set_running_loop(self)
        try:
            while True:
                while scheduled and scheduled[0]._when <= end:
                    timer = heapq.heappop(scheduled)
                    timer._scheduled = False
                    ready.append(timer)
                if not ready:
                    return
                for _ in range(len(ready)):
                    handle = ready.popleft()
                    if not handle._cancelled:
                        handle._run()
                turns += 1
                if turns > _TOO_MANY:
                    self._world.unexpected("a process runs in a circle without waiting for anything")
                    return
        finally:
            events._set_running_loop(None)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task of this process, made from outside."""
        return asyncio.Task(work, loop=self)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Work of threads takes no time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._world.unexpected(f"{context.get('message')}: {error!r}")

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class World:
    """Time, chance, and what happens outside of processes (packets, the store's work).

    Args:
        seed: of every choice; the same seed plays the same schedule.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.dice = random.Random(seed)
        self.loops: list[ProcessLoop] = []
        self.problems: list[str] = []
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something in that many seconds."""
        heapq.heappush(self._events, (self.now + seconds, next(self._count), action))

    def unexpected(self, what: str) -> None:
        """Something that should not happen at all: the schedule fails."""
        self.problems.append(f"{self.now:.3f} {what}")

    def run(self, until: float) -> None:
        """Let time pass. Processes share nothing but the store, so their order within a moment tells nothing new."""
        while not self.problems:
            first, process = _NEVER, None
            for loop in self.loops:
                if not loop.frozen and (when := loop.due()) < first:
                    first, process = when, loop
            outside = self._events[0][0] if self._events else _NEVER
            if min(first, outside) > until:
                self.now = until
                return
            if process is None or outside <= first:
                self.now = max(self.now, outside)
                heapq.heappop(self._events)[2]()
            else:
                self.now = max(self.now, first)
                process.drain()
