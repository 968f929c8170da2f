"""One function per figure or pair of figures: runs both sides in turn and returns their samples."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from bench.figures import Samples
from bench.ground import Crowd, Ground
from bench.harness import SIDES, Program, ProgramFailed, Side, interleaved, program, run
from bench.latency import Range, observers, percentile

Measured = dict[str, Samples]
_BLOCK = 100
_WOKEN = 200
_PAIRS_EACH = 20


@dataclass(frozen=True)
class Size:
    """How much is measured; the default is what the README's figures were taken with."""

    rounds: int = 5
    posts: int = 10_000
    live_posts: int = 1000
    sessions: int = 1000
    crowd_posts: int = 4000
    crowd_rate: float = 1000.0
    counted_pairs: int = 20
    counted_posts: int = 600
    counted_rate: float = 3.0
    idle_seconds: float = 3.0
    file_bytes: int = 20 << 20


#: Only to see that everything runs; its figures mean nothing.
SMALL = Size(
    rounds=1,
    posts=200,
    live_posts=40,
    sessions=20,
    crowd_posts=40,
    crowd_rate=100.0,
    counted_pairs=2,
    counted_posts=30,
    counted_rate=20.0,
    idle_seconds=0.2,
    file_bytes=2 << 20,
)


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


async def clone_text(ground: Ground, size: Size) -> Measured:
    """Posts per second of copying a whole channel when a rule changes every text."""
    await ground.corpus(size.posts)

    async def once(side: Side, _: int) -> dict[str, Any]:
        spec = await ground.clone_spec(size.posts)
        result = await run(side, "clone_text", spec)
        return {"speed": size.posts / result["seconds"], "made": await ground.expect_posts(spec.target, size.posts)}

    found = await interleaved(size.rounds, once)
    if any(run["made"] != found["raw"][0]["made"] for runs in found.values() for run in runs):
        raise ProgramFailed("the two sides did not make the same copy")
    return {"clone_text_rule": _each(found, "speed")}


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


async def crowd(ground: Ground, size: Size) -> Measured:
    """Milliseconds and processor time of a post where every session has a live pair, both programs side by side.

    Blocks of posts go to one and the other in turn. Afterwards the product is started again, with all that it copied;
    and the same with several pairs on each account.
    """
    crowds = {side: await ground.crowd(side, size.sessions) for side in SIDES}
    found: dict[Side, list[dict[str, float]]] = {side: [] for side in SIDES}
    async with (
        program("raw", "crowd", crowds["raw"].spec) as plain,
        program("ours", "crowd", crowds["ours"].spec) as ours,
    ):
        running: dict[Side, Program] = {"raw": plain, "ours": ours}
        for side in SIDES:
            await ground.stream(crowds[side], size.sessions, size.crowd_rate)  # what is looked up once
        for block in range(size.rounds):
            for side in SIDES if block % 2 == 0 else reversed(SIDES):
                before = await running[side].cpu()
                times = await ground.stream(crowds[side], size.crowd_posts, size.crowd_rate)
                used = await running[side].cpu() - before
                found[side].append(
                    {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "cpu": used / len(times)}
                )
        for side in SIDES:
            await running[side].result()
    rate: Samples = {"posts_per_second": [size.crowd_rate]}
    singly = await _starts(crowds["ours"], size)
    together = await _starts(await _with_copies(ground, size), size)
    middle = {f"{side}_p50": [each["p50"] * 1000 for each in found[side]] for side in SIDES}
    return {
        "live_1000_p99": _each(found, "p99", 1000) | middle | rate,
        "live_1000_cpu": _each(found, "cpu", 1e6) | rate,
        "memory_per_pair": {
            "ours": [start["bytes"] / 1000 for start in together],
            "one_per_session": [start["bytes"] / 1000 for start in singly],
        },
        "start_1000_pairs": {
            "ours": [start["seconds"] for start in together],
            "one_per_session": [start["seconds"] for start in singly],
        },
    }


async def _with_copies(ground: Ground, size: Size) -> Crowd:
    """Twenty pairs on each account, each of which has copied a few posts."""
    found = await ground.crowd("ours", size.sessions, each=_PAIRS_EACH)
    async with program("ours", "crowd", found.spec) as running:
        await ground.stream(found, size.sessions * 5, size.crowd_rate)
        await running.result()
    return found


async def _starts(stored: Crowd, size: Size) -> list[dict[str, Any]]:
    spec = replace(stored.spec, settle=size.idle_seconds)
    return [await run("ours", "crowd", spec) for _ in range(min(3, size.rounds))]


async def writes(ground: Ground, size: Size) -> Measured:
    """Documents written per hundred posts: of a history at an installation's pace, and of a few busy live pairs."""
    posts = size.counted_posts
    await ground.corpus(posts)
    history = replace(await ground.clone_spec(posts), paced=True)
    copied, of_live = await asyncio.gather(run("ours", "clone", history), _writes_of_live(ground, size))
    await ground.expect_posts(history.target, posts)
    of_history = 100 * float(copied["writes"]) / posts
    return {"writes_per_100_history": {"ours": [of_history]}, "writes_per_100_live": {"ours": [of_live]}}


async def _writes_of_live(ground: Ground, size: Size) -> float:
    pairs, posts = size.counted_pairs, size.counted_pairs * size.counted_posts // 2
    few = await ground.crowd("ours", pairs)
    async with program("ours", "crowd", few.spec) as running:
        await ground.stream(few, posts, pairs * size.counted_rate)
        return 100 * float((await running.result())["writes"]) / posts


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


async def reupload(ground: Ground, size: Size) -> Measured:
    """Megabytes (10^6 bytes) by which the idle product grows while it uploads a file anew."""
    found = []
    for _ in range(size.rounds):
        spec = replace(await ground.live_spec(), settle=size.idle_seconds)
        async with program("ours", "reupload", spec) as running:
            await ground.post_film(spec, size.file_bytes)
            found.append((await running.result())["bytes"] / 1e6)
    return {"reupload_memory": {"ours": found}}


async def rss(ground: Ground, size: Size) -> Measured:
    """Megabytes (10^6 bytes) of the idle product: bot, manager, service; with Firestore, which takes more room."""
    rounds = range(size.rounds)
    found = [await ground.idle_bot_bytes(size.idle_seconds, "firestore") / 1e6 for _ in rounds]
    files = [await ground.idle_bot_bytes(size.idle_seconds, "local") / 1e6 for _ in rounds]
    return {"base_rss": {"ours": found, "with_files": files}}


#: Which measurement yields a figure; figures of one measurement are taken together.
MEASUREMENTS: dict[str, Callable[[Ground, Size], Awaitable[Measured]]] = {
    "clone_batch": clone,
    "clone_text_rule": clone_text,
    "live_latency_p50": live,
    "live_latency_p99": live,
    "live_1000_p99": crowd,
    "live_1000_cpu": crowd,
    "writes_per_100_history": writes,
    "writes_per_100_live": writes,
    "memory_per_pair": crowd,
    "start_1000_pairs": crowd,
    "memory_per_session": sessions,
    "memory_per_session_5000": many_sessions,
    "closed_idle_session": closed,
    "wake": wake,
    "get_user_client": handle,
    "bring_up_1000": sessions,
    "bring_up_1000_firestore": from_firestore,
    "idle_writes": idle,
    "reupload_memory": reupload,
    "base_rss": rss,
}
