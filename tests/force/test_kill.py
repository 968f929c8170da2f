"""A few rounds in every run of the tests; ``make kill`` plays hundreds."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def test_a_round_of_kills_for_each_rule_of_telegram_loses_and_doubles_nothing() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.force.kill", "--rounds", "1", "--seed", "4", "--verbose"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    lines = out.decode().splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    assert (result["rounds"], result["wrong"]) == (3, 0), "\n".join(lines)
    assert result["kills"] >= 9
    assert process.returncode == 0
