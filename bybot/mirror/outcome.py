"""What an error from Telegram means for a send: the one place where Telethon's errors are told apart."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import Enum

from telethon import errors

from bybot.errors import AccountLimited, ChatNotReadable, ChatNotWritable, SessionRevoked


class Meaning(Enum):
    """What to do about it."""

    WAIT = "wait"  # not before some seconds, for this kind of request; nothing was sent
    SLOW_CHAT = "slow_chat"  # not before some seconds, for this chat; nothing was sent
    BUSY = "busy"  # the first call with these random ids is still being carried out
    UNKNOWN = "unknown"  # it may have been carried out: repeat with the same ids, one post at a time
    NOT_SENT = "not_sent"  # a request before it in the chain failed; nothing was sent
    STALE_FILE = "stale_file"  # a file reference is too old: read the post again
    PROTECTED = "protected"  # forwarding is forbidden
    REFUSED = "refused"  # these posts cannot be sent like this; others may
    NO_SOURCE = "no_source"  # the account cannot read the source (any more)
    NO_TARGET = "no_target"  # the account cannot post in the target (any more)
    LIMITED = "limited"  # the account may not send at all
    NO_SESSION = "no_session"  # the login has ended


@dataclass(frozen=True)
class Judgement:
    """The meaning, the seconds to wait where there are any, and Telegram's name of the error."""

    meaning: Meaning
    name: str
    seconds: float = 0.0

    @property
    def may_have_moved(self) -> bool:
        """Could it be that a basic group is not there any more, since it has become a megagroup?"""
        return self.meaning in (Meaning.REFUSED, Meaning.NO_SOURCE, Meaning.NO_TARGET)

    @property
    def frozen(self) -> bool:
        """Does it say that Telegram has frozen the account?"""
        return "frozen" in self.name.lower()


_WAITS = (errors.FloodWaitError, errors.FloodPremiumWaitError, errors.FloodTestPhoneWaitError)
_LIMITED = (errors.PeerFloodError, errors.FrozenMethodInvalidError, errors.FrozenParticipantMissingError)
_NO_SESSION = (errors.UnauthorizedError, errors.AuthKeyError)
_NO_TARGET = (
    errors.ChatWriteForbiddenError,
    errors.ChatAdminRequiredError,
    errors.UserBannedInChannelError,
    errors.ChatGuestSendForbiddenError,
    errors.ChatRestrictedError,
)
#: A part of an album whose file reference is too old (https://core.telegram.org/method/messages.sendMultiMedia).
_STALE_PART = re.compile(r"FILE_REFERENCE_\d+_(?:EXPIRED|INVALID)\Z")
_CHAT_GONE = (errors.ChannelPrivateError, errors.ChannelInvalidError, errors.ChatIdInvalidError)


def judge(error: BaseException) -> Judgement:
    """What an error means for the request that raised it.

    Whatever is not known to be without effect counts as unknown: repeating with the same random ids is always safe.
    """
    name = name_of(error)
    if isinstance(error, _WAITS):
        return Judgement(Meaning.WAIT, name, max(1.0, float(error.seconds)))
    if isinstance(error, errors.SlowModeWaitError):
        return Judgement(Meaning.SLOW_CHAT, name, max(1.0, float(error.seconds)))
    for meaning, kinds in _MEANINGS.items():
        if isinstance(error, kinds):
            return Judgement(meaning, name)
    if _STALE_PART.match(name):
        return Judgement(Meaning.STALE_FILE, name)
    if isinstance(error, errors.RPCError):
        return Judgement(_by_code(error), name)
    return Judgement(Meaning.UNKNOWN, name)


_MEANINGS: dict[Meaning, tuple[type[BaseException], ...]] = {
    Meaning.BUSY: (errors.RandomIdDuplicateError,),
    Meaning.NOT_SENT: (errors.MsgWaitFailedError,),
    Meaning.PROTECTED: (errors.ChatForwardsRestrictedError,),
    Meaning.LIMITED: _LIMITED,
    Meaning.NO_SESSION: _NO_SESSION,
    Meaning.NO_TARGET: _NO_TARGET,
    Meaning.NO_SOURCE: _CHAT_GONE,
    Meaning.STALE_FILE: (
        errors.FileReferenceExpiredError,
        errors.FileReferenceInvalidError,
        errors.FileReferenceEmptyError,
    ),
    Meaning.UNKNOWN: (errors.ServerError, errors.TimedOutError, asyncio.TimeoutError, OSError),
}


def _by_code(error: errors.RPCError) -> Meaning:
    """Errors without a class of their own: by Telegram's code (https://core.telegram.org/api/errors)."""
    code = abs(error.code or 0)
    if code in (400, 403):
        return Meaning.REFUSED
    if code in (401, 406):
        return Meaning.NO_SESSION if code == 401 else Meaning.REFUSED
    return Meaning.UNKNOWN


def name_of(error: BaseException) -> str:
    """Telegram's own name of an error without a class, else the class's name: never the text of a message."""
    if isinstance(error, errors.RPCError) and type(error) in _UNNAMED:
        return str(error.message)
    return type(error).__name__


# What Telethon raises for names that it has no class for.
_UNNAMED = (
    errors.RPCError,
    errors.BadRequestError,
    errors.ForbiddenError,
    errors.UnauthorizedError,
    errors.AuthKeyError,
    errors.ServerError,
    errors.FloodError,
    errors.TimedOutError,
)


def stop_error(judgement: Judgement) -> Exception:
    """The error for what nobody but the user can change."""
    name = judgement.name
    if judgement.meaning is Meaning.LIMITED:
        return AccountLimited(f"Telegram limits this account ({name}).", frozen=judgement.frozen)
    if judgement.meaning is Meaning.NO_TARGET:
        return ChatNotWritable(f"The account may not post in the target ({name}).")
    if judgement.meaning is Meaning.NO_SOURCE:
        return ChatNotReadable(f"The account cannot read a chat of the pair ({name}).")
    return SessionRevoked(f"The login has ended ({name}).", reason=name)
