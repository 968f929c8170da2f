"""What can go wrong on purpose between a client and this server, and what is counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import grpc

from bybot.sandbox.firestore.errors import Refusal

T = TypeVar("T")

FaultKind = Literal["delay", "late", "lost", "silent", "refuse", "hang", "quota"]


@dataclass
class Fault:
    """One fault.

    Args:
        kind: ``delay``: carried out at once, answered ``seconds`` later. ``late``: carried out ``seconds`` later, also
            when the caller has given up by then. ``lost``: carried out, but the answer is UNAVAILABLE. ``silent``:
            carried out, but never answered. ``refuse``: not carried out, UNAVAILABLE. ``hang``: not carried out, never
            answered while the fault lasts, then UNAVAILABLE. ``quota``: not carried out, RESOURCE_EXHAUSTED.
        rpc: the only call that it touches (for example ``Commit``); None: all.
        times: how many calls; None: until it is taken away.
    """

    kind: FaultKind
    rpc: str | None = None
    seconds: float = 0.0
    times: int | None = None


@dataclass
class Counts:
    """What was asked of the server: requests by name; documents read and written as Google bills them."""

    requests: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    writes: int = 0

    def clear(self) -> None:
        self.requests.clear()
        self.unknown.clear()
        self.reads = self.writes = 0


class FirestoreFaults:
    """The faults that are switched on. The first that fits a call is used."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._changed = asyncio.Event()
        self._late: set[asyncio.Task[object]] = set()

    def add(self, kind: FaultKind, *, rpc: str | None = None, seconds: float = 0.0, times: int | None = None) -> Fault:
        """Switch a fault on; it is used up after so many times."""
        fault = Fault(kind, rpc, seconds, times)
        self.active.append(fault)
        return fault

    def outage(self, kind: Literal["refuse", "hang"] = "refuse") -> Fault:
        """Answer nothing at all any more, until the fault is removed."""
        return self.add(kind)

    def remove(self, fault: Fault) -> None:
        """Switch one fault off. Calls that hang on it end."""
        if fault in self.active:
            self.active.remove(fault)
        self._wake()

    def clear(self) -> None:
        """Switch all faults off. Calls that hang on them end."""
        self.active.clear()
        self._wake()

    async def close(self) -> None:
        """Forget what was to be carried out late."""
        self.clear()
        late = list(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def around(self, rpc: str, carry_out: Callable[[], T]) -> T:
        """Carry out a call under the faults that are on.

        Raises:
            Refusal: what the fault, or the call itself, answers.
        """
        fault = self._take(rpc)
        if fault is None:
            return carry_out()
        return await self._faulty(fault, carry_out)

    async def _faulty(self, fault: Fault, carry_out: Callable[[], T]) -> T:
        if fault.kind == "refuse":
            raise _unavailable()
        if fault.kind == "quota":
            raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded.")
        if fault.kind == "hang":
            await self._while_on(fault)
            raise _unavailable()
        if fault.kind == "late":
            return await self._later(fault.seconds, carry_out)
        result = carry_out()
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return result
        if fault.kind == "silent":
            await _for_ever()
        raise _unavailable()

    def _take(self, rpc: str) -> Fault | None:
        for fault in self.active:
            if fault.rpc in (None, rpc):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.active.remove(fault)
                return fault
        return None

    async def _later(self, seconds: float, carry_out: Callable[[], T]) -> T:
        async def work() -> T:
            await asyncio.sleep(seconds)
            return carry_out()

        task = asyncio.create_task(work())
        self._late.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may have gone: then nobody else looks at it

    async def _while_on(self, fault: Fault) -> None:
        while fault in self.active:
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _unavailable() -> Refusal:
    return Refusal(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")


async def _for_ever() -> Awaitable[None]:
    return await asyncio.get_running_loop().create_future()
