"""A few hundred schedules in every run of the tests; ``make model`` plays thousands."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


async def model(*arguments: str) -> tuple[int, list[str]]:
    """Run the model as people do; its exit code and its lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.model", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode().splitlines()


async def test_no_schedule_doubles_tears_loses_or_orphans_a_session() -> None:
    code, lines = await model("--schedules", "300", "--seed", "1000000")
    result: dict[str, Any] = json.loads(lines[-1])
    assert result["violations"] == 0, "\n".join(lines)
    assert code == 0
    # It proves nothing unless sessions changed hands, also by handing over, and were spoken for.
    assert result["handovers"] > 50
    assert result["takeovers"] > 300
    assert result["requests"] > 3000


async def test_the_same_seed_plays_the_same_schedule() -> None:
    first, second = [await model("--show", "7") for _ in range(2)]
    assert first == second
    assert len(first[1]) > 5
