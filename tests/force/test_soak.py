"""A small soak in every run of the tests; ``make soak`` takes two hundred pairs and two hundred thousand posts."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import program


async def test_a_mirror_that_stops_leaves_no_task_no_file_and_no_engine_behind() -> None:
    code, lines = await program("tests.force.soak", "--pairs", "6", "--posts", "600", "--every", "1")
    result: dict[str, Any] = json.loads(lines[-1])
    assert result["wrong"] == 0, "\n".join(lines)
    assert result["tasks_left"] == 0
    assert result["copied"] > 500
    assert code == 0
