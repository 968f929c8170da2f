"""What people and administrators are told about sessions, as facts; the chat puts it into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

#: Nobody is logged out by schedule sooner than that after being told.
NOTICE: Final = timedelta(days=7)


class NewsKind(StrEnum):
    """What happened, and the facts that come with it."""

    #: Telegram ended the login: ``reason``.
    OVER = "over"
    #: Telegram froze the account, which may still read: ``until`` (a datetime) and ``appeal`` (a link), if known.
    FROZEN = "frozen"
    #: Telegram gave the account back.
    THAWED = "thawed"
    #: Nobody has used the session for long: it is logged out at ``until`` unless somebody does.
    UNUSED = "unused"
    #: It was logged out because nobody used it for ``days``.
    CLEANED = "cleaned"
    #: Telegram refuses to serve this client, whatever the login: ``error`` is Telegram's name of it.
    REFUSED = "refused"
    #: A stored session cannot be opened until somebody mends it: ``error`` is the error's code.
    UNREADABLE = "unreadable"
    #: Scheduled work does not succeed: ``job`` and ``error``.
    JOB_FAILED = "job_failed"
    #: It succeeds again: ``job``.
    JOB_WORKS = "job_works"
    #: The store's daily budget of writes comes near its end: ``used`` of ``most``.
    WRITES_NEAR = "writes_near"
    #: It is used up: ``used`` of ``most`` (0: nobody has said how many there are).
    WRITES_USED_UP = "writes_used_up"


@dataclass(frozen=True)
class SessionNews:
    """Something that happened to a session, stored before it is told.

    Attributes:
        user_id: whose session; None: the operator's matter.
        facts: see :class:`NewsKind`.
        again: it happened before this process began, and its owner may not have been told.
    """

    kind: NewsKind
    user_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False
