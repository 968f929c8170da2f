"""What the steps of a login answer, and what Telegram's refusals become."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from telethon import errors
from telethon.tl import types

from bybot.errors import (
    AccountFrozen,
    BybotError,
    CodeExpired,
    InvalidCode,
    InvalidPhone,
    LoginBanned,
    LoginError,
    LoginFlood,
    TelegramUnreachable,
    WrongPassword,
)
from bybot.sessions.failures import TRANSIENT, is_frozen

_UNKNOWN_FLOOD: Final = 3600  # Telegram names no time for these


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way.

    Attributes:
        where: app, sms, call, flash_call, missed_call, email, fragment, or other.
        seconds_left: until this login expires.
        can_resend_after: seconds; 0: at once.
        length: digits of the code; 0: unknown.
    """

    where: str
    seconds_left: int
    can_resend_after: int
    length: int


@dataclass(frozen=True)
class PasswordNeeded:
    """The account has two-step verification; ``hint`` may be empty."""

    hint: str


@dataclass(frozen=True)
class LoggedIn:
    """The session is stored, durably.

    Attributes:
        same_account: the account that this user had before; None: there was none.
        user: the key of the session: another one than the login was begun for when that left the choice.
    """

    account_id: int
    name: str
    username: str | None
    same_account: bool | None
    user: str = ""


@dataclass(frozen=True)
class QrShown:
    """Show this link as a QR code; after ``expires_at`` ask for the next."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class PendingLogin:
    """Where a login stands. ``step`` is code, password, qr or signed_in; ``phone`` is masked."""

    user_id: str
    step: str
    phone: str | None
    where: str | None
    seconds_left: int
    length: int
    hint: str


def clean_phone(text: str) -> str:
    """The digits of a phone number with country code.

    Raises:
        InvalidPhone: not 7 to 15 digits.
    """
    digits = re.sub(r"[\s().\-\u00a0]", "", text).removeprefix("+").removeprefix("00")
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
        raise InvalidPhone("That is no phone number with a country code.")
    return digits


def mask_phone(digits: str) -> str:
    """The last two digits stay."""
    return "+" + "•" * (len(digits) - 2) + digits[-2:]


def clean_code(text: str) -> str:
    """The digits of a login code.

    Raises:
        InvalidCode: something else.
    """
    digits = re.sub(r"[\s.\-]", "", text)
    if not digits.isascii() or not digits.isdigit() or not 3 <= len(digits) <= 10:
        raise InvalidCode("A login code has digits only.")
    return digits


_WHERE: Final[dict[type, str]] = {
    types.auth.SentCodeTypeApp: "app",
    types.auth.SentCodeTypeSms: "sms",
    types.auth.SentCodeTypeCall: "call",
    types.auth.SentCodeTypeFlashCall: "flash_call",
    types.auth.SentCodeTypeMissedCall: "missed_call",
    types.auth.SentCodeTypeEmailCode: "email",
    types.auth.SentCodeTypeFragmentSms: "fragment",
}


def where_sent(sent: types.auth.SentCode) -> str:
    """One word for where Telegram sent a code."""
    return _WHERE.get(type(sent.type), "other")


def translate(error: BaseException) -> BybotError:
    """The login error for what Telegram or the network said. The original stays as the cause."""
    if isinstance(error, BybotError):
        return error
    if isinstance(error, errors.PhoneNumberInvalidError):
        return InvalidPhone("Telegram does not know this phone number.")
    if isinstance(error, errors.PhoneNumberUnoccupiedError):
        return InvalidPhone("There is no Telegram account with this number.")
    if isinstance(
        error,
        errors.PhoneNumberBannedError | errors.UserDeactivatedError | errors.UserDeactivatedBanError,
    ):
        return LoginBanned("Telegram has banned this account.")
    if isinstance(error, errors.PhoneCodeExpiredError):
        return CodeExpired("The code is not valid any more; codes die when they appear in a chat.")
    if isinstance(error, errors.PhoneCodeInvalidError | errors.PhoneCodeEmptyError):
        return InvalidCode("That is not the code that Telegram sent.")
    if isinstance(error, errors.PasswordHashInvalidError | errors.PasswordEmptyError):
        return WrongPassword("That is not the account's password.")
    return _translate_trouble(error)


def _translate_trouble(error: BaseException) -> BybotError:
    if isinstance(error, errors.FloodWaitError | errors.FloodPremiumWaitError):
        return LoginFlood("Telegram asks to wait.", seconds=int(error.seconds))
    if is_frozen(error):
        return AccountFrozen("Telegram has frozen this account.")
    if isinstance(error, errors.PhoneNumberFloodError | errors.PhonePasswordFloodError | errors.FloodError):
        return LoginFlood("Too many tries.", seconds=_UNKNOWN_FLOOD)
    if isinstance(error, errors.SendCodeUnavailableError):
        return LoginError("Telegram has no other way to send a code.", next_step="Use the code that was sent.")
    if isinstance(error, errors.ApiIdInvalidError | errors.ApiIdPublishedFloodError):
        return LoginError(
            "Telegram does not accept the application's id.", next_step="The operator must check API_ID and API_HASH."
        )
    if isinstance(error, errors.RPCError) and not isinstance(error, errors.ServerError):
        return LoginError(f"Telegram refused: {type(error).__name__}.", next_step="Start again: /login.")
    if isinstance(error, TRANSIENT):
        return TelegramUnreachable(f"Telegram did not answer ({type(error).__name__}).")
    raise error
