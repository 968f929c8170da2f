"""``python -m tests.mutants``: take each safeguard away, and see that the model finds what it protected from.

The first line is the program as it is, in which nothing may be found. Ends with 1 when that is not so, or when a
program without a safeguard passes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.mutants.removals import MUTANTS

_AT_ONCE = 300
_WORDS = {
    "first_doubled": "a key was used from two places",
    "first_torn": "a session was written by somebody else",
    "first_lost": "something stored was lost",
    "first_orphaned": "a session stayed without an owner",
    "first_risen": "a deleted session came back",
    "first_failed": "the program failed",
}


@dataclass
class Result:
    """What the model found in a program."""

    schedules: int
    violations: int
    kinds: list[str]


def play(name: str, most: int, seed: int, jobs: int) -> Result:
    """Play schedules until something is found, at most that many."""
    played = 0
    while played < most:
        count = min(_AT_ONCE, most - played)
        command = [sys.executable, "-m", "tests.mutants.model", name, str(count), str(seed + played), str(jobs)]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        played += count
        if found["violations"]:
            return Result(played, found["violations"], [text for kind, text in _WORDS.items() if kind in found])
    return Result(played, 0, [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--schedules", type=int, default=3000, help="the most for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=list(MUTANTS))
    options = parser.parse_args()
    names = [options.only] if options.only else list(MUTANTS)
    print(f"{'without':<40} {'schedules':>9} {'found':>6}  what happened")
    whole = play("none", _AT_ONCE, options.seed, options.jobs)
    print(f"{'(nothing removed)':<40} {whole.schedules:>9} {whole.violations:>6}  {'; '.join(whole.kinds) or '-'}")
    survivors = []
    for name in names:
        result = play(name, options.schedules, options.seed, options.jobs)
        words = "; ".join(result.kinds) or "NOTHING: this safeguard is not proved"
        print(f"{MUTANTS[name].safeguard:<40} {result.schedules:>9} {result.violations:>6}  {words}", flush=True)
        if not result.violations:
            survivors.append(name)
    return 1 if survivors or whole.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
