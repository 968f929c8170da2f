"""Who may use the operator's HTTP API: whoever knows the bot's token, without ever sending it.

The bearer token is derived from the bot's token and the data space, so that the command line, which reads the same
configuration, needs nothing else; a new bot token ends it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_PURPOSE: Final = b"bybot operator api v1"
_SCHEME: Final = "bearer"


def operator_token(bot_token: str, bot_id: str) -> str:
    """What the operator's command line sends: 64 characters from which the bot's token cannot be found.

    Args:
        bot_token: BOT_TOKEN.
        bot_id: the data space, so that two bots with one token stay apart.
    """
    return hmac.new(bot_token.encode(), _PURPOSE + b"\0" + bot_id.encode(), hashlib.sha256).hexdigest()


def bearer(header: str | None) -> str | None:
    """The token of an ``Authorization: Bearer ...`` header; None when there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == _SCHEME else None


def same(given: str | None, expected: str) -> bool:
    """Compares in constant time."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
