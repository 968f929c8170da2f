"""What keeps a session from being used, moved or read."""

from __future__ import annotations

from datetime import datetime

from bybot.errors.base import BybotError


class SessionError(BybotError):
    code = "session"


class NoSession(SessionError):
    code = "no_session"
    exit_code = 66  # EX_NOINPUT
    next_step = "Log in first: /login."


class SessionRevoked(SessionError):
    code = "session_revoked"
    next_step = "Log in again: /login."

    def __init__(self, message: str, *, reason: str, since: datetime | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.since = since


class SessionDetached(SessionError):
    code = "detached"
    next_step = "Ask the operator to attach it once no other program uses it, or log in anew: /login."

    def __init__(self, message: str, *, reason: str, since: datetime | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.since = since


class KeyInUse(SessionError):
    code = "key_in_use"
    next_step = "One login belongs to one session: delete the other one first, or log in anew."

    def __init__(self, message: str, *, user_id: str, next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.user_id = user_id


class OwnedElsewhere(SessionError):
    code = "owned_elsewhere"
    exit_code = 75

    def __init__(self, message: str, *, holder: str, since: datetime | None = None, address: str = "") -> None:
        super().__init__(message, next_step="Wait until the other process ends, or stop it.")
        self.holder = holder
        self.since = since
        #: Where the holder's HTTP service answers, when it says so.
        self.address = address


class OwnerUnreachable(SessionError):
    code = "owner_unreachable"
    exit_code = 75
    next_step = "Look at its log; when it has ended, its lease lapses by itself, and then this works."

    def __init__(self, message: str, *, address: str = "") -> None:
        super().__init__(message)
        self.address = address


class Fenced(SessionError):
    code = "fenced"
    next_step = "Ask for the client again: this one is never used again."


class InvalidTransition(SessionError):
    code = "invalid_transition"


class RecordNotFound(SessionError):
    """No record of a session in use; ``reason`` tells why it was deleted, if it was."""

    code = "record_not_found"
    exit_code = 66  # EX_NOINPUT
    next_step = "List the records, or create one."

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(f"{message} It was ended: {reason}." if reason else message)
        self.reason = reason


class RecordExpired(SessionError):
    """No heartbeat came in time. The login is not touched by that."""

    code = "record_expired"
    next_step = "Create a new record."

    def __init__(self, message: str, *, reason: str = "expired") -> None:
        super().__init__(message)
        self.reason = reason


class RecordExists(SessionError):
    code = "record_exists"
    next_step = "Resume the one that is there, or delete it first."


class TooManyRecords(SessionError):
    code = "too_many_records"
    next_step = "Delete one of the others first, or raise SESSIONS_PER_USER."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most


class TooManyClients(SessionError):
    code = "too_many_clients"
    exit_code = 75
    next_step = "Try again in a minute, or raise MAX_CLIENTS or SESSIONS_PER_USER."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most


class TelegramRefused(SessionError):
    """Telegram refuses to serve this client, whatever the login; ``reason`` is Telegram's name of it."""

    code = "telegram_refused"
    next_step = "Check API_ID and API_HASH, and whether this version of bybot is too old."

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class TelegramUnreachable(SessionError):
    """No connection. ``retry_after``: seconds that Telegram asked to wait, if it did."""

    code = "telegram_unreachable"
    exit_code = 75
    next_step = "Check the network, or set PROXY_URL where Telegram is blocked."

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
