"""What stored sessions cost the product: bringing them up, keeping them, closing them, and asking for them again."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from statistics import median

from bench.product import Counting, manager_of, opened
from bench.spec import Spec, emit, resident_bytes
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import SESSIONS

_AT_ONCE = 50
_LEASE_SECONDS = 3.0
_RENEWALS = 3


async def sessions(spec: Spec) -> None:
    """Bring up all stored sessions as a start does: claim, unseal, connect, check."""
    async with opened(spec) as store:
        manager = manager_of(spec, store)
        emit(ready=True)
        gc.collect()
        before = resident_bytes()
        began = time.perf_counter()
        try:
            await manager.start()
            await manager.wait_restored()
            seconds = time.perf_counter() - began
            ready = len(manager.ready_users())
            await asyncio.sleep(spec.settle)
            gc.collect()
            grown = resident_bytes() - before
            emit(result={"seconds": seconds, "bytes": grown / max(1, ready), "sessions": ready})
        finally:
            await manager.close_all_sessions()


@asynccontextmanager
async def on_demand(spec: Spec) -> AsyncIterator[tuple[UserSessionManager, list[str]]]:
    """A manager that connects a session when it is asked for, and the users that have one."""
    async with opened(spec) as store:
        users = sorted(document.key.id for document in await store.query(SESSIONS, fields=["state"]))
        manager = manager_of(spec, store, restore=False)
        try:
            await manager.start()
            await manager.wait_active()
            yield manager, users
        finally:
            await manager.close_all_sessions()


async def _use_and_close(manager: UserSessionManager, users: Sequence[str]) -> None:
    for start in range(0, len(users), _AT_ONCE):
        part = users[start : start + _AT_ONCE]
        await asyncio.gather(*(manager.get_user_client(user) for user in part))
        await asyncio.gather(*(_close(manager, user) for user in part))


async def _close(manager: UserSessionManager, user: str) -> None:
    while not await manager._idle.close(user):  # noqa: ASYNC110 (nobody tells when it is at rest)
        await asyncio.sleep(0.005)


async def closed(spec: Spec) -> None:
    """Connect each session once and close it as idle, a tenth of them at a time: what Python holds more after each.

    The median of the steps leaves out what is made once, such as the store's list of all sessions.
    """
    async with on_demand(spec) as (manager, users):
        users = users[: spec.posts]
        emit(ready=True)
        step = max(1, len(users) // 10)
        tracemalloc.start()
        held = []
        for start in range(0, len(users), step):
            await _use_and_close(manager, users[start : start + step])
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        steps = [after - before for before, after in pairwise(held)]
        emit(result={"bytes": median(steps) / step})


async def wake(spec: Spec) -> None:
    """Milliseconds until a client that was closed for idleness is connected again, one after another."""
    async with on_demand(spec) as (manager, users):
        chosen = users[: spec.posts]
        await _use_and_close(manager, chosen)
        emit(ready=True)
        times = []
        for user in chosen:
            began = time.perf_counter()
            await manager.get_user_client(user)
            times.append(time.perf_counter() - began)
        emit(result={"ms": median(times) * 1000})


async def handle(spec: Spec) -> None:
    """Microseconds of asking for a client that is live."""
    async with on_demand(spec) as (manager, users):
        await manager.get_user_client(users[0])
        emit(ready=True)
        times = []
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(spec.posts):
                await manager.get_user_client(users[0])
            times.append((time.perf_counter() - began) / spec.posts)
        emit(result={"microseconds": median(times) * 1e6})


async def idle(spec: Spec) -> None:
    """What an instance with all sessions connected writes while nobody does anything."""
    async with opened(spec) as inner:
        store = Counting(inner)
        manager = manager_of(spec, store, lease_seconds=_LEASE_SECONDS)
        try:
            await manager.start()
            await manager.wait_restored()
            await asyncio.sleep(spec.settle)
            emit(ready=True)
            store.clear()
            await asyncio.sleep(_LEASE_SECONDS / 3 * (_RENEWALS + 0.5))
            emit(result={"others": store.others, "lease": store.lease, "sessions": len(manager.ready_users())})
        finally:
            await manager.close_all_sessions()
