"""A stored session's document, and what callers are told about it.

``user_sessions/{user}`` holds::

    state          ready, revoked, detached or deleted (a tombstone: no secrets, only the token)
    owner, token   who may speak, and how often that changed
    reserved_for   whom its former owner gave it to; void when that instance is gone
    session_data   the sealed SQLite image (in Firestore as base64); kept when the login was revoked
    key_hmac       the name of its auth key in the registry, ``auth_keys/{name}``
    account_id, is_bot, dc_id, sealed_with, reason, and times
    frozen_since   Telegram has frozen the account, which may read but not write
    warned_at      its owner was told that it is logged out soon unless somebody uses it
    untold         true until the owner was told what happened to it last
    phone, api     sealed: the account's number; another application's id and hash
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bybot.ids import user_id_from_key
from bybot.stores.base import Document, Key

SESSIONS: Final = "user_sessions"
LOGINS: Final = "logins"
AUTH_KEYS: Final = "auth_keys"
BACKUPS: Final = "backups"
INSTANCES: Final = "instances"
LEADER: Final = Key("system", "leader")
METADATA: Final = Key("system", "session_metadata")
REGISTRY: Final = Key("system", "registry")

#: Fields of a session document that are no secrets and cost little to read.
FACTS: Final = (
    "state",
    "owner",
    "token",
    "account_id",
    "is_bot",
    "reason",
    "since",
    "created_at",
    "last_used_at",
    "saved_at",
    "deleted_at",
    "sealed_with",
    "frozen_since",
    "warned_at",
)


class SessionState(StrEnum):
    """What a session document says about the login.

    A detached login was exported, imported or restored: another copy of its key may be in use somewhere, so it does
    not connect until somebody states that the other copy is stopped.
    """

    READY = "ready"
    REVOKED = "revoked"
    DETACHED = "detached"
    DELETED = "deleted"


def session_key(user: str) -> Key:
    """The document of a user's session; ``user`` is already a :func:`bybot.ids.user_key`."""
    return Key(SESSIONS, user)


def login_key(user: str) -> Key:
    """The document of a user's pending login."""
    return Key(LOGINS, user)


def auth_key_key(name: str) -> Key:
    """The registry's entry of an auth key, by the key's name."""
    return Key(AUTH_KEYS, name)


@dataclass(frozen=True)
class SessionRecord:
    """A session document as it was read, without its secrets. Malformed fields count as absent."""

    user: str
    state: SessionState | None
    owner: str | None
    token: int
    version: str
    account_id: int | None = None
    is_bot: bool = False
    reason: str | None = None
    reserved_for: str | None = None
    since: datetime | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    saved_at: datetime | None = None
    sealed_with: str | None = None
    #: Since when Telegram has frozen the account; None: it has not.
    frozen_since: datetime | None = None
    #: When its owner was told that it will be logged out because nobody uses it.
    warned_at: datetime | None = None
    key_hmac: str | None = None
    session_data: bytes | None = field(default=None, repr=False)
    api: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, document: Document) -> SessionRecord:
        data = document.data
        state = data.get("state")
        return cls(
            user=document.key.id,
            state=SessionState(state) if state in set(SessionState) else None,
            owner=_typed(data, "owner", str),
            token=_typed(data, "token", int) or 0,
            version=document.version,
            account_id=_typed(data, "account_id", int),
            is_bot=data.get("is_bot") is True,
            reason=_typed(data, "reason", str),
            reserved_for=_typed(data, "reserved_for", str),
            since=_typed(data, "since", datetime),
            created_at=_typed(data, "created_at", datetime),
            last_used_at=_typed(data, "last_used_at", datetime),
            saved_at=_typed(data, "saved_at", datetime),
            sealed_with=_typed(data, "sealed_with", str),
            frozen_since=_typed(data, "frozen_since", datetime),
            warned_at=_typed(data, "warned_at", datetime),
            key_hmac=_typed(data, "key_hmac", str),
            session_data=_typed(data, "session_data", bytes),
            api=_typed(data, "api", str),
        )

    @property
    def user_id(self) -> str:
        """The user's id as text, not encoded."""
        return user_id_from_key(self.user)

    @property
    def exists(self) -> bool:
        """False for a tombstone."""
        return self.state is not SessionState.DELETED


def _typed(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    return value if isinstance(value, kind) and not (kind is int and isinstance(value, bool)) else None


@dataclass(frozen=True)
class Holder:
    """Who holds what this process wants: a random instance id, a label for people, since when, and its service."""

    instance: str
    label: str
    since: datetime | None
    #: Where its HTTP service answers; empty: it has none, or does not say.
    address: str = ""

    @classmethod
    def of(cls, instance: str, leader: Document) -> Holder:
        """That instance, as the leader's document describes it."""
        label, address = leader.data.get("label"), leader.data.get("address")
        return cls(instance, str(label or instance), _typed(leader.data, "since", datetime), str(address or ""))


@dataclass(frozen=True)
class Deletion:
    """What deleting a session did.

    Attributes:
        existed: there was a stored session.
        logged_out: Telegram ended the login (or had ended it before).
        removed: the parts that are gone: client, session, login.
        failures: what did not work, one sentence each.
    """

    user_id: str
    existed: bool
    logged_out: bool
    removed: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass
class Cleanup:
    """What :meth:`UserSessionManager.cleanup_inactive_sessions` did, or would do in a dry run."""

    dry_run: bool
    checked: int = 0
    removed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
