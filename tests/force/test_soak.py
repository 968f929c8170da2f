"""A small soak in every run of the tests; ``make soak`` takes two hundred pairs and two hundred thousand posts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def test_a_mirror_that_stops_leaves_no_task_no_file_and_no_engine_behind() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.force.soak", "--pairs", "6", "--posts", "600", "--every", "1"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    lines = out.decode().splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    assert result["wrong"] == 0, "\n".join(lines)
    assert result["tasks_left"] == 0
    assert result["copied"] > 500
    assert process.returncode == 0
