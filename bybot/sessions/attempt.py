"""One login attempt: its client, what Telegram said so far, and its sealed form in the store."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from telethon import TelegramClient

from bybot.clock import Clock
from bybot.sessions import image as images
from bybot.sessions.codec import Codec
from bybot.sessions.loginmodel import CodeSent, PendingLogin, QrShown, mask_phone
from bybot.sessions.model import login_key
from bybot.sessions.permit import Permit
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import Credentials
from bybot.stores.base import SERVER_TIME, Document, Put

CODE: Final = "code"
PASSWORD: Final = "password"
QR: Final = "qr"
SIGNED_IN: Final = "signed_in"


@dataclass
class Attempt:
    """See the module. ``expires`` is a wall time; ``ends`` the same by elapsed seconds."""

    user: str
    step: str
    session: StoredSession
    client: TelegramClient
    permit: Permit
    expires: datetime
    ends: float
    credentials: Credentials | None = None
    phone: str | None = field(default=None, repr=False)
    code_hash: str | None = field(default=None, repr=False)
    where: str | None = None
    length: int = 0
    resend_at: float = 0.0
    hint: str = ""
    qr: QrShown | None = field(default=None, repr=False)
    #: Set when something happened that a waiter must look at: scanned, replaced, cancelled.
    moved: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    #: Why it ended: cancelled, replaced, expired, lease; None: it goes on.
    ended: str | None = None
    #: The key that was stored last, so that a change is noticed.
    stored_key: int | None = None
    #: After signing in: which account it is, and under which key its session is stored.
    account: int | None = None
    slot: str = ""

    def left(self, clock: Clock) -> float:
        """Seconds until it expires."""
        return max(0.0, self.ends - clock.elapsed())

    def code_sent(self, clock: Clock) -> CodeSent:
        wait = max(0.0, self.resend_at - clock.elapsed())
        return CodeSent(self.where or "other", round(self.left(clock)), round(wait), self.length)

    def prolong(self, clock: Clock, seconds: float) -> None:
        """Count anew from now."""
        self.expires = clock.now() + timedelta(seconds=seconds)
        self.ends = clock.elapsed() + seconds

    def pending(self, user_id: str, clock: Clock) -> PendingLogin:
        phone = mask_phone(self.phone) if self.phone else None
        return PendingLogin(user_id, self.step, phone, self.where, round(self.left(clock)), self.length, self.hint)

    def end(self, reason: str) -> None:
        """Tell whoever waits. The client is ended by the desk."""
        self.ended = reason
        self.moved.set()


def to_document(attempt: Attempt, codec: Codec, image: bytes) -> Put:
    """The write that keeps an attempt over a restart: key, data centre, code hash, number, all sealed."""
    facts = {
        "session": base64.b64encode(image).decode("ascii"),
        "phone": attempt.phone,
        "code_hash": attempt.code_hash,
        "where": attempt.where,
        "length": attempt.length,
        "hint": attempt.hint,
        "api": [attempt.credentials.api_id, attempt.credentials.api_hash] if attempt.credentials else None,
    }
    sealed = codec.seal_login(attempt.user, facts)
    data = {"sealed": sealed, "step": attempt.step, "expires_at": attempt.expires, "saved_at": SERVER_TIME}
    return Put(login_key(attempt.user), data)


@dataclass
class StoredAttempt:
    """An attempt as it was read, not connected yet."""

    user: str
    step: str
    expires: datetime
    session: StoredSession
    facts: dict[str, Any] = field(repr=False)

    @property
    def credentials(self) -> Credentials | None:
        api = self.facts.get("api")
        return Credentials(int(api[0]), str(api[1])) if isinstance(api, list) and len(api) == 2 else None

    def revive(self, client: TelegramClient, permit: Permit, clock: Clock) -> Attempt:
        """The attempt on a new client; it keeps its time of expiry."""
        left = (self.expires - clock.now()).total_seconds()
        attempt = Attempt(
            self.user, self.step, self.session, client, permit, self.expires, clock.elapsed() + left, self.credentials
        )
        attempt.phone = self.facts.get("phone")
        attempt.code_hash = self.facts.get("code_hash")
        attempt.where = self.facts.get("where")
        attempt.length = int(self.facts.get("length") or 0)
        attempt.hint = str(self.facts.get("hint") or "")
        attempt.stored_key = self.session.key_id
        return attempt


def from_document(document: Document, codec: Codec) -> StoredAttempt | None:
    """The inverse of :func:`to_document`; None when the document is malformed.

    Raises:
        VaultError: it cannot be opened.
    """
    sealed, step, expires = (document.data.get(name) for name in ("sealed", "step", "expires_at"))
    if not (isinstance(sealed, str) and isinstance(step, str) and isinstance(expires, datetime)):
        return None
    facts = codec.open_login(document.key.id, sealed)
    try:
        image = base64.b64decode(str(facts.get("session")), validate=True)
        session = StoredSession.from_bytes(image, authorised=False)
    except (ValueError, images.NotASession):
        return None
    return StoredAttempt(document.key.id, step, expires, session, facts)
