"""The figures: what is measured, in which unit, and the limit each must keep."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Kind = Literal["at least", "at most", "below", "above raw"]
#: Values by program: "ours", "raw", and others that are shown beside them.
Samples = dict[str, list[float]]


@dataclass(frozen=True)
class Figure:
    """A figure and its limit.

    ``at least`` and ``at most`` bound the ratio of ours to raw; ``above raw`` bounds by how much ours may be larger;
    ``below`` bounds our value itself, without a raw side.
    """

    name: str
    unit: str
    kind: Kind
    bound: float

    def judge(self, samples: Samples) -> Result:
        """The medians of the samples of both sides, and whether the limit is kept."""
        middle = {name: median(values) for name, values in samples.items()}
        mine, plain = middle.pop("ours"), middle.pop("raw", None)
        if plain is None:
            return Result(self, mine, None, None, mine < self.bound, middle)
        ratio = mine / plain
        if self.kind == "above raw":
            kept = mine - plain <= self.bound
        else:
            kept = ratio >= self.bound if self.kind == "at least" else ratio <= self.bound
        return Result(self, mine, plain, ratio, kept, middle)


@dataclass(frozen=True)
class Result:
    """A measured figure; ``others`` are further programs, for comparison only."""

    figure: Figure
    ours: float
    raw: float | None
    ratio: float | None
    ok: bool
    others: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """One line of ``python -m bench --json``."""
        return {
            "name": self.figure.name,
            "unit": self.figure.unit,
            "ours": round(self.ours, 3),
            "raw": None if self.raw is None else round(self.raw, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "bound": self.figure.bound,
            "ok": self.ok,
            **{name: round(value, 3) for name, value in self.others.items()},
        }

    def as_text(self) -> str:
        """The same for people."""
        figure = self.figure
        against = "" if self.raw is None else f", raw {self.raw:.2f}, ratio {self.ratio:.2f}"
        limit = f"{figure.kind} {figure.bound:g}" + (" of raw" if figure.kind in ("at least", "at most") else "")
        if figure.kind == "above raw":
            limit = f"at most {figure.bound:g} {figure.unit} above raw"
        elif figure.kind == "below":
            limit += f" {figure.unit}"
        against += "".join(f", {name} {value:.2f}" for name, value in self.others.items())
        verdict = "ok" if self.ok else "NOT OK"
        return f"{figure.name:<22} {self.ours:.2f} {figure.unit}{against} (limit: {limit}): {verdict}"


FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("clone_batch", "posts/s", "at least", 0.9),
        Figure("clone_text_rule", "posts/s", "at least", 0.9),
        Figure("live_latency_p50", "ms", "at most", 1.3),
        Figure("live_latency_p99", "ms", "at most", 1.3),
        Figure("live_1000_p99", "ms", "at most", 1.5),
        Figure("live_1000_cpu", "µs", "at most", 1.3),
        Figure("writes_per_100_history", "writes", "below", 2),
        Figure("writes_per_100_live", "writes", "below", 2),
        Figure("memory_per_pair", "kB", "below", 12),
        Figure("start_1000_pairs", "s", "below", 2),
        Figure("memory_per_session", "KiB", "at most", 1.15),
        Figure("memory_per_session_5000", "KiB", "at most", 1.15),
        Figure("closed_idle_session", "KiB", "below", 4),
        Figure("wake", "ms", "above raw", 2.0),
        Figure("get_user_client", "µs", "below", 20),
        Figure("bring_up_1000", "s", "at most", 1.25),
        Figure("bring_up_1000_firestore", "s", "at most", 2.0),
        Figure("idle_writes", "writes", "below", 1),
        Figure("reupload_memory", "MB", "below", 8),
        Figure("base_rss", "MB", "below", 160),
    )
}
