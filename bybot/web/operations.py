"""What an operator may ask for: one table, which the HTTP API serves, its client calls, and the command line runs
by itself when no owner runs.

Every operation takes plain arguments and gives plain values that JSON knows, never a secret.
"""

from __future__ import annotations

from typing import Any, Final

from bybot.web.operation import PREFIX, Facts, Hands, Operation, Operator, none_of, path_of, value_of
from bybot.web.pairops import PAIRS
from bybot.web.plain import plain
from bybot.web.portableops import PORTABLE
from bybot.web.recordops import RECORDS
from bybot.web.sessionops import SESSIONS

__all__ = [
    "BY_NAME",
    "OPERATIONS",
    "PREFIX",
    "Facts",
    "Hands",
    "Here",
    "Operation",
    "Operator",
    "none_of",
    "path_of",
    "value_of",
]

OPERATIONS: Final = (*SESSIONS, *PAIRS, *PORTABLE, *RECORDS)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}


class Here:
    """Runs operations in this process.

    Args:
        hands: with the operator's rights.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    async def call(self, name: str, /, **arguments: Any) -> Facts:
        """See :class:`Operator`."""
        operation = BY_NAME[name]
        first = self._hands.acting.records if operation.records else self._hands
        return plain(await operation.run(first, **arguments))
