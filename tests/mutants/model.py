"""``python -m tests.mutants.model NAME SCHEDULES SEED``: the model on a program without one safeguard."""

from __future__ import annotations

import sys

from tests.model.__main__ import run
from tests.mutants.removals import MUTANTS

if __name__ == "__main__":
    name, schedules, seed, jobs = sys.argv[1], *map(int, sys.argv[2:5])
    if name != "none":
        MUTANTS[name].apply()
    raise SystemExit(run(schedules, seed, jobs))
