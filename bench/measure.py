"""One function per figure or pair of figures: runs both sides in turn and returns their samples."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.figures import Samples
from bench.ground import Ground
from bench.harness import ProgramFailed, Side, interleaved, program, run
from bench.latency import Range, percentile, shooting_range

Measured = dict[str, Samples]


@dataclass(frozen=True)
class Size:
    """How much is measured; the default is what the README's figures were taken with."""

    rounds: int = 5
    posts: int = 5000
    live_posts: int = 1000
    sessions: int = 1000
    idle_seconds: float = 3.0


#: Only to see that everything runs; its figures mean nothing.
SMALL = Size(rounds=1, posts=200, live_posts=40, sessions=20, idle_seconds=0.2)


async def clone(ground: Ground, size: Size) -> Measured:
    """Posts per second of copying a whole channel."""
    await ground.corpus(size.posts)

    async def copied(side: Side, name: str) -> tuple[float, dict[str, Any]]:
        spec = await ground.clone_spec(size.posts)
        result = await run(side, name, spec)
        return size.posts / result["seconds"], await ground.expect_posts(spec.target, size.posts)

    async def once(side: Side, _: int) -> dict[str, Any]:
        speed, made = await copied(side, "clone")
        return {"speed": speed, "made": made}

    found = await interleaved(size.rounds, once)
    if any(run["made"] != found["raw"][0]["made"] for runs in found.values() for run in runs):
        raise ProgramFailed("the two sides did not make the same copy")
    return {
        "clone_batch": {
            **{side: [run["speed"] for run in runs] for side, runs in found.items()},
            "raw_without_replies": [(await copied("raw", "clone_flat"))[0] for _ in range(size.rounds)],
        }
    }


async def live(ground: Ground, size: Size) -> Measured:
    """Latency in milliseconds at half of what the plain program can carry."""
    capacities = [
        await _live_once(ground, "raw", lambda field: field.capacity(size.live_posts))
        for _ in range(min(3, size.rounds))
    ]
    rate = median(capacities) / 2

    async def once(side: Side, _: int) -> dict[str, Any]:
        return {"latencies": await _live_once(ground, side, lambda field: field.steady(size.live_posts, rate))}

    found = await interleaved(size.rounds, once)

    def share(part: float) -> Samples:
        samples: Samples = {
            side: [percentile(r["latencies"], part) * 1000 for r in runs] for side, runs in found.items()
        }
        return samples | {"posts_per_second": [rate]}

    return {"live_latency_p50": share(0.5), "live_latency_p99": share(0.99)}


async def _live_once(ground: Ground, side: Side, measure: Callable[[Range], Awaitable[Any]]) -> Any:
    copier, poster, watcher = await ground.live_specs()
    async with program(side, "live", copier) as running, shooting_range(poster, watcher) as field:
        await field.capacity(10)  # the first posts pay for what is looked up once
        found = await measure(field)
        await running.result()
        return found


async def sessions(ground: Ground, size: Size) -> Measured:
    """Seconds to bring up all stored sessions, and KiB per idle one."""
    specs = await ground.session_specs(size.sessions, size.idle_seconds)

    async def once(side: Side, _: int) -> dict[str, Any]:
        return await run(side, "sessions", specs[side])

    found = await interleaved(size.rounds, once)
    for side, runs in found.items():
        for result in runs:
            if result["sessions"] != size.sessions:
                raise RuntimeError(f"{side} brought up {result['sessions']} of {size.sessions} sessions")
    return {
        "bring_up_1000": {side: [r["seconds"] for r in runs] for side, runs in found.items()},
        "memory_per_session": {side: [r["bytes"] / 1024 for r in runs] for side, runs in found.items()},
    }


async def rss(ground: Ground, size: Size) -> Measured:
    """Megabytes (10^6 bytes) of the idle product: bot, manager, service; with Firestore, which takes more room."""
    rounds = range(size.rounds)
    found = [await ground.idle_bot_bytes(size.idle_seconds, "firestore") / 1e6 for _ in rounds]
    files = [await ground.idle_bot_bytes(size.idle_seconds, "local") / 1e6 for _ in rounds]
    return {"base_rss": {"ours": found, "with_files": files}}


#: Which measurement yields a figure; figures of one measurement are taken together.
MEASUREMENTS: dict[str, Callable[[Ground, Size], Awaitable[Measured]]] = {
    "clone_batch": clone,
    "live_latency_p50": live,
    "live_latency_p99": live,
    "memory_per_session": sessions,
    "bring_up_1000": sessions,
    "base_rss": rss,
}
