"""Every error that bybot raises on purpose.

    BybotError
    ├── ConfigurationError          what is wrong with the environment, all of it at once
    ├── Forbidden                   the caller may not do this
    │   └── FreshLogin              Telegram's own rule: a login of less than a day may not end others
    ├── StoreError
    │   ├── StoreUnavailable        the store does not answer: nothing is known, nothing was decided
    │   │   └── QuotaUsedUp         it refuses until its quota begins anew
    │   ├── StaleWrite              a condition of the write no longer holds: nothing was written
    │   ├── CorruptDocument         kept aside under another name, others are unaffected
    │   ├── NewerSchema             a newer version of bybot wrote this; it was left as it is
    │   └── DocumentTooLarge        above what every store can hold
    ├── VaultError
    │   ├── KeyMissing              sealed data, but no key is configured
    │   ├── WrongKey                none of the configured keys opens this; nothing was changed
    │   └── Tampered                the right key, but not this person's data
    ├── PortableError
    │   ├── UnreadableSession       what was to be imported is no session that can be read
    │   └── UnreadableBackup        cut off, altered, of another bot, or no backup
    ├── SessionError
    │   ├── NoSession               there is no stored session
    │   ├── SessionRevoked          Telegram ended the login; the reason is kept
    │   ├── SessionDetached         another copy of the login may be in use: it does not connect
    │   ├── KeyInUse                the same login is stored for another session
    │   ├── OwnedElsewhere          another process holds it, and since when
    │   ├── OwnerUnreachable        the process that holds the sessions cannot be asked
    │   ├── Fenced                  this process lost the right to speak
    │   ├── InvalidTransition       the session's state does not allow this
    │   ├── RecordNotFound  RecordExpired  RecordExists  TooManyRecords   of sessions in use
    │   ├── TooManyClients          as many are connected as may be, and all of them are in use
    │   ├── TelegramRefused         Telegram does not serve this program; the login is not judged
    │   └── TelegramUnreachable     no connection within the time limit
    ├── LoginError
    │   ├── InvalidPhone  InvalidCode  CodeExpired  WrongPassword  LoginBanned
    │   ├── LoginFlood              wait that many seconds
    │   ├── LoginTimeout  LoginCancelled  NoLogin  AlreadyLoggedIn
    │   ├── AccountFrozen           Telegram has frozen the account that logs in
    │   ├── AccountMismatch         the session belongs to another Telegram account
    │   └── TooManyAccounts         the person has as many as one person may have
    └── MirrorError
        ├── ChatNotFound  ChatNotReadable  ChatNotWritable  SameChat  PairExists  PairNotFound  PairCycle
        │   └── DiscussionNotReadable  DiscussionNotWritable   the groups of comments
        ├── NoDiscussion            a channel has no group for comments
        ├── ChatMoved               a basic group has become a supergroup
        ├── TooManyTasks            as many tasks of a pair are open as may be
        ├── ProtectedContent        the channel forbids forwarding
        ├── AccountLimited          PEER_FLOOD or a frozen account
        ├── BadPattern  PatternTimeout  TextTooLong     a rule that cannot be used, or not on this text
        └── UnreadablePairs         a file of pairs that cannot be read, and where it is wrong

Each carries its facts as attributes, a stable ``code``, and a ``next_step``: what the reader can do about it.
The chat translates by ``code`` and facts; the command line prints the message and the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal


class BybotError(Exception):
    """Base of all. ``code`` is stable; ``exit_code`` is what the command line ends with."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    next_step: str = ""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        if next_step is not None:
            self.next_step = next_step

    @property
    def message(self) -> str:
        return str(self.args[0])


# Configuration ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the configuration: the variable, the fact (never the value), what to do."""

    variable: str
    fact: str
    next_step: str


class ConfigurationError(BybotError):
    code = "configuration"
    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [f"{p.variable}: {p.fact}. {p.next_step}" for p in problems]
        super().__init__("The configuration cannot be used:\n" + "\n".join(f"  - {line}" for line in lines))


class Forbidden(BybotError):
    code = "forbidden"
    exit_code = 77
    next_step = "Ask an administrator of this bot."


class FreshLogin(Forbidden):
    """Telegram lets a login end others only when it is a day old."""

    code = "fresh_login"
    next_step = "Try again tomorrow, or end it on your phone: Telegram, Settings, Devices."


# Stores -------------------------------------------------------------------------------------------------------


class StoreError(BybotError):
    code = "store"


class StoreUnavailable(StoreError):
    code = "store_unavailable"
    exit_code = 75
    next_step = "Nothing was lost; try again when the store answers."


class QuotaUsedUp(StoreUnavailable):
    """Nothing was written, and nothing will be until the quota begins anew."""

    code = "quota_used_up"
    next_step = "Wait for the next day, or enable billing for the project."


class StaleWrite(StoreError):
    code = "stale_write"
    next_step = "Read again and decide anew."


class CorruptDocument(StoreError):
    code = "corrupt_document"

    def __init__(self, message: str, *, kept_at: str | None = None) -> None:
        super().__init__(message)
        self.kept_at = kept_at
        self.next_step = f"It was kept aside as {kept_at}." if kept_at else "It was left untouched."


class NewerSchema(StoreError):
    """A newer version wrote this. Nothing was changed."""

    code = "newer_schema"
    next_step = "Start the newer version of bybot again; nothing was lost."

    def __init__(self, message: str, *, found: int, known: int) -> None:
        super().__init__(message)
        self.found = found
        self.known = known


class DocumentTooLarge(StoreError):
    code = "document_too_large"


# Vault --------------------------------------------------------------------------------------------------------


class VaultError(BybotError):
    code = "vault"


class KeyMissing(VaultError):
    code = "key_missing"
    exit_code = 78
    next_step = "Set SESSION_ENCRYPTION_KEYS to the key that sealed it."


class WrongKey(VaultError):
    code = "wrong_key"
    exit_code = 78
    next_step = "Put the key that sealed it into SESSION_ENCRYPTION_KEYS; nothing was changed."


class Tampered(VaultError):
    code = "tampered"
    next_step = "It belongs to another person or bot, or was altered; restore it from a backup."


# What comes from outside ------------------------------------------------------------------------------------------


class PortableError(BybotError):
    code = "portable"
    exit_code = 65  # EX_DATAERR


class UnreadableSession(PortableError):
    code = "unreadable_session"
    next_step = "It was left as it is. Telethon and Pyrogram session strings and .session files can be imported."


class UnreadableBackup(PortableError):
    code = "unreadable_backup"
    next_step = "Nothing was restored; take another backup."


# Sessions -----------------------------------------------------------------------------------------------------


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


# Login --------------------------------------------------------------------------------------------------------


class LoginError(BybotError):
    code = "login"


class InvalidPhone(LoginError):
    code = "invalid_phone"
    next_step = "Send the number with its country code, such as +44 7700 900123."


class InvalidCode(LoginError):
    code = "invalid_code"
    next_step = "Look at the newest message from Telegram and enter its code again."


class CodeExpired(LoginError):
    code = "code_expired"
    next_step = "Ask for a new code."


class WrongPassword(LoginError):
    code = "wrong_password"
    next_step = "Try the password again."


class LoginBanned(LoginError):
    code = "login_banned"
    next_step = "Telegram has banned this number; write to recover@telegram.org."


class LoginFlood(LoginError):
    code = "login_flood"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, next_step=f"Wait {seconds} seconds and try again.")
        self.seconds = seconds


class LoginTimeout(LoginError):
    code = "login_timeout"
    next_step = "Start again: /login."


class LoginCancelled(LoginError):
    code = "login_cancelled"
    next_step = "Start again: /login."


class NoLogin(LoginError):
    code = "no_login"
    next_step = "Start one: /login."


class AlreadyLoggedIn(LoginError):
    code = "already_logged_in"
    next_step = "Log out first: /logout."


class AccountFrozen(LoginError):
    code = "account_frozen"
    next_step = "Write to @SpamBot in Telegram to appeal, then log in again."


class AccountMismatch(LoginError):
    """A session belongs to one Telegram account, and another one signed in."""

    code = "account_mismatch"
    next_step = "Log in with the account of this session, or add the other one as a further account."


class TooManyAccounts(LoginError):
    code = "too_many_accounts"
    next_step = "Log one of the others out first."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most


# Mirroring ----------------------------------------------------------------------------------------------------


class MirrorError(BybotError):
    code = "mirror"


class ChatNotFound(MirrorError):
    code = "chat_not_found"
    next_step = "Check the link or name, or pick the channel from the list."


class ChatNotReadable(MirrorError):
    code = "chat_not_readable"
    next_step = "Join the channel with your account first."


class ChatNotWritable(MirrorError):
    code = "chat_not_writable"
    next_step = "Make your account an administrator who may post there."


class NoDiscussion(MirrorError):
    """``side``: which end of the pair has no group for comments."""

    code = "no_discussion"
    next_step = "Link a group to the channel (its settings, Discussion), then switch comments on."

    def __init__(self, message: str, *, side: Literal["source", "target"]) -> None:
        super().__init__(message)
        self.side = side


class DiscussionNotReadable(ChatNotReadable):
    code = "discussion_not_readable"
    next_step = "Join the group of the channel's comments with your account first."


class DiscussionNotWritable(ChatNotWritable):
    code = "discussion_not_writable"
    next_step = "Join the group of the target's comments with your account and make sure that it may write there."


class ChatMoved(MirrorError):
    """A basic group has become a supergroup. ``side``: which end of the pair; ``chat``: the supergroup, a ChatRef."""

    code = "chat_moved"
    next_step = "Use the supergroup."

    def __init__(self, message: str, *, side: Literal["source", "target"], chat: Any) -> None:
        super().__init__(message)
        self.side = side
        self.chat = chat


class SameChat(MirrorError):
    code = "same_chat"
    next_step = "Choose another target."


class PairExists(MirrorError):
    code = "pair_exists"


class PairNotFound(MirrorError):
    code = "pair_not_found"
    next_step = "See your pairs: /pairs."


class PairCycle(MirrorError):
    code = "pair_cycle"
    next_step = "Remove one of the pairs of the circle."


class TooManyTasks(MirrorError):
    code = "too_many_tasks"
    next_step = "Cancel one of the pair's tasks, or wait until one is done."

    def __init__(self, message: str, *, most: int) -> None:
        super().__init__(message)
        self.most = most


class ProtectedContent(MirrorError):
    code = "protected_content"
    next_step = "Ask the owner of the channel to allow forwarding."


class AccountLimited(MirrorError):
    """``frozen``: the account may only read; whoever owns the session tells about that."""

    code = "account_limited"
    next_step = "Write to @SpamBot with your account to see the limit; pairs go on when you resume them."

    def __init__(self, message: str, *, frozen: bool = False) -> None:
        super().__init__(message)
        self.frozen = frozen


class BadPattern(MirrorError):
    code = "bad_pattern"
    exit_code = 65
    next_step = "Correct the pattern there and enter it again."

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        #: Characters before the mistake.
        self.position = position


class PatternTimeout(MirrorError):
    code = "pattern_timeout"
    next_step = "Make the pattern simpler: nested repetition is what takes long."

    def __init__(self, message: str, *, pattern: str) -> None:
        super().__init__(message)
        self.pattern = pattern


class TextTooLong(MirrorError):
    code = "text_too_long"
    next_step = "Shorten what the rules add."

    def __init__(self, message: str, *, length: int) -> None:
        super().__init__(message)
        self.length = length


class UnreadablePairs(MirrorError):
    """``why``: empty, too_large, not_text, gone, broken, twice, unknown, newer, fields, too_many. ``line``: from 1."""

    code = "unreadable_pairs"
    exit_code = 65
    next_step = "docs/pairs-file.md describes the file."

    def __init__(self, message: str, *, why: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.why = why
        self.line = line
