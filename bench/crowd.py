"""A thousand live pairs, by the product: started, kept and posted to."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bench.product import Counting, manager_of, opened
from bench.rawcrowd import answer
from bench.spec import Spec, emit, resident_bytes
from bench.stored import pair_writes, write_ours
from bybot.clock import SystemClock
from bybot.collector import Collector, freeze
from bybot.mirror.model import ChannelPair, ChatRef, New
from bybot.mirror.supervisor import Supervisor
from bybot.stores.base import Write

_PER_COMMIT = 100
_LIVE_SECONDS = 60.0
_LOOK_SECONDS = 0.02


async def store_crowd(spec: Spec, users: list[dict[str, Any]]) -> None:
    """What :mod:`bench.rawcrowd` reads, for the product: sealed sessions, and pairs of what is new."""
    await write_ours(spec, [{**user, "ours": user["key"]} for user in users], [], [])
    now = datetime.now(UTC)
    writes: list[Write] = []
    for user in users:
        name = str(user["account"])
        pairs = [
            ChannelPair(
                f"pair-{name}-{n}", name, _chat(p["source"]), replace(_chat(p["target"]), can_post=True), New(), now
            )
            for n, p in enumerate(user["pairs"])
        ]
        writes += pair_writes(pairs)
    async with opened(spec) as store:
        for at in range(0, len(writes), _PER_COMMIT):
            await store.commit(writes[at : at + _PER_COMMIT])


def _chat(facts: dict[str, Any]) -> ChatRef:
    return ChatRef(-1_000_000_000_000 - facts["id"], f"Channel {facts['id']}", access_hash=facts["access_hash"])


async def crowd(spec: Spec) -> None:
    """All sessions connected, then all pairs started: how long that takes, and what it adds to the memory."""
    async with opened(spec) as inner:
        store = Counting(inner)
        manager = manager_of(spec, store)
        collector = Collector(SystemClock())
        mirror: Supervisor | None = None
        try:
            await manager.start()
            await manager.wait_restored()
            await asyncio.sleep(spec.settle)
            gc.collect()
            before = resident_bytes()
            began = time.perf_counter()
            mirror = Supervisor(manager, store, SystemClock(), pace="safe" if spec.paced else "off")
            await mirror.start()
            collector.start()
            await _until_live(mirror, spec.posts)
            seconds = time.perf_counter() - began
            await asyncio.sleep(spec.settle)
            gc.collect()
            grown = resident_bytes() - before
            freeze()  # as a deployment does, a while after it began
            store.clear()
            emit(ready=True)
            await answer()
            await mirror.stop()  # writes what is still to be written
            emit(result={"seconds": seconds, "bytes": grown / spec.posts, "writes": store.others})
        finally:
            await collector.stop()
            if mirror is not None:
                await mirror.stop()
            await manager.close_all_sessions()


async def _until_live(mirror: Supervisor, count: int) -> None:
    async with asyncio.timeout(_LIVE_SECONDS):
        while mirror.figures().pairs.get("live", 0) < count:  # noqa: ASYNC110 (nobody tells when all are)
            await asyncio.sleep(_LOOK_SECONDS)
