"""What Telegram's errors mean for a login. The one place that maps them."""

from __future__ import annotations

from typing import Final

from telethon import errors
from telethon.errors.common import AuthKeyNotFound

#: Answers after which the login is over for good, and the word that is kept as the reason.
DEFINITIVE: Final[dict[type[BaseException], str]] = {
    errors.AuthKeyUnregisteredError: "unregistered",
    errors.AuthKeyInvalidError: "invalid_key",
    errors.AuthKeyDuplicatedError: "duplicated",
    errors.SessionRevokedError: "revoked",
    errors.SessionExpiredError: "expired",
    errors.UserDeactivatedError: "deactivated",
    errors.UserDeactivatedBanError: "banned",
}

#: Reasons in words, for errors and logs.
EXPLAINED: Final[dict[str, str]] = {
    "unregistered": "Telegram does not accept this login any more.",
    "invalid_key": "Telegram calls the login's key invalid.",
    "unknown_key": "Telegram does not know the login's key.",
    "duplicated": "Telegram ended the login because its key was used from two places at once.",
    "revoked": "The login was ended from another device.",
    "expired": "The login has expired.",
    "deactivated": "The account was deleted.",
    "banned": "Telegram has banned the account.",
    "logged_out": "The login was ended.",
    "mismatch": "The stored login answers as another Telegram account than the one it belongs to.",
}


def definitive(error: BaseException | None) -> str | None:
    """The reason when this error ends the login for good, else None."""
    return None if error is None else DEFINITIVE.get(type(error))


def explain(reason: str) -> str:
    """A sentence for a reason."""
    return EXPLAINED.get(reason, f"The login ended: {reason}.")


class LoginOver(Exception):
    """A client's login is over for good. Only inside this package; callers get SessionRevoked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


#: Telegram or the network have trouble; nothing is known about the login.
TRANSIENT: Final[tuple[type[BaseException], ...]] = (
    OSError,
    TimeoutError,
    EOFError,
    AuthKeyNotFound,
    errors.RPCError,
    errors.InvalidBufferError,
    errors.SecurityError,
    ValueError,  # Telethon's "request was unsuccessful n times"
)
