"""What Telegram says about a login, wherever it shows, and what follows from it.

Only a definitive answer ends a login, and only after the health check has heard it too. Whatever is decided is stored
first and told afterwards; a write that fails is repeated until it is acknowledged or the session is somebody else's.
A frozen account keeps its login: its work stops, and its owner is told how to appeal.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from telethon import TelegramClient, errors
from telethon.tl import functions, types

from bybot.errors import (
    BybotError,
    CorruptDocument,
    Fenced,
    StaleWrite,
    StoreUnavailable,
    TelegramRefused,
    VaultError,
)
from bybot.ids import user_id_from_key
from bybot.sessions.backoff import Backoff
from bybot.sessions.claims import Claim, Claims
from bybot.sessions.core import Core, Observer, Observers
from bybot.sessions.failures import definitive, is_frozen
from bybot.sessions.model import FACTS, SESSIONS, SessionRecord, SessionState, session_key
from bybot.sessions.news import NOTICE, NewsKind, SessionNews
from bybot.sessions.pool import Live
from bybot.sessions.use import quietly
from bybot.stores.base import DELETE_FIELD, SERVER_TIME, Patch, Where

log = logging.getLogger(__name__)

#: Seconds that whoever wants to hear a reconnected client gets before what was missed is fetched.
_LISTEN_SECONDS: Final = 5.0
_ASK_SECONDS: Final = 10.0
_DAY: Final = 86_400.0


class Supervision:
    """Decides what an answer of Telegram means for a session.

    Args:
        core: what the parts of the manager share.
    """

    def __init__(self, core: Core) -> None:
        #: Accounts that Telegram has frozen, by user.
        self.frozen: set[str] = set()
        #: Logins that ended since this process began, by reason.
        self.ended: Counter[str] = Counter()
        self._core = core
        self._news = Observers(core.tasks)
        self._told: dict[tuple[NewsKind, str], float] = {}

    def on_news(self, callback: Observer) -> Callable[[], None]:
        """See :meth:`ReportCalls.on_news`."""
        return self._news.add(callback)

    def tell(self, kind: NewsKind, user: str | None = None, facts: Mapping[str, Any] | None = None) -> None:
        """Something happened; ``user`` is a user key."""
        self._news.tell(SessionNews(kind, None if user is None else user_id_from_key(user), facts or {}))

    def renewed(self, user: str) -> None:
        """There is another login, or none: what was known of the former one says nothing any more."""
        self._core.revoked.pop(user, None)
        self.frozen.discard(user)
        self._core.health.forget(user)

    # What was not told yet ----------------------------------------------------------------------------------------

    async def tell_again(self) -> None:
        """Tell what the owners of sessions were to be told when an earlier process ended. Raises StoreUnavailable."""
        for document in await self._core.store.query(SESSIONS, Where("untold", True), fields=FACTS):
            record = SessionRecord.of(document)
            news = _untold(record)
            if news is not None:
                self._news.tell(news)

    async def told(self, user: str) -> None:
        """The owner of a session (a user key) knows what happened to it.

        Raises:
            StoreUnavailable, Fenced: not written; the owner is told again by the next process.
        """
        claims = self._core.ownership.claims
        claim = None if claims is None else claims.held.get(user)
        if claims is not None and claim is not None:
            await claims.save(claim, {"untold": DELETE_FIELD})
            return
        document = await self._core.store.get(session_key(user))
        if document is None or "untold" not in document.data or document.data.get("owner") is not None:
            return
        try:
            await self._core.store.commit([Patch(document.key, {"untold": DELETE_FIELD}, if_=document.version)])
        except StaleWrite:
            log.info("What happened to the session of %s may be told again.", user)

    # What is seen -------------------------------------------------------------------------------------------------

    def saw(self, user: str, live: Live, error: BaseException) -> None:
        """A request of this client, anybody's, was answered with this error."""
        reason = definitive(error)
        if reason == "duplicated":
            # Somebody else speaks with this key: not one more request from here.
            self._core.tasks.spawn(self._core.pool.lose(user, live, reason), f"end {user}")
        elif reason is not None:
            # It may concern a file server's copy of the key, or another person: the account itself is asked.
            self._core.health.suspect(user)
        elif is_frozen(error) and user not in self.frozen:
            self._core.tasks.spawn(self.freeze(user, live), f"freeze {user}")

    def connected(self, user: str, told: Collection[asyncio.Task[Any]]) -> None:
        """A client is connected, or connected again; ``told`` are the calls to those who wanted to know."""
        live = self._core.pool.live.get(user)
        if live is not None and live.behind:
            live.behind = False
            self._core.tasks.spawn(self._catch_up(live, told), f"catch up {user}")

    @staticmethod
    async def _catch_up(live: Live, told: Collection[asyncio.Task[Any]]) -> None:
        if told:
            await asyncio.wait(told, timeout=_LISTEN_SECONDS)
        if live.usable:
            await live.client.catch_up()

    def failed(self, user: str, error: BybotError) -> None:
        """A session was not opened. What no repetition changes is told, once a day."""
        if isinstance(error, TelegramRefused):
            self._tell_daily(error.reason, NewsKind.REFUSED, user, error.reason)  # it is the same for all sessions
        elif isinstance(error, VaultError | CorruptDocument):
            self._tell_daily(user, NewsKind.UNREADABLE, user, error.code)

    def _tell_daily(self, about: str, kind: NewsKind, user: str, error: str) -> None:
        log.error("The session of %s cannot be opened (%s): %s.", user, kind, error)
        now, key = self._core.clock.elapsed(), (kind, about)
        before = self._told.get(key)
        if before is None or now - before >= _DAY:
            self._told[key] = now
            self.tell(kind, user, {"error": error})

    # The end of a login -------------------------------------------------------------------------------------------

    async def over(self, user: str, claim: Claim, reason: str) -> None:
        """Telegram ended the login: stop speaking, write it down, and tell once it is written.

        Returns after the first try to write; further tries go on in the background.
        """
        core = self._core
        core.revoked[user] = reason
        core.recount = True
        claim.revoke()
        self.frozen.discard(user)
        self.ended[reason] += 1
        log.warning("The login of %s is over: %s", user, reason)
        fields: dict[str, Any] = {"state": SessionState.REVOKED.value, "reason": reason, "owner": None}
        fields["since"] = SERVER_TIME
        if reason != "logged_out":  # whoever did that knows
            fields["untold"] = True
        try:
            noted = await self._note(claim, fields)
        except StoreUnavailable:
            core.tasks.spawn(self._tell_later(user, claim, fields, reason), f"note the end of {user}")
            return
        if noted:
            self._tell_over(user, claim, reason)

    async def _tell_later(self, user: str, claim: Claim, fields: Mapping[str, Any], reason: str) -> None:
        if await self._persist(claim, fields):
            self._tell_over(user, claim, reason)

    def _tell_over(self, user: str, claim: Claim, reason: str) -> None:
        claims = self._claims_of(claim)
        if claims is not None:
            claims.forget(claim)
        self._core.lost.tell(user_id_from_key(user), reason)
        self.tell(NewsKind.OVER, user, {"reason": reason})

    # Frozen accounts ----------------------------------------------------------------------------------------------

    def recall(self, record: SessionRecord) -> None:
        """A session of this record is about to connect: remember what is known of it."""
        if record.frozen_since is None:
            self.frozen.discard(record.user)
        else:
            self.frozen.add(record.user)

    async def freeze(self, user: str, live: Live) -> None:
        """Telegram froze the account: keep the login, write it down, tell."""
        if user in self.frozen:
            return
        self.frozen.add(user)
        log.warning("The account of %s is frozen.", user)
        if not await self._persist(live.claim, {"frozen_since": SERVER_TIME, "untold": True}):
            self.frozen.discard(user)
            return
        facts = await _freeze_facts(live.client) if live.usable else {}
        self.tell(NewsKind.FROZEN, user, {name: value for name, value in (facts or {}).items() if name != "since"})

    async def look_for_thaw(self, user: str, live: Live) -> None:
        """Ask whether a frozen account is free again."""
        facts = await _freeze_facts(live.client)
        if facts is None or facts or user not in self.frozen:
            return
        if await self._persist(live.claim, {"frozen_since": DELETE_FIELD, "untold": DELETE_FIELD}):
            self.frozen.discard(user)
            log.info("The account of %s is not frozen any more.", user)
            self.tell(NewsKind.THAWED, user)

    # Writing ------------------------------------------------------------------------------------------------------

    def _claims_of(self, claim: Claim) -> Claims | None:
        claims = self._core.ownership.claims
        return claims if claims is not None and claims.term is claim.term and claim.term.alive() else None

    async def _persist(self, claim: Claim, fields: Mapping[str, Any]) -> bool:
        """:meth:`_note`, again and again through outages of the store."""
        backoff = Backoff(0.2, 30.0)
        while True:
            try:
                return await self._note(claim, fields)
            except StoreUnavailable as error:
                log.info("What is known of %s could not be written yet: %s", claim.user, error.code)
            await self._core.clock.sleep(backoff.next())

    async def _note(self, claim: Claim, fields: Mapping[str, Any]) -> bool:
        """Write fields of a session. False: it is not this process's to write about any more.

        Raises:
            StoreUnavailable: not acknowledged.
        """
        claims = self._claims_of(claim)
        if claims is None:
            return False
        try:
            await claims.save(claim, fields)
        except Fenced:
            return await self._is_noted(claim, fields)
        except StoreUnavailable:
            raise
        except BybotError as error:
            log.error("What is known of %s cannot be written: %s", claim.user, error)
            return False
        return True

    async def _is_noted(self, claim: Claim, fields: Mapping[str, Any]) -> bool:
        """A write that gives the session away looks refused when only its answer was lost."""
        document = await self._core.store.get(session_key(claim.user))
        if document is None or SessionRecord.of(document).token != claim.token:
            return False
        return all(
            document.data.get(name) == value
            for name, value in fields.items()
            if value not in (SERVER_TIME, DELETE_FIELD)
        )


async def _freeze_facts(client: TelegramClient) -> dict[str, Any] | None:
    """What Telegram says about a freeze: since, until, appeal. Empty: the account is not frozen. None: no answer."""
    try:
        with quietly():
            async with asyncio.timeout(_ASK_SECONDS):
                answer = await client(functions.help.GetAppConfigRequest(hash=0))
    except (errors.RPCError, OSError, TimeoutError, ValueError) as error:
        log.info("Telegram does not tell about the freeze: %s", type(error).__name__)
        return None
    config = getattr(answer, "config", None)
    values = {each.key: each.value for each in config.value} if isinstance(config, types.JsonObject) else {}
    since, until = (_moment(values.get(f"freeze_{name}_date")) for name in ("since", "until"))
    if since is None:
        return {}
    link = values.get("freeze_appeal_url")
    appeal = link.value if isinstance(link, types.JsonString) else None
    return {name: value for name, value in (("since", since), ("until", until), ("appeal", appeal)) if value}


def _untold(record: SessionRecord) -> SessionNews | None:
    """What the owner of this session was to be told last."""
    if record.state is SessionState.REVOKED:
        return SessionNews(NewsKind.OVER, record.user_id, {"reason": record.reason}, again=True)
    if record.frozen_since is not None:
        return SessionNews(NewsKind.FROZEN, record.user_id, again=True)
    if record.warned_at is not None:
        return SessionNews(NewsKind.UNUSED, record.user_id, {"until": record.warned_at + NOTICE}, again=True)
    return None


def _moment(value: Any) -> datetime | None:
    return datetime.fromtimestamp(value.value, UTC) if isinstance(value, types.JsonNumber) and value.value > 0 else None
