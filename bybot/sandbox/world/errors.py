"""Errors that the world raises, in Telegram's own words."""

from __future__ import annotations


class TelegramError(Exception):
    """A refusal as the MTProto API spells it.

    Attributes:
        code: the number of the class of error, such as 400, 403 or 420.
        message: Telegram's constant, such as ``CHAT_WRITE_FORBIDDEN`` or ``SLOWMODE_WAIT_10``.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class BotNotStarted(TelegramError):
    """A bot writes to a person who never wrote to it."""

    def __init__(self) -> None:
        super().__init__(400, "PEER_ID_INVALID")


def bad(message: str) -> TelegramError:
    """The common 400."""
    return TelegramError(400, message)


def forbidden(message: str) -> TelegramError:
    """The common 403."""
    return TelegramError(403, message)
