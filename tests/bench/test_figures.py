"""How a figure is judged; not how fast anything is."""

from __future__ import annotations

import json

import pytest

from bench.figures import FIGURES, Figure
from bench.latency import percentile
from bench.measure import MEASUREMENTS


def test_a_ratio_is_taken_of_the_medians_of_both_sides() -> None:
    result = Figure("speed", "posts/s", "at least", 0.8).judge({"ours": [80, 10, 90], "raw": [100, 100, 5000]})
    assert (result.ours, result.raw, result.ratio, result.ok) == (80, 100, 0.8, True)


@pytest.mark.parametrize(("ours", "ok"), [(149.0, True), (151.0, False)])
def test_a_latency_must_not_exceed_its_limit(ours: float, ok: bool) -> None:
    assert Figure("latency", "ms", "at most", 1.5).judge({"ours": [ours], "raw": [100.0]}).ok is ok


def test_an_absolute_limit_needs_no_raw_side() -> None:
    line = Figure("memory", "MB", "below", 160).judge({"ours": [140.0]}).as_dict()
    assert line == {
        "name": "memory",
        "unit": "MB",
        "ours": 140.0,
        "raw": None,
        "ratio": None,
        "bound": 160,
        "ok": True,
    }
    assert json.loads(json.dumps(line)) == line


def test_every_figure_has_a_measurement() -> None:
    assert set(MEASUREMENTS) == set(FIGURES)


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@pytest.mark.parametrize(("ours", "ok"), [(4.0, True), (4.2, False)])
def test_a_limit_may_say_by_how_much_ours_is_above_raw(ours: float, ok: bool) -> None:
    result = Figure("wake", "ms", "above raw", 2.0).judge({"ours": [ours], "raw": [2.1]})
    assert result.ok is ok
    assert "at most 2 ms above raw" in result.as_text()
