"""The same jobs done by the product: manager, mirror and the sealed store on disk, as a local deployment wires them.

With its garbage collector, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bench.product import Counting, manager_of, opened
from bench.raw import until_stdin_ends
from bench.spec import MARK, Spec, emit
from bench.stored import pair_writes, write_ours
from bybot.clock import SystemClock
from bybot.collector import Collector
from bybot.mirror.model import ChannelPair, Everything, New, Notice, NoticeKind, PairState, Progress
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.mirror.supervisor import Supervisor
from bybot.sessions.model import METADATA
from bybot.stores.base import Store

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.02


class Bell:
    """Notices of the mirror: rings when a pair has caught up with its history."""

    def __init__(self) -> None:
        self.caught_up = asyncio.Event()
        self.at = 0.0

    def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> None:
        """Nothing: the bench looks at the end only."""

    def notice(self, user_id: int | str, notice: Notice) -> None:
        """Note the time at which history was done."""
        if notice.kind is NoticeKind.HISTORY_DONE:
            self.at = time.perf_counter()
            self.caught_up.set()


@asynccontextmanager
async def mirroring(spec: Spec, bell: Bell) -> AsyncIterator[tuple[Supervisor, Counting]]:
    """Manager and mirror, with the copying account's session connected, and their store."""
    user = {"account": spec.account, "access_hash": 0, "pts": 1, "ours": spec.key.hex()}
    await write_ours(spec, [user], [], [])
    async with opened(spec) as inner:
        store = Counting(inner)
        manager = manager_of(spec, store)
        mirror = Supervisor(manager, store, SystemClock(), pace="safe" if spec.paced else "off", notices=bell)
        collector = Collector(SystemClock())
        collector.start()
        await mirror.start()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await manager.start()
                await manager.wait_restored()
            yield mirror, store
        finally:
            await mirror.stop()
            await manager.close_all_sessions()
            await collector.stop()


async def clone(spec: Spec) -> None:
    """Add a pair with its whole history; the clock runs from there until the mirror says that history is done.

    What was written to the store meanwhile is counted too.
    """
    bell = Bell()
    async with mirroring(spec, bell) as (mirror, store):
        await _until_counted(store)
        emit(ready=True)
        store.clear()
        began = time.perf_counter()
        await mirror.add_pair(spec.account, f"@{spec.source}", f"@{spec.target}", Everything())
        await _finish(mirror, store, spec, bell, began)


async def _until_counted(store: Store) -> None:
    """Wait for the last document that starting the sessions writes. Raises TimeoutError."""
    async with asyncio.timeout(_READY_SECONDS):
        while await store.get(METADATA) is None:  # noqa: ASYNC110 (nobody tells when it is there)
            await asyncio.sleep(_POLL_SECONDS)


async def clone_text(spec: Spec) -> None:
    """The same with a rule that puts a mark before every text. The pair is stored before, and resumed."""
    bell = Bell()
    async with mirroring(spec, bell) as (mirror, store):
        source, target = [await mirror.resolve(spec.account, f"@{name}") for name in (spec.source, spec.target)]
        rules = Rules(transforms=(Replace(r"\A", MARK, pattern=True),))
        pair = ChannelPair(
            "marked", str(spec.account), source, target, Everything(), datetime.now(UTC), enabled=False, rules=rules
        )
        await store.commit(pair_writes([pair], total=spec.posts))
        emit(ready=True)
        began = time.perf_counter()
        await mirror.resume(spec.account, pair.id)
        await _finish(mirror, store, spec, bell, began)


async def _finish(mirror: Supervisor, store: Counting, spec: Spec, bell: Bell, began: float) -> None:
    await bell.caught_up.wait()
    (status,) = await mirror.list_pairs(spec.account)
    await mirror.stop()  # writes what is still to be written
    emit(result={"seconds": bell.at - began, "posts": status.counts.copied, "writes": store.others})


async def live(spec: Spec) -> None:
    """Add a pair for new posts only, and mirror until standard input ends."""
    async with mirroring(spec, Bell()) as (mirror, _):
        await mirror.add_pair(spec.account, f"@{spec.source}", f"@{spec.target}", New())
        await until_live(mirror, spec)
        emit(ready=True)
        await until_stdin_ends()
        emit(result={})


async def until_live(mirror: Supervisor, spec: Spec) -> None:
    """Wait until the one pair listens. Raises TimeoutError."""
    for _ in range(int(_READY_SECONDS / _POLL_SECONDS)):
        (status,) = await mirror.list_pairs(spec.account)
        if status.state is PairState.LIVE:
            return
        await asyncio.sleep(_POLL_SECONDS)
    raise TimeoutError("the pair is not live")
