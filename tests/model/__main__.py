"""``python -m tests.model --schedules N --seed S``: play N schedules and count what must never happen.

``--show SEED`` plays one and tells its story.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import sys
import time
from collections import Counter

from tests.model.judge import Verdict
from tests.model.process import GRAVES
from tests.model.schedule import Schedule

#: A child plays that many and ends, which is the cheapest way to take thousands of unfinished tasks down.
_IN_A_CHILD = 50


def play(seed: int) -> Verdict:
    """One schedule."""
    gc.disable()  # the end of an abandoned coroutine would run code of a process that is dead
    GRAVES.append(schedule := Schedule(seed))
    return schedule.play()


def show(seed: int) -> int:
    """Play one schedule and tell what happened."""
    schedule = Schedule(seed)
    verdict = schedule.play()
    print("\n".join(schedule.trace))
    print("\n".join(verdict.found) or "nothing wrong")
    sys.stdout.flush()
    os._exit(1 if verdict.found else 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int)
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of strings in the same order, run for run
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.model", *sys.argv[1:]],
            os.environ | {"PYTHONHASHSEED": "0"},
        )
    if options.show is not None:
        return show(options.show)
    return run(options.schedules, options.seed, options.jobs)


def run(schedules: int, seed: int, jobs: int) -> int:
    """Play many and print one line of JSON. Returns the exit code."""
    began = time.monotonic()
    found: list[Verdict] = []
    requests = takeovers = handovers = 0
    longest = 0.0
    gc.freeze()
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for verdict in pool.imap_unordered(play, range(seed, seed + schedules), chunksize=_IN_A_CHILD):
            requests += verdict.requests
            takeovers += verdict.takeovers
            handovers += verdict.handovers
            longest = max(longest, verdict.longest)
            if verdict.found:
                found.append(verdict)
    for verdict in sorted(found, key=lambda each: each.seed)[:10]:
        print(f"seed {verdict.seed}: {verdict.found[0]}")
    kinds = Counter(line.split(" ")[0].rstrip(":") for verdict in found for line in verdict.found[:1])
    result = {
        "schedules": schedules,
        "violations": len(found),
        **{f"first_{kind}": count for kind, count in sorted(kinds.items())},
        "requests": requests,
        "takeovers": takeovers,
        "handovers": handovers,
        "longest_unowned_seconds": round(longest, 1),
        "seconds": round(time.monotonic() - began, 1),
        "seed": seed,
    }
    print(json.dumps(result))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
