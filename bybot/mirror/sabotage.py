"""Misbehaviour on purpose, so that a checker can prove that it would notice.

Nothing in the product makes one of these; the deployment does when ``BYBOT_SABOTAGE`` says so
(``drop=1,double=1``), and refuses that against the real Telegram. The posts concerned are the first of the pair, so
that a kill and a repeat change neither which they are nor how many.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Part of the random id of a copy that should not be: stable, so that a repeat does not make a third.
DOUBLE_PART = 99


@dataclass(frozen=True)
class Sabotage:
    """Drop so many posts of a pair, and send so many twice."""

    drop: int = 0
    double: int = 0

    @classmethod
    def parse(cls, text: str) -> Sabotage:
        """From ``drop=1,double=1``.

        Raises:
            ValueError: anything else.
        """
        facts: dict[str, int] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = item.partition("=")
            if name not in ("drop", "double") or not number.isdecimal():
                raise ValueError("sabotage is drop=N and double=N, separated by commas")
            facts[name] = int(number)
        return cls(**facts)

    def __bool__(self) -> bool:
        return bool(self.drop or self.double)
