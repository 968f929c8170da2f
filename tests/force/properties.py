"""``python -m tests.force.properties --sequences N --seed S``: sequences of chance, each ending as the oracle says.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from functools import partial

from tests.force.sequences import run_sequences

_IN_A_CHILD = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.force.properties", description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
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
