"""A live client, and what one is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telethon import TelegramClient

from bybot.errors import BybotError
from bybot.sessions.claims import Claim
from bybot.sessions.image import Image
from bybot.sessions.permit import Permit
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import Credentials


@dataclass(slots=True)
class Opening:
    """What a client is built from."""

    claim: Claim
    session: StoredSession
    credentials: Credentials | None = None
    #: The session's revision that is stored; -1: unknown.
    stored: int = -1
    #: The account that it belongs to; None: not known.
    account: int | None = None
    #: Nobody asked for it: it makes no room for itself.
    yields: bool = False


class Live:
    """A connected client and what is known about its use."""

    __slots__ = (
        "account",
        "behind",
        "claim",
        "client",
        "credentials",
        "ended",
        "in_use",
        "last_used",
        "opened",
        "permit",
        "saved",
        "session",
        "since",
        "stored",
    )

    def __init__(self, client: TelegramClient, permit: Permit, opening: Opening, since: float) -> None:
        self.client = client
        self.permit = permit
        self.claim = opening.claim
        self.session = opening.session
        self.credentials = opening.credentials
        self.account = opening.account
        #: The revision that is stored, and the one from which a checkpoint counts: what connecting itself taught is
        #: written at the end only, with the release.
        self.stored = opening.stored
        self.saved = opening.session.revision
        #: Elapsed seconds when it was connected, and of the last write.
        self.opened = self.since = since
        #: Elapsed seconds of the last use; None: none since it was opened.
        self.last_used: float | None = None
        self.in_use = 0
        self.ended = False
        #: It goes on from a stored update state, and has not fetched what it missed.
        self.behind = False

    @property
    def usable(self) -> bool:
        return not self.ended and self.permit.valid and bool(self.client.is_connected())


class Sessions(Protocol):
    """What the pool needs from the manager."""

    async def load(self, user: str) -> Opening:
        """Claim and read a session. Raises NoSession, SessionRevoked, OwnedElsewhere, StoreUnavailable, VaultError."""

    async def over(self, user: str, claim: Claim, reason: str) -> None:
        """Telegram ended the login: keep the reason."""

    async def rekeyed(self, claim: Claim, image: Image) -> None:
        """Store a session under another key, durably, before that is spoken with."""

    def ready(self, user: str) -> None:
        """A client is connected, or connected again."""

    def saw(self, user: str, live: Live, error: BaseException) -> None:
        """A request of a client was answered with this error."""

    def failed(self, user: str, error: BybotError) -> None:
        """A client could not be opened, and why."""

    def doubt(self, user: str) -> None:
        """A client is connected again, but its account did not answer."""
