"""Who may use the HTTP API: the operator, known by a token that is derived from the bot's; and the holder of a
record's token, for that record alone.

The operator's token is derived from the bot's token and the data space, so that the command line, which reads the same
configuration, needs nothing else; a new bot token ends it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from bybot.ids import person_of
from bybot.sessions.records.service import SessionService
from bybot.web.operation import Hands, Operation, value_of

_PURPOSE: Final = b"bybot operator api v1"
_SCHEME: Final = "bearer"


def operator_token(bot_token: str, bot_id: str) -> str:
    """What the operator's command line sends: 64 characters from which the bot's token cannot be found.

    Args:
        bot_token: BOT_TOKEN.
        bot_id: the data space, so that two bots with one token stay apart.
    """
    return hmac.new(bot_token.encode(), _PURPOSE + b"\0" + bot_id.encode(), hashlib.sha256).hexdigest()


def _bearer(header: str | None) -> str | None:
    """The token of an ``Authorization: Bearer ...`` header; None when there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == _SCHEME else None


class Rights:
    """Who may do what.

    Args:
        token: the operator's.
        hands: what the operator works with.
        records: knows the tokens of records.
    """

    def __init__(self, token: str, hands: Hands, records: SessionService) -> None:
        self._token = token
        self._hands = hands
        self._records = records

    def is_operator(self, header: str | None) -> bool:
        """Compares in constant time."""
        given = _bearer(header)
        return given is not None and hmac.compare_digest(given.encode(), self._token.encode())

    async def of(self, header: str | None, operation: Operation, path: Mapping[str, str]) -> Any:
        """What an operation is to work with for whoever sends this header; None: nothing.

        Raises:
            RecordNotFound, RecordExpired: the record that a token is for is gone.
            Forbidden: the token is not of that record.
        """
        if self.is_operator(header):
            return self._hands.acting.records if operation.records else self._hands
        given = _bearer(header)
        if given is None or not operation.for_holders:
            return None
        record = await self._records.verify(value_of(path["record"]), given)
        return self._records.acting_as(person_of(record.user))
