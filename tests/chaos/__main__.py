"""``python -m tests.chaos --rounds N --seed S``: real processes, killed, frozen and cut off at random.

The rounds take turns on a local disk and on a Firestore server. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from telethon import TelegramClient

from bybot.clock import SystemClock
from bybot.sandbox.firestore.server import FirestoreServer
from bybot.sandbox.server import Sandbox
from tests.chaos.deploys import Deploys, cast
from tests.chaos.ground import Ground
from tests.chaos.rounds import Outcome, Round

_ACCOUNTS = 30  # for one round
_FIRST = 5_000_000


def people(rounds: int) -> dict[str, Any]:
    """Accounts for all rounds: nobody's login is used in two of them."""
    accounts = [{"name": f"Person {n}", "phone": f"+4477{n:08d}", "id": _FIRST + n} for n in range(rounds * _ACCOUNTS)]
    seed: dict[str, Any] = {"accounts": accounts, "bots": [], "channels": []}
    for number in filter(_deploys, range(rounds)):
        for name, entries in cast(number, _FIRST + number * _ACCOUNTS).items():
            seed[name] += entries
    return seed


def _deploys(number: int) -> bool:
    """Every fifth round is one of whole programs."""
    return number % 5 == 2


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)] if values else 0.0


async def run(rounds: int, seed: int, *, kind: str | None, keep: Path | None, verbose: bool) -> int:
    """Play all rounds. Returns the exit code."""
    began = time.monotonic()
    outcomes: list[Outcome] = []
    firestore = FirestoreServer(SystemClock())
    with tempfile.TemporaryDirectory(prefix="bybot-chaos-") as folder:
        telegram = Path(folder) / "telegram"
        telegram.mkdir()
        async with Sandbox(seed=people(rounds), dcs=(2, 4), state_dir=telegram) as sandbox:
            TelegramClient._config = None
            await firestore.start()
            try:
                for number in range(rounds):
                    directory = (keep or Path(folder)) / f"round-{number}"
                    directory.mkdir(parents=True)
                    store = kind or ("local", "firestore")[number % 2]
                    ground = Ground(sandbox, firestore, directory, store, number)
                    dice = random.Random(f"{seed} {number}")
                    play = Deploys if _deploys(number) else Round
                    outcome = await play(ground, dice, _FIRST + number * _ACCOUNTS).play()
                    outcomes.append(outcome)
                    if outcome.bad or verbose:
                        print(f"round {number} ({store})", *outcome.story, *outcome.bad, sep="\n  ", flush=True)
            finally:
                await firestore.stop()
            if sandbox.counters.unknown:
                print("requests that the sandbox does not know:", dict(sandbox.counters.unknown))
    return report(outcomes, seed, time.monotonic() - began)


def report(outcomes: list[Outcome], seed: int, seconds: float) -> int:
    """The last line, and the exit code."""
    gap = percentile([gap for outcome in outcomes for gap in outcome.gaps], 0.99)
    counts = {
        kind: sum(len(getattr(outcome, kind)) for outcome in outcomes)
        for kind in ("lost", "doubled", "torn", "orphaned")
    }
    result = {
        "rounds": len(outcomes),
        **counts,
        "violations": sum(counts.values()),
        "gap_p99_seconds": round(gap, 3),
        "slowest_recovery_seconds": round(max((o.recovered_in for o in outcomes), default=0.0), 2),
        "seconds": round(seconds, 1),
        "seed": seed,
    }
    print(json.dumps(result))
    return 1 if result["violations"] or gap >= 2.0 else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=["local", "firestore"])
    parser.add_argument("--keep", type=Path, help="a folder for the logs of all processes")
    parser.add_argument("--verbose", action="store_true", help="tell the story of every round")
    options = parser.parse_args()
    return asyncio.run(run(options.rounds, options.seed, kind=options.kind, keep=options.keep, verbose=options.verbose))


if __name__ == "__main__":
    sys.exit(main())
