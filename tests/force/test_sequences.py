"""A few sequences in every run of the tests; ``make properties`` plays thousands, and shortens what fails."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bybot.mirror.engine import Engine
from bybot.mirror.live import Inbox
from bybot.mirror.tools import Tools
from tests.force.sequences import SWITCHES, WEIGHTS, Step, play, run_sequences

_WORDS = [word for word, weight in WEIGHTS.items() for _ in range(weight)]
_STEPS = st.lists(st.tuples(st.sampled_from(_WORDS), st.integers(0, 99)), min_size=4, max_size=24)


@pytest.mark.timeout(240)
@settings(
    derandomize=True,
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(
    steps=_STEPS,
    repeated=st.sampled_from(SWITCHES),
    edits=st.sampled_from(["edit", "edit", "ignore"]),
    deletions=st.sampled_from(["delete", "delete", "keep"]),
)
def test_any_sequence_ends_with_the_target_that_the_rules_say(
    steps: list[Step], repeated: str, edits: str, deletions: str
) -> None:
    assert asyncio.run(play(steps, repeated=repeated, edits=edits, deletions=deletions)) == []


@pytest.mark.timeout(240)
def test_sequences_in_which_the_pair_rests_whenever_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    listen, rest, rests = Engine._listen, Engine._rest, 0

    async def listened(engine: Engine, tools: Tools) -> None:
        await listen(engine, tools)
        await engine.journal.flush()  # what is not written keeps it awake

    def rested(engine: Engine, inbox: Inbox) -> None:
        nonlocal rests
        rests += 1
        rest(engine, inbox)

    monkeypatch.setattr(Engine, "_listen", listened)
    monkeypatch.setattr(Engine, "_rest", rested)
    assert run_sequences(730_000, 12) == []
    assert rests >= 12
