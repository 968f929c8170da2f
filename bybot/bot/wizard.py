"""A dialogue of several steps, kept in the person's state, so that it survives restarts.

The state holds plain values only, and nothing secret: no phone number, no code, no password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bybot.bot.callbacks import new_ticket
from bybot.bot.state import WIZARD, State


@dataclass
class Wizard:
    """The dialogue under way.

    Attributes:
        kind: which dialogue: ``login`` or ``pair``.
        step: where it stands.
        deadline: it ends by itself then.
        ticket: what its buttons carry, so that buttons of earlier dialogues are known to be stale.
        message: the message that shows it; None before it was shown.
        facts: what the steps collected.
        account: the key of the account that it is about; empty: none yet.
    """

    kind: str
    step: str
    deadline: datetime
    ticket: str = field(default_factory=new_ticket)
    message: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    account: str = ""

    def save(self, state: State) -> None:
        """Put it into the state, which is stored after the update."""
        state[WIZARD] = {
            "kind": self.kind,
            "step": self.step,
            "deadline": self.deadline,
            "ticket": self.ticket,
            "message": self.message,
            "facts": self.facts,
            "account": self.account,
        }

    @staticmethod
    def clear(state: State) -> None:
        state.pop(WIZARD, None)

    @classmethod
    def of(cls, state: State) -> Wizard | None:
        """The dialogue in the state; None when there is none, or a record that makes no sense."""
        stored = state.get(WIZARD)
        if not isinstance(stored, Mapping):
            return None
        deadline, facts = stored.get("deadline"), stored.get("facts")
        if not isinstance(deadline, datetime) or not isinstance(facts, Mapping):
            return None
        return cls(
            kind=str(stored.get("kind")),
            step=str(stored.get("step")),
            deadline=deadline,
            ticket=str(stored.get("ticket")),
            message=stored.get("message"),
            facts=dict(facts),
            account=str(stored.get("account") or ""),
        )
