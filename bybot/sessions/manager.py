"""The public face: who has a session, and the one client that speaks for it.

    manager = UserSessionManager(store, vault, telegram, bot_id="bybot_local")
    async with manager:
        await manager.wait_active()
        client = await manager.get_user_client("user_123")

The client is a real ``telethon.TelegramClient``. One process at a time may hold the sessions of a data space; another
one waits (``state`` is "waiting") and takes over when the first ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from telethon import TelegramClient

from bybot.clock import Clock, SystemClock
from bybot.errors import (
    BybotError,
    Fenced,
    NoSession,
)
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.accountcalls import AccountCalls
from bybot.sessions.accounts import MOST_ACCOUNTS
from bybot.sessions.acting import ActingManager
from bybot.sessions.adoption import Adoption
from bybot.sessions.auditlog import Audit
from bybot.sessions.codec import Codec
from bybot.sessions.core import Core
from bybot.sessions.deletion import delete
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.handover import Handover
from bybot.sessions.health import Health
from bybot.sessions.housework import Housework, HouseworkSettings
from bybot.sessions.idle import Idle, Limits
from bybot.sessions.lease import Lease, LeaseTimes
from bybot.sessions.login import LoginDesk
from bybot.sessions.logincalls import LoginCalls
from bybot.sessions.managerlife import ManagerLife
from bybot.sessions.model import Cleanup, Deletion
from bybot.sessions.ownership import Ownership
from bybot.sessions.pool import Pool
from bybot.sessions.portable import Portable
from bybot.sessions.records.clients import records_of
from bybot.sessions.records.model import RecordSettings
from bybot.sessions.reportcalls import ReportCalls
from bybot.sessions.reports import Reports
from bybot.sessions.supervision import Supervision
from bybot.sessions.telegram import Credentials, TelegramEndpoint
from bybot.sessions.upkeep import Upkeep
from bybot.sessions.vault import Vault
from bybot.stores.base import Store

__all__ = ["ActingManager", "UserSessionManager"]

log = logging.getLogger(__name__)

UserId = int | str


class UserSessionManager(ManagerLife, AccountCalls, LoginCalls, ReportCalls):
    """See the module.

    Args:
        store: open already, and closed by the caller after the manager, unless ``owns_store``.
        vault: seals sessions and phone numbers.
        telegram: builds clients.
        bot_id: the data space.
        lease: how this process gets the right to act; None: a lease in documents of the store.
        admin_ids: may act for everybody.
        sessions_dir: shown in the statistics.
        login_seconds: how long a login may take.
        connect_seconds: time limit of one connection.
        concurrency: how many clients connect at once.
        checkpoint_seconds: between two writes of a session that changes.
        most_accounts: Telegram accounts that one person may have here.
        limits: how long clients stay that nobody uses, and how many there may be.
        health_seconds: a login that Telegram ended is noticed within that time.
        housework: what is cleaned up and backed up by itself.
        records: how long records of sessions in use live.
        owns_store: the manager opens the store, by itself at the first use, and closes it at the end.
        restore: connect all stored sessions as soon as this process may act; False: each when it is asked for.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        telegram: TelegramEndpoint,
        *,
        bot_id: str,
        clock: Clock | None = None,
        lease: Lease | None = None,
        admin_ids: Collection[int] = (),
        sessions_dir: str = "",
        login_seconds: float = 300.0,
        connect_seconds: float = 20.0,
        concurrency: int = 50,
        checkpoint_seconds: float = 1800.0,
        most_accounts: int = MOST_ACCOUNTS,
        health_seconds: float = 900.0,
        housework: HouseworkSettings | None = None,
        limits: Limits | None = None,
        records: RecordSettings | None = None,
        owns_store: bool = False,
        restore: bool = True,
    ) -> None:
        clock = clock or SystemClock()
        self.bot_id = bot_id
        self.audit = Audit(clock, store)
        self._admins = frozenset(str(admin) for admin in admin_ids)
        self._clock = clock
        core = self._core = Core(store, Codec(vault), clock)
        lease = lease or DocumentLease(store, clock, LeaseTimes(), label=bot_id)
        self._pool = core.pool = Pool(telegram, core, clock, connect_seconds=connect_seconds, concurrency=concurrency)
        self._ownership = core.ownership = self._owning(store, lease, clock, wants_free=restore)
        self._desk = LoginDesk(
            store,
            core.codec,
            telegram,
            Adoption(core, self.audit, most=most_accounts),
            clock,
            seconds=login_seconds,
            request_seconds=connect_seconds,
        )
        self._upkeep = Upkeep(core, every=checkpoint_seconds)
        self._handover = Handover(core, self._desk, self._upkeep, lease)
        self._idle = Idle(core, self._upkeep, limits or Limits())
        self.records = records_of(core, self._idle, self.get_user_client, self.audit.note, records)
        core.supervision = Supervision(core)
        self.health = core.health = Health(core, self._idle.close, every=health_seconds, patience=connect_seconds)
        self.portable = Portable(core, bot_id=bot_id, sessions_dir=sessions_dir, api_id=telegram.credentials.api_id)
        self.housework = Housework(core, self._desk, self.portable.backup, housework or HouseworkSettings())
        self._reports = Reports(core, self._desk, bot_id=bot_id, sessions_dir=sessions_dir)
        self._erasers = {"records": self._erase_records, "audit": self.audit.erase}
        self._credentials: dict[str, Credentials] = {}
        self._lease = lease
        self._restored = asyncio.Event()
        self._store = store
        self._owns_store = owns_store
        self._restores = restore
        self._first_use = asyncio.Lock()
        self._phase = "starting"

    async def _erase_records(self, person: str) -> int:
        return await self.records.erase(user_id_from_key(person))

    def _owning(self, store: Store, lease: Lease, clock: Clock, *, wants_free: bool) -> Ownership:
        return Ownership(
            store,
            lease,
            clock,
            gained=self._gained,
            lost=self._lost,
            adopted=self._adopted,
            give=lambda claims, to: self._handover.give(claims, to),
            wants_free=wants_free,
        )

    # Sessions -----------------------------------------------------------------------------------------------------

    async def create_user_session(
        self, user_id: UserId, api_id: int | None = None, api_hash: str | None = None
    ) -> bool:
        """Make sure that a session works; nothing happens when it does already.

        Args:
            api_id, api_hash: another application than the operator's, for this user's next login.

        Returns:
            True when a valid stored session exists and is connected. False otherwise: ``get_session_info`` says why.
        """
        user = user_key(user_id)
        if api_id is not None and api_hash:
            self._credentials[user] = Credentials(api_id, api_hash)
        if self._pool.peek(user) is not None:
            return True
        try:
            await self._ready()
            await self._pool.get(user)
        except BybotError as error:
            log.info("There is no working session of %s: %s", user, error.code)
            return False
        return True

    async def get_user_client(self, user_id: UserId) -> TelegramClient | None:
        """The connected client of a user's session; None when there is no session.

        Raises:
            SessionRevoked: Telegram ended the login.
            OwnedElsewhere: another process holds it.
            StoreUnavailable, TelegramUnreachable, VaultError, CorruptDocument: try again, or see the message.
        """
        user = user_key(user_id)
        await self._ready()
        try:
            return await self._pool.get(user)
        except NoSession:
            return None

    @asynccontextmanager
    async def use(self, user_id: UserId) -> AsyncIterator[TelegramClient]:
        """A client that counts as in use meanwhile: cleanup leaves it alone.

        Raises:
            NoSession: there is none; and what :meth:`get_user_client` raises.
        """
        user = user_key(user_id)
        client = await self.get_user_client(user_id)
        if client is None:
            raise NoSession("There is no stored session.")
        live = self._pool.require_live(user)
        live.in_use += 1
        try:
            yield client
        finally:
            live.in_use -= 1
            live.last_used = self._clock.elapsed()

    def keep_alive(self, user_id: UserId, *, on: bool = True) -> None:
        """Keep a user's client connected although nobody uses it, or no longer."""
        (self._pool.kept.add if on else self._pool.kept.discard)(user_key(user_id))

    def token(self, user_id: UserId) -> int:
        """The token of this process's claim on a session: it grows at every change of owner.

        Raises:
            Fenced: this process does not own it.
        """
        claims = self._ownership.claims
        claim = None if claims is None else claims.held.get(user_key(user_id))
        if claim is None or not claim.valid:
            raise Fenced("this process does not own the session")
        return claim.token

    async def delete_user_session(self, user_id: UserId, *, reason: str = "deleted") -> Deletion:
        """Log out at Telegram and remove every copy. What did not work is reported, not raised.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process may not act; nothing was done.
        """
        await self._ready()
        return await delete(self._core, self._desk, user_key(user_id), reason=reason)

    async def cleanup_inactive_sessions(self, days: float = 30, dry_run: bool = False) -> Cleanup:
        """Delete sessions that nobody used for that many days; those in use stay.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process may not act.
        """
        await self._ready()
        return await self.housework.clean_up(days, dry_run=dry_run)

    def acting_as(self, caller_id: UserId) -> ActingManager:
        """The same calls with the rights of one caller: their own sessions; admins may all."""
        return ActingManager(self, caller_id, admin=user_key(caller_id) in self._admins, audit=self.audit)

    def as_operator(self) -> ActingManager:
        """The same calls for whoever runs this deployment (its command line and its HTTP API): all of them."""
        return ActingManager(self, "operator", admin=True, audit=self.audit)
