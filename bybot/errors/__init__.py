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

from bybot.errors.base import BybotError
from bybot.errors.login import (
    AccountFrozen,
    AccountMismatch,
    AlreadyLoggedIn,
    CodeExpired,
    InvalidCode,
    InvalidPhone,
    LoginBanned,
    LoginCancelled,
    LoginError,
    LoginFlood,
    LoginTimeout,
    NoLogin,
    TooManyAccounts,
    WrongPassword,
)
from bybot.errors.mirror import (
    AccountLimited,
    BadPattern,
    ChatMoved,
    ChatNotFound,
    ChatNotReadable,
    ChatNotWritable,
    DiscussionNotReadable,
    DiscussionNotWritable,
    MirrorError,
    NoDiscussion,
    PairCycle,
    PairExists,
    PairNotFound,
    PatternTimeout,
    ProtectedContent,
    SameChat,
    TextTooLong,
    TooManyTasks,
    UnreadablePairs,
)
from bybot.errors.portable import PortableError, UnreadableBackup, UnreadableSession
from bybot.errors.sessions import (
    Fenced,
    InvalidTransition,
    KeyInUse,
    NoSession,
    OwnedElsewhere,
    OwnerUnreachable,
    RecordExists,
    RecordExpired,
    RecordNotFound,
    SessionDetached,
    SessionError,
    SessionRevoked,
    TelegramRefused,
    TelegramUnreachable,
    TooManyClients,
    TooManyRecords,
)
from bybot.errors.setup import ConfigurationError, Forbidden, FreshLogin, Problem
from bybot.errors.stores import (
    CorruptDocument,
    DocumentTooLarge,
    KeyMissing,
    NewerSchema,
    QuotaUsedUp,
    StaleWrite,
    StoreError,
    StoreUnavailable,
    Tampered,
    VaultError,
    WrongKey,
)

__all__ = [
    "AccountFrozen",
    "AccountLimited",
    "AccountMismatch",
    "AlreadyLoggedIn",
    "BadPattern",
    "BybotError",
    "ChatMoved",
    "ChatNotFound",
    "ChatNotReadable",
    "ChatNotWritable",
    "CodeExpired",
    "ConfigurationError",
    "CorruptDocument",
    "DiscussionNotReadable",
    "DiscussionNotWritable",
    "DocumentTooLarge",
    "Fenced",
    "Forbidden",
    "FreshLogin",
    "InvalidCode",
    "InvalidPhone",
    "InvalidTransition",
    "KeyInUse",
    "KeyMissing",
    "LoginBanned",
    "LoginCancelled",
    "LoginError",
    "LoginFlood",
    "LoginTimeout",
    "MirrorError",
    "NewerSchema",
    "NoDiscussion",
    "NoLogin",
    "NoSession",
    "OwnedElsewhere",
    "OwnerUnreachable",
    "PairCycle",
    "PairExists",
    "PairNotFound",
    "PatternTimeout",
    "PortableError",
    "Problem",
    "ProtectedContent",
    "QuotaUsedUp",
    "RecordExists",
    "RecordExpired",
    "RecordNotFound",
    "SameChat",
    "SessionDetached",
    "SessionError",
    "SessionRevoked",
    "StaleWrite",
    "StoreError",
    "StoreUnavailable",
    "Tampered",
    "TelegramRefused",
    "TelegramUnreachable",
    "TextTooLong",
    "TooManyAccounts",
    "TooManyClients",
    "TooManyRecords",
    "TooManyTasks",
    "UnreadableBackup",
    "UnreadablePairs",
    "UnreadableSession",
    "VaultError",
    "WrongKey",
    "WrongPassword",
]
