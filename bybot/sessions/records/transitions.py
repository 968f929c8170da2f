"""Which state of a record may follow which.

======================  =====================================================================
CONNECTING              ACTIVE on connect; DISCONNECTING when it is given up
ACTIVE                  IDLE after the idle timeout; DISCONNECTING
IDLE                    ACTIVE on use; DISCONNECTING
DISCONNECTING           CLOSED
CLOSED                  nothing: it is final
======================  =====================================================================
"""

from __future__ import annotations

from typing import Final

from bybot.errors import InvalidTransition
from bybot.sessions.records.model import RecordState

_S = RecordState

TRANSITIONS: Final[dict[RecordState, frozenset[RecordState]]] = {
    _S.CONNECTING: frozenset({_S.ACTIVE, _S.DISCONNECTING}),
    _S.ACTIVE: frozenset({_S.IDLE, _S.DISCONNECTING}),
    _S.IDLE: frozenset({_S.ACTIVE, _S.DISCONNECTING}),
    _S.DISCONNECTING: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}


def check(present: RecordState, wanted: RecordState) -> None:
    """Pass, or refuse.

    Raises:
        InvalidTransition: the table does not have it; staying in a state is no transition.
    """
    if wanted not in TRANSITIONS[present]:
        raise InvalidTransition(f"A record that is {present} cannot become {wanted}.")
