"""``python -m tests.force.kill --rounds N --seed S``: kill -9 at any moment, and nothing is missing or doubled.

A process mirrors a channel that an author works on, with files as its store. It is killed at moments of chance and at
chosen points between two steps, and another one goes on. In the end plain Telethon compares target and source. Each
round is played once for each rule of Telegram that is not known; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.force.rounds import Outcome, Round

#: What becomes of a forward that mixes random ids that were used before with new ones.
SWITCHES: Final = ("replay", "partly", "refuse")


async def run(
    rounds: int,
    seed: int,
    switches: tuple[str, ...],
    *,
    first: int = 0,
    keep: Path | None = None,
    verbose: bool = False,
) -> int:
    """Play all rounds. Returns the exit code."""
    began, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="bybot-kill-") as folder:
        for number in range(first, first + rounds):
            for switch in switches:
                directory = (keep or Path(folder)) / f"{switch}-{number}"
                directory.mkdir(parents=True)
                outcome = await Round(number, seed, switch, directory).play()
                outcomes.append(outcome)
                if outcome.found or verbose:
                    print(f"round {number} ({switch})", *outcome.story, *outcome.found, sep="\n  ", flush=True)
    return report(outcomes, seed, time.monotonic() - began)


def report(outcomes: list[Outcome], seed: int, seconds: float) -> int:
    """The last line, and the exit code."""
    wrong = sum(bool(outcome.found) for outcome in outcomes)
    result = {
        "rounds": len(outcomes),
        "wrong": wrong,
        "kills": sum(outcome.kills for outcome in outcomes),
        "at_chosen_points": sum(outcome.by_itself for outcome in outcomes),
        "posts": sum(outcome.posts for outcome in outcomes),
        "seconds": round(seconds, 1),
        "seed": seed,
    }
    print(json.dumps(result))
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.force.kill", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="for each switch")
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--switch", choices=SWITCHES)
    parser.add_argument("--keep", type=Path, help="a folder for stores and logs")
    parser.add_argument("--verbose", action="store_true", help="tell the story of every round")
    options = parser.parse_args()
    switches = (options.switch,) if options.switch else SWITCHES
    return asyncio.run(
        run(options.rounds, options.seed, switches, first=options.first, keep=options.keep, verbose=options.verbose)
    )


if __name__ == "__main__":
    sys.exit(main())
