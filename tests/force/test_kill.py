"""A few rounds in every run of the tests; ``make kill`` plays hundreds."""

from __future__ import annotations

import json
from typing import Any

from tests.programs import program


async def test_a_round_of_kills_for_each_rule_of_telegram_loses_and_doubles_nothing() -> None:
    code, lines = await program("tests.force.kill", "--rounds", "1", "--seed", "4", "--verbose")
    result: dict[str, Any] = json.loads(lines[-1])
    assert (result["rounds"], result["wrong"]) == (3, 0), "\n".join(lines)
    assert result["kills"] >= 9
    assert code == 0
