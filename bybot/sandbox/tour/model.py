"""What a tour is asked for and what it found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bybot.errors import BybotError

StoreChoice = Literal["local", "firestore"]


@dataclass(frozen=True)
class Sabotage:
    """How the product is made to misbehave on purpose: so many posts dropped, so many copied twice."""

    drop: int = 0
    double: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Sabotage:
        """Read ``drop=1,double=1``; either part may be missing.

        Raises:
            ValueError: anything else stands there.
        """
        values: dict[str, int] = {}
        for part in filter(None, (text or "").split(",")):
            name, _, number = part.partition("=")
            if name not in ("drop", "double") or not number.isdecimal():
                raise ValueError("--sabotage takes drop=N and double=N, separated by a comma")
            values[name] = int(number)
        return cls(**values)

    def __bool__(self) -> bool:
        return bool(self.drop or self.double)


@dataclass(frozen=True)
class TourOptions:
    """What to play.

    Attributes:
        store: where the bot keeps its data; ``firestore`` restarts it with an empty disk and another host name.
        history: posts in the source before the pair is added.
        live: posts afterwards, part of them while the bot is dead.
        sabotage: misbehaviour that the checker must find.
        as_json: print one JSON object instead of a story.
        keep: leave the processes running at the end, until Ctrl-C, with the page open for a look.
        directory: where logs and data go; None: a temporary directory, removed after a success.
        seed: of the generated posts.
    """

    store: StoreChoice = "local"
    history: int = 1000
    live: int = 50
    sabotage: Sabotage = field(default_factory=Sabotage)
    as_json: bool = False
    keep: bool = False
    directory: Path | None = None
    seed: int = 1


@dataclass
class TourResult:
    """What came out; ``seconds`` counts from the first process's start to the checker's verdict."""

    store: str
    cloned: int = 0
    live: int = 0
    missing: int = 0
    doubled: int = 0
    altered: int = 0
    skipped_protected: int = 0
    restarts: int = 0
    key_violations: int = 0
    unknown_requests: int = 0
    seconds: float = 0.0
    differences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing missing, doubled or altered, and no auth key was ever used from two places."""
        return not (self.missing or self.doubled or self.altered or self.key_violations)

    @property
    def exit_code(self) -> int:
        """0 when :attr:`ok`, else 1."""
        return 0 if self.ok else 1

    def as_dict(self) -> dict[str, Any]:
        """The result as plain values, for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 1), "ok": self.ok}


class TourFailed(BybotError):
    """The tour could not be played to its end: a process ended, or something expected did not happen in time."""

    code = "tour_failed"
