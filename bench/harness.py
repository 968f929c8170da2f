"""Runs measured programs as fresh child processes beside a sandbox that has a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from bench.spec import Spec

Side = Literal["ours", "raw"]
SIDES: tuple[Side, ...] = ("raw", "ours")

_READY_SECONDS = 60.0
_RESULT_SECONDS = 300.0
LINE_BYTES = 16 << 20


class ProgramFailed(Exception):
    """A measured program ended without a result; the message holds what it wrote."""


@dataclass
class Program:
    """A running measured program."""

    name: str
    process: asyncio.subprocess.Process

    async def line(self, key: str, seconds: float) -> Any:
        """The next line that carries this key.

        Raises:
            ProgramFailed: it ended before, or took longer.
        """
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                async for text in self.process.stdout:
                    found = json.loads(text)
                    if key in found:
                        return found[key]
        except TimeoutError:
            raise ProgramFailed(f"{self.name} said no {key!r} within {seconds:.0f} s") from None
        raise ProgramFailed(f"{self.name} ended with exit code {await self.process.wait()} and no {key!r}")

    async def cpu(self) -> float:
        """Seconds of processor time that it used so far, if it is a program that answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"cpu\n")
        await self.process.stdin.drain()
        return float(await self.line("cpu", _READY_SECONDS))

    async def result(self) -> dict[str, Any]:
        """End its standard input and take its result."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        result: dict[str, Any] = await self.line("result", _RESULT_SECONDS)
        await self.process.wait()
        return result


@asynccontextmanager
async def program(side: Side, name: str, spec: Spec) -> AsyncIterator[Program]:
    """Start ``bench.child SIDE NAME`` and wait until it is ready; it is ended at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.child",
        side,
        name,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(spec.to_json().encode() + b"\n")
        await process.stdin.drain()
        running = Program(f"{side} {name}", process)
        await running.line("ready", _READY_SECONDS)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(side: Side, name: str, spec: Spec) -> dict[str, Any]:
    """Run a program to its result."""
    async with program(side, name, spec) as running:
        return await running.result()


async def interleaved(
    rounds: int, measure: Callable[[Side, int], Awaitable[dict[str, Any]]]
) -> dict[Side, list[dict[str, Any]]]:
    """Measure both sides in turn, so that a slow minute of the machine hits both.

    Args:
        rounds: measurements of each side; which side begins alternates.
        measure: one measurement of a side in a round.
    """
    found: dict[Side, list[dict[str, Any]]] = {"ours": [], "raw": []}
    for number in range(rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            found[side].append(await measure(side, number))
    return found
