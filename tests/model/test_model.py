"""A few hundred schedules in every run of the tests; ``make model`` plays thousands."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import program


async def model(*arguments: str) -> tuple[int, list[str]]:
    return await program("tests.model", *arguments)


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
