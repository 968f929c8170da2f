"""Which dialogue a stored kind is. Logging in stands by itself: it ends in other ways."""

from __future__ import annotations

from typing import Final, Protocol

from bybot.bot.handlers import exchange, pair_wizard, rules
from bybot.bot.services import Person
from bybot.bot.turn import Turn
from bybot.bot.wizard import Wizard


class Dialogue(Protocol):
    """What each of them does, whatever it asks for."""

    async def on_message(self, turn: Turn, wizard: Wizard) -> None:
        """What was written while it is under way."""

    async def cancel(self, person: Person, wizard: Wizard) -> None:
        """The person stops it."""

    async def timed_out(self, person: Person, wizard: Wizard) -> None:
        """Nobody answered."""


_KINDS: Final[dict[str, Dialogue]] = {rules.KIND: rules, exchange.KIND: exchange, pair_wizard.KIND: pair_wizard}


def dialogue(wizard: Wizard) -> Dialogue:
    """The one under way; of a kind that is not known, as from a newer version: that of a pair, which can be left."""
    return _KINDS.get(wizard.kind, pair_wizard)
