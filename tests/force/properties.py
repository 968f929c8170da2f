"""``python -m tests.force.properties --sequences N --seed S``: sequences of chance, each ending as the oracle says.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from functools import partial

from tests.force.sequences import Step, play, run_sequences, sequence

_IN_A_CHILD = 10


def shrink(number: int) -> int:
    """Play one sequence, and leave out every step without which it fails as well. Returns the exit code."""
    steps, options = sequence(random.Random(number))

    def fails(some: list[Step]) -> list[str]:
        return next((found for _ in range(3) if (found := asyncio.run(play(some, **options)))), [])

    found, at = fails(steps), 0
    while found and at < len(steps):
        shorter = steps[:at] + steps[at + 1 :]
        if again := fails(shorter):
            steps, found = shorter, again
        else:
            at += 1
    print(steps, options, *found, sep="\n")
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.force.properties", description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=int, help="play only the sequence of that number, and shorten it")
    options = parser.parse_args()
    if options.shrink is not None:
        return shrink(options.shrink)
    began, wrong = time.monotonic(), 0
    starts = range(options.seed, options.seed + options.sequences, _IN_A_CHILD)
    with multiprocessing.get_context("forkserver").Pool(options.jobs, maxtasksperchild=5) as pool:
        play = partial(run_sequences, count=min(_IN_A_CHILD, options.sequences), first_only=False)
        for told in pool.imap_unordered(play, starts):
            wrong += len(told)
            for line in told:
                print(line, flush=True)
    print(
        json.dumps(
            {
                "sequences": len(starts) * min(_IN_A_CHILD, options.sequences),
                "wrong": wrong,
                "seconds": round(time.monotonic() - began, 1),
                "seed": options.seed,
            }
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
