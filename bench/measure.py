"""One function per figure or pair of figures: runs both sides in turn and returns their samples."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench.figures import Samples
from bench.ground import Ground
from bench.harness import SIDES, ProgramFailed, Side, interleaved, program, run
from bench.latency import Range, observers, percentile

Measured = dict[str, Samples]
_BLOCK = 100
_WOKEN = 200


@dataclass(frozen=True)
class Size:
    """How much is measured; the default is what the README's figures were taken with."""

    rounds: int = 5
    posts: int = 10_000
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
    rate = median([await _capacity(ground, size.live_posts) for _ in range(min(3, size.rounds))]) / 2
    rounds = [await _latencies(ground, size.live_posts, rate) for _ in range(size.rounds)]

    def share(part: float) -> Samples:
        samples: Samples = {side: [percentile(found[side], part) * 1000 for found in rounds] for side in SIDES}
        return samples | {"posts_per_second": [rate]}

    return {"live_latency_p50": share(0.5), "live_latency_p99": share(0.99)}


async def _capacity(ground: Ground, posts: int) -> float:
    spec = await ground.live_spec()
    async with program("raw", "live", spec) as running, observers(*await ground.observer_specs()) as eyes:
        found = await (await eyes.range(spec)).capacity(posts)
        await running.result()
        return found


async def _latencies(ground: Ground, posts: int, rate: float) -> dict[Side, list[float]]:
    """Both programs are up, each with its own account and channels; blocks of posts go to one and the other in turn.

    So what else the machine does for a second meets both sides.
    """
    plain, ours = await ground.live_spec(), await ground.live_spec()
    found: dict[Side, list[float]] = {side: [] for side in SIDES}
    async with (
        program("raw", "live", plain) as raw_program,
        program("ours", "live", ours) as our_program,
        observers(*await ground.observer_specs()) as eyes,
    ):
        ranges: dict[Side, Range] = {"raw": await eyes.range(plain), "ours": await eyes.range(ours)}
        for field in ranges.values():
            await field.capacity(10)  # the first posts pay for what is looked up once
        for block in range(-(-posts // _BLOCK)):
            for side in SIDES if block % 2 == 0 else reversed(SIDES):
                found[side] += await ranges[side].steady(min(_BLOCK, posts), rate)
        await raw_program.result()
        await our_program.result()
    return found


async def sessions(ground: Ground, size: Size) -> Measured:
    """Seconds to bring up all stored sessions, and KiB per idle one."""
    found = await _brought_up(ground, size.sessions, size.idle_seconds, size.rounds)
    return {
        "bring_up_1000": _each(found, "seconds"),
        "memory_per_session": _each(found, "bytes", 1 / 1024),
    }


async def many_sessions(ground: Ground, size: Size) -> Measured:
    """KiB per idle session where there are five times as many."""
    found = await _brought_up(ground, size.sessions * 5, size.idle_seconds, 1)
    return {"memory_per_session_5000": _each(found, "bytes", 1 / 1024)}


async def _brought_up(ground: Ground, count: int, settle: float, rounds: int) -> dict[Side, list[dict[str, Any]]]:
    specs = await ground.session_specs(count, settle)

    async def once(side: Side, _: int) -> dict[str, Any]:
        return _complete(await run(side, "sessions", specs[side]), side, count)

    return await interleaved(rounds, once)


def _complete(result: dict[str, Any], side: str, count: int) -> dict[str, Any]:
    if result["sessions"] != count:
        raise RuntimeError(f"{side} brought up {result['sessions']} of {count} sessions")
    return result


def _each(found: dict[Side, list[dict[str, Any]]], name: str, factor: float = 1.0) -> Samples:
    return {side: [result[name] * factor for result in runs] for side, runs in found.items()}


async def from_firestore(ground: Ground, size: Size) -> Measured:
    """Seconds to bring up all sessions when ours are in Firestore, and raw reads its own from disk."""
    specs = await ground.session_specs(size.sessions, 0.0, "firestore")

    async def once(side: Side, _: int) -> dict[str, Any]:
        return _complete(await run(side, "sessions", specs[side]), side, size.sessions)

    return {"bring_up_1000_firestore": _each(await interleaved(size.rounds, once), "seconds")}


async def idle(ground: Ground, size: Size) -> Measured:
    """Writes besides the lease of an instance with all sessions connected, during three renewals."""
    spec = (await ground.session_specs(size.sessions, size.idle_seconds, "firestore"))["ours"]
    found = _complete(await run("ours", "idle", spec), "ours", size.sessions)
    return {"idle_writes": {"ours": [float(found["others"])], "lease_writes": [float(found["lease"])]}}


async def wake(ground: Ground, size: Size) -> Measured:
    """Milliseconds to have a client again that was closed for idleness, and to connect a plain one."""
    specs = await ground.session_specs(size.sessions, 0.0)

    async def once(side: Side, _: int) -> dict[str, Any]:
        return await run(side, "wake", replace(specs[side], posts=min(_WOKEN, size.sessions)))

    return {"wake": _each(await interleaved(size.rounds, once), "ms")}


async def closed(ground: Ground, size: Size) -> Measured:
    """KiB that a session holds whose client was closed for idleness."""
    spec = (await ground.session_specs(size.sessions, 0.0))["ours"]
    found = await run("ours", "closed", replace(spec, posts=min(_WOKEN, size.sessions)))
    return {"closed_idle_session": {"ours": [found["bytes"] / 1024]}}


async def handle(ground: Ground, size: Size) -> Measured:
    """Microseconds of ``get_user_client`` for a client that is live."""
    spec = (await ground.session_specs(size.sessions, 0.0))["ours"]
    rounds = [await run("ours", "handle", replace(spec, posts=size.posts)) for _ in range(min(3, size.rounds))]
    return {"get_user_client": {"ours": [result["microseconds"] for result in rounds]}}


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
    "memory_per_session_5000": many_sessions,
    "closed_idle_session": closed,
    "wake": wake,
    "get_user_client": handle,
    "bring_up_1000": sessions,
    "bring_up_1000_firestore": from_firestore,
    "idle_writes": idle,
    "base_rss": rss,
}
