"""The same jobs done by the product: manager, mirror and the sealed store on disk, as a local deployment wires them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.product import manager_of, opened
from bench.raw import until_stdin_ends
from bench.spec import Spec, emit
from bench.stored import write_ours
from bybot.clock import SystemClock
from bybot.mirror.model import ChannelPair, Everything, Mode, New, Notice, NoticeKind, PairState, Progress
from bybot.mirror.supervisor import Supervisor

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
async def mirroring(spec: Spec, bell: Bell) -> AsyncIterator[Supervisor]:
    """Manager and mirror, with the copying account's session connected."""
    user = {"account": spec.account, "access_hash": 0, "pts": 1, "ours": spec.key.hex()}
    await write_ours(spec, [user], [], [])
    async with opened(spec) as store:
        manager = manager_of(spec, store)
        mirror = Supervisor(manager, store, SystemClock(), pace="off", notices=bell)
        await mirror.start()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await manager.start()
                await manager.wait_restored()
            yield mirror
        finally:
            await mirror.stop()
            await manager.close_all_sessions()


async def _pair(mirror: Supervisor, spec: Spec, mode: Mode) -> ChannelPair:
    return await mirror.add_pair(spec.account, f"@{spec.source}", f"@{spec.target}", mode)


async def clone(spec: Spec) -> None:
    """Add a pair with its whole history; the clock runs from there until the mirror says that history is done."""
    bell = Bell()
    async with mirroring(spec, bell) as mirror:
        emit(ready=True)
        began = time.perf_counter()
        await _pair(mirror, spec, Everything())
        await bell.caught_up.wait()
        (status,) = await mirror.list_pairs(spec.account)
        emit(result={"seconds": bell.at - began, "posts": status.counts.copied})


async def live(spec: Spec) -> None:
    """Add a pair for new posts only, and mirror until standard input ends."""
    async with mirroring(spec, Bell()) as mirror:
        await _pair(mirror, spec, New())
        await _until_live(mirror, spec)
        emit(ready=True)
        await until_stdin_ends()
        emit(result={})


async def _until_live(mirror: Supervisor, spec: Spec) -> None:
    for _ in range(int(_READY_SECONDS / _POLL_SECONDS)):
        (status,) = await mirror.list_pairs(spec.account)
        if status.state is PairState.LIVE:
            return
        await asyncio.sleep(_POLL_SECONDS)
    raise TimeoutError("the pair is not live")
