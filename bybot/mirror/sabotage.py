"""Misbehaviour on purpose, so that a checker can prove that it would notice.

Nothing in the product makes one of these; the deployment does when ``BYBOT_SABOTAGE`` says so
(``drop=1,double=1``), and refuses that against the real Telegram. The posts concerned are the first of the pair, so
that a kill and a repeat change neither which they are nor how many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bybot.mirror.ledger import Ledger
from bybot.mirror.planner import MAX_IDS, How, Step, Unit

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

    def spoil(self, steps: Iterable[Step], ledger: Ledger) -> list[Step]:
        """The steps, with as many single posts left out, and sent twice, as are wanted."""
        result: list[Step] = []
        for step in steps:
            if step.how is not How.FORWARD:
                result.append(step)
                continue
            for unit in step.units:
                one = replace(step, units=(unit,), alone=True)
                if len(unit.messages) == 1 and ledger.sabotaged("drop") < self.drop:
                    ledger.sabotaged("drop", 1)
                    ledger.skipped(unit.ids, "gone")
                elif len(unit.messages) == 1 and ledger.sabotaged("double") < self.double:
                    ledger.sabotaged("double", 1)
                    result += [one, replace(one, part=DOUBLE_PART)]
                elif result and result[-1].topic == step.topic and _may_share(result[-1], step, unit):
                    result[-1] = replace(result[-1], units=(*result[-1].units, unit))
                else:
                    result.append(replace(step, units=(unit,)))
        return result


def _may_share(before: Step, step: Step, unit: Unit) -> bool:
    roomy = len(before.ids) + len(unit.messages) <= MAX_IDS
    return before.how is How.FORWARD and roomy and not before.alone and not step.alone
