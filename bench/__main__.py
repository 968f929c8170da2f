"""``python -m bench [--json] [NAME ...]``: the figures, each beside its limit. Exit code 1 when one is not kept."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence

from bench.figures import FIGURES, Result
from bench.ground import Ground
from bench.measure import MEASUREMENTS, SMALL, Measured, Size


async def measure(names: Sequence[str], size: Size) -> AsyncIterator[Result]:
    """Measure these figures on one sandbox, in the order of the table."""
    async with Ground() as ground:
        taken: dict[object, Measured] = {}
        for name in FIGURES:
            if name not in names:
                continue
            measurement = MEASUREMENTS[name]
            if measurement not in taken:
                taken[measurement] = await measurement(ground, size)
            yield FIGURES[name].judge(taken[measurement][name])
        await ground.sound()


async def show(names: Sequence[str], size: Size, *, as_json: bool) -> bool:
    """Print each figure as soon as it is known; returns whether all limits are kept."""
    kept = True
    async for result in measure(names, size):
        print(json.dumps(result.as_dict()) if as_json else result.as_text(), flush=True)
        kept = kept and result.ok
    return kept


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Figures of bybot beside plain Telethon.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(FIGURES)} (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON object per figure and line")
    parser.add_argument("--small", action="store_true", help="only see that everything runs; the figures mean nothing")
    options = parser.parse_args()
    for name in options.names:
        if name not in FIGURES:
            parser.error(f"no figure is called {name!r}; there are: {', '.join(FIGURES)}")
    size = SMALL if options.small else Size()
    kept = asyncio.run(show(options.names or list(FIGURES), size, as_json=options.json))
    return 0 if kept or options.small else 1


if __name__ == "__main__":
    sys.exit(main())
