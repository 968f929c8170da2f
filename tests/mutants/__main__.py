"""``python -m tests.mutants``: take each safeguard away, and see that what it protected from is found.

Safeguards of the sessions are looked for by the model, those of the mirror by sequences of steps against an oracle.
In the program as it is nothing may be found. Ends with 1 when that is not so, or when a program without a safeguard
passes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.mutants.mirror import REMOVALS
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


def wrong_after(name: str, scene: str) -> list[str]:
    """What is wrong in the target after the steps of a scene, played without a safeguard, or with all of them."""
    command = [sys.executable, "-m", "tests.mutants.sequence", name, scene]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=120
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def mirror(names: list[str], jobs: int) -> bool:
    """Play the mirror's scenes; whether each is right with its safeguard and wrong without."""
    print(f"{'without':<40} {'with it':>9} {'found':>6}  what happened")
    with ThreadPoolExecutor(jobs) as pool:
        whole = [pool.submit(wrong_after, "none", name) for name in names]
        without = [pool.submit(wrong_after, name, name) for name in names]
        good = True
        for name, right, wrong in zip(names, whole, without, strict=True):
            before, after = right.result(), wrong.result()
            words = before[:1] or after[:1] or ["NOTHING: this safeguard is not proved"]
            print(f"{REMOVALS[name].safeguard:<40} {len(before):>9} {len(after):>6}  {words[0]}", flush=True)
            good = good and not before and bool(after)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--schedules", type=int, default=3000, help="the most for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=[*MUTANTS, *(f"mirror-{name}" for name in REMOVALS)])
    options = parser.parse_args()
    chosen = [options.only.removeprefix("mirror-")] if options.only else []
    good = True
    if options.only is None or options.only not in MUTANTS:
        good = mirror(chosen or list(REMOVALS), options.jobs)
    if options.only is None or options.only in MUTANTS:
        good = sessions(chosen or list(MUTANTS), options) and good
    return 0 if good else 1


def sessions(names: list[str], options: argparse.Namespace) -> bool:
    """Play the model; whether it finds nothing in the program as it is, and something in all others."""
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
    return not survivors and not whole.violations


if __name__ == "__main__":
    raise SystemExit(main())
