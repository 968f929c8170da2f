"""What Telegram's errors mean for a login. The one place that maps them."""

from __future__ import annotations

from typing import Final

from telethon import errors
from telethon.errors.common import AuthKeyNotFound
from telethon.errors.rpcbaseerrors import base_errors

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


#: The account may read but not write: the login goes on, the work stops.
FROZEN: Final = (errors.FrozenMethodInvalidError, errors.FrozenParticipantMissingError)

#: Answers that tell how long to wait.
WAITS: Final = (errors.FloodWaitError, errors.FloodPremiumWaitError, errors.FloodTestPhoneWaitError)


def definitive(error: BaseException | None) -> str | None:
    """The reason when this error ends the login for good, else None."""
    return None if error is None else DEFINITIVE.get(type(error))


def is_frozen(error: BaseException | None) -> bool:
    """Does this error say that Telegram has frozen the account?"""
    return isinstance(error, FROZEN)


def wait_of(error: BaseException | None) -> float:
    """Seconds that Telegram asks to wait with this error; 0 when it asks for none."""
    return max(1.0, float(error.seconds)) if isinstance(error, WAITS) else 0.0


def refusal(error: BaseException | None) -> str | None:
    """Telegram's name of an answer that repeating cannot change and that says nothing about the login, else None.

    Such as an application id that Telegram does not accept, or a program that is too old.
    """
    if not isinstance(error, errors.RPCError) or definitive(error) is not None or is_frozen(error):
        return None
    if error.code not in _FINAL_CODES:
        return None
    unnamed = type(error) in base_errors.values()
    return str(error.message)[:64] if unnamed else type(error).__name__.removesuffix("Error")


def explain(reason: str) -> str:
    """A sentence for a reason."""
    return EXPLAINED.get(reason, f"The login ended: {reason}.")


#: https://core.telegram.org/api/errors: bad request, unauthorised, forbidden, not acceptable.
_FINAL_CODES: Final = frozenset({400, 401, 403, 406})


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
