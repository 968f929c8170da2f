"""Two rounds in every run of the tests; ``make chaos`` plays twenty."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import program


async def test_a_round_on_each_store_loses_doubles_tears_and_orphans_nothing() -> None:
    code, lines = await program("tests.chaos", "--rounds", "2", "--seed", "4", "--verbose")
    result: dict[str, Any] = json.loads(lines[-1])
    names = ("rounds", "lost", "doubled", "torn", "orphaned", "violations", "gap_p99_seconds", "seed")
    assert all(name in result for name in names)
    assert (result["rounds"], result["violations"]) == (2, 0), "\n".join(lines)
    assert result["gap_p99_seconds"] < 2
    assert code == 0
