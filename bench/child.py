"""A measured process: ``python -m bench.child SIDE PROGRAM``, its spec as one JSON line on standard input."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys

import cryptg  # both sides must have it, or the figures mean nothing

from bench.spec import Spec

PROGRAMS = {
    "raw": dict.fromkeys(("clone", "clone_flat", "clone_text", "live", "sessions", "wake"), "bench.raw")
    | {"crowd": "bench.rawcrowd"},
    "ours": dict.fromkeys(("clone", "clone_text", "live"), "bench.ours")
    | dict.fromkeys(("sessions", "closed", "wake", "handle", "idle"), "bench.pooled")
    | {"crowd": "bench.crowd", "reupload": "bench.reupload"},
}


def main() -> int:
    """Run one program of one side."""
    side, name = sys.argv[1:]
    module = PROGRAMS.get(side, {}).get(name)
    if module is None:
        print(f"no such program: {side} {name}; cryptg {cryptg.__name__}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.ERROR)
    spec = Spec.from_json(sys.stdin.readline())
    asyncio.run(getattr(importlib.import_module(module), name)(spec))
    return 0


if __name__ == "__main__":
    sys.exit(main())
