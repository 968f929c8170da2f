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
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from telethon import TelegramClient

from bybot.clock import Clock, SystemClock
from bybot.errors import (
    BybotError,
    Fenced,
    InvalidTransition,
    NoSession,
    StoreError,
    StoreUnavailable,
)
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.accountcalls import AccountCalls
from bybot.sessions.accounts import MOST_ACCOUNTS
from bybot.sessions.acting import ActingManager
from bybot.sessions.adoption import Adoption
from bybot.sessions.auditlog import Audit
from bybot.sessions.claims import Claims, Taken
from bybot.sessions.clients import HANG_UP_SECONDS
from bybot.sessions.codec import Codec
from bybot.sessions.core import COMING_SECONDS, Core
from bybot.sessions.deletion import delete
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.farewells import Farewell
from bybot.sessions.handover import Handover
from bybot.sessions.health import Health
from bybot.sessions.housework import Housework, HouseworkSettings
from bybot.sessions.idle import Idle, Limits
from bybot.sessions.lease import Lease, LeaseTimes
from bybot.sessions.login import LoginDesk
from bybot.sessions.logincalls import LoginCalls
from bybot.sessions.model import Cleanup, Deletion, Holder
from bybot.sessions.ownership import Ownership
from bybot.sessions.pool import Pool
from bybot.sessions.portable import Portable
from bybot.sessions.records.clients import records_of
from bybot.sessions.records.model import RecordSettings
from bybot.sessions.registry import open_registry
from bybot.sessions.reportcalls import ReportCalls
from bybot.sessions.reports import Reports
from bybot.sessions.restore import connect_claimed, restore
from bybot.sessions.supervision import Supervision
from bybot.sessions.telegram import Credentials, TelegramEndpoint
from bybot.sessions.upkeep import Upkeep
from bybot.sessions.vault import Vault
from bybot.stores.base import Store

__all__ = ["ActingManager", "UserSessionManager"]

log = logging.getLogger(__name__)

UserId = int | str


class UserSessionManager(AccountCalls, LoginCalls, ReportCalls):
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
        self._ownership = core.ownership = Ownership(
            store,
            lease,
            clock,
            gained=self._gained,
            lost=self._lost,
            adopted=self._adopted,
            give=lambda claims, to: self._handover.give(claims, to),
            wants_free=restore,
        )
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
        self._erasers = {
            "records": lambda person: self.records.erase(user_id_from_key(person)),
            "audit": self.audit.erase,
        }
        self._credentials: dict[str, Credentials] = {}
        self._lease = lease
        self._restored = asyncio.Event()
        self._store = store
        self._owns_store = owns_store
        self._restores = restore
        self._first_use = asyncio.Lock()
        self._phase = "starting"

    # Life ---------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """starting, waiting (another process acts), taking (it hands over to this one), active, giving (this one hands
        over), draining or stopped."""
        if self._phase != "running":
            return self._phase
        if not self._ownership.active:
            return "waiting"
        if self._ownership.given_to is not None:
            return "giving"
        return "active" if self._ownership.acting else "taking"

    async def start(self) -> None:
        """Check the keys and begin to contend for the right to act; returns without waiting for it.

        Raises:
            WrongKey, KeyMissing: stored data is sealed with another key; nothing was changed.
            StoreUnavailable: the store does not answer.
        """
        if self._phase != "starting":
            raise InvalidTransition(f"the manager is {self.state} already")
        if self._owns_store:
            await self._store.open()
        await self.check_keys()
        await open_registry(self._store, self._core.codec)
        self._phase = "running"
        self._core.tasks.spawn(self.audit.run(), "audit log")
        self._ownership.start()

    async def check_keys(self) -> None:
        """Do the configured keys open what is stored? Raises WrongKey, KeyMissing, StoreUnavailable."""
        await self._upkeep.check_key()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close_all_sessions()

    @property
    def instance(self) -> str | None:
        """The id under which this process may act now; None: it may not."""
        claims = self._ownership.claims
        return claims.term.instance if claims is not None and self._ownership.active else None

    def serves_at(self, address: str) -> None:
        """Tell other processes where the HTTP service of this one answers. Before :meth:`start`."""
        self._lease.address = address

    async def holder(self) -> Holder | None:
        """The other process that may act now, without contending for its right; None: there is none alive.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return await self._lease.look()

    def ask_for_handover(self) -> None:
        """From now on ask an older process to hand over to this one, while this one waits: it is known to be well."""
        self._ownership.ask()

    def on_leaving(self, callback: Farewell) -> Callable[[], None]:
        """``await callback()`` before another process takes over chat and logins: whoever serves the chat stops.

        Callbacks have a few seconds. Returns what ends the calls.
        """
        return self._handover.leaving.add(callback)

    async def wait_active(self) -> None:
        """Until this process may act."""
        await self._ownership.wait_active()

    async def wait_restored(self) -> None:
        """Until every stored session was tried once after this process got the right to act."""
        await self._restored.wait()

    async def _gained(self, claims: Claims) -> None:
        self._core.revoked.clear()  # another process may have logged people in again; the store knows
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._upkeep.run(claims))
                group.create_task(self._idle.run())
                group.create_task(self.records.serve(claims.term.instance))
                group.create_task(self.health.run(claims))
                if not self._restores:
                    self._restored.set()
                    return
                group.create_task(self.housework.run(self._restored))
                started = self._clock.elapsed()
                count = await restore(self._core, claims)
                took = self._clock.elapsed() - started
                log.info("%d sessions restored in %.1f s.", count, took)
                self._restored.set()
                await self._after_restore()
        except* Fenced:
            log.warning("The right to act ended while sessions were restored.")
        except* Exception:
            log.exception("Sessions could not all be restored.")

    async def _after_restore(self) -> None:
        try:
            await self._core.supervision.tell_again()
            await self._desk.recover()
            await self._lease.sweep()
            if self._core.recount:
                await self._upkeep.write_metadata()
        except BybotError as error:
            log.warning("Housekeeping is put off: %s", error)

    async def _adopted(self, owned: Sequence[Taken]) -> None:
        await connect_claimed(self._core, owned)

    async def _lost(self, claims: Claims) -> None:
        self._restored.clear()
        users = list(self._pool.live)
        await asyncio.gather(self._pool.drop_all(), self._desk.drop_all("lease"))
        self.records.forget()
        for user in users:
            self._core.lost.tell(user_id_from_key(user), "lease")

    async def close_all_sessions(self, timeout: float = 20.0) -> None:
        """Stop speaking, write everything, give sessions and lease back. May be called twice.

        Args:
            timeout: seconds for all of it; what could not be written by then stays as it was stored before.
        """
        if self._phase in ("draining", "stopped"):
            return
        self._phase = "draining"
        try:
            async with asyncio.timeout(timeout + 5):
                await self._drain(timeout)
        except TimeoutError:
            log.error("Closing took more than %g s.", timeout)
        except StoreError as error:
            log.warning("The lease could not be released and lapses by itself: %s", error)
        finally:
            await self._ownership.halt()
            await self._core.tasks.end()
            if self._owns_store:
                await self._store.close()
            self._phase = "stopped"

    async def _drain(self, timeout: float) -> None:
        await self._ownership.quiet()
        await asyncio.gather(*(self._core.parting.say(user_id_from_key(user)) for user in list(self._pool.live)))
        claims = self._ownership.claims
        each = min(HANG_UP_SECONDS, timeout / 2)  # a client that does not end holds up no other one
        lives, _ = await asyncio.gather(self._pool.close(seconds=each), self._desk.drop_all("stopped"))
        if claims is not None and claims.term.alive():
            unwritten = await self._upkeep.release_all(claims, lives, seconds=timeout)
            if unwritten:
                log.error("The last changes of %d sessions were not written.", len(unwritten))
        await self.records.close()
        await self.audit.close()
        await self._ownership.stop()

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

    async def _ready(self) -> None:
        """Refuse when this process may not act. A manager with its own store starts at its first use."""
        if self._phase == "starting" and self._owns_store:
            async with self._first_use:
                if self._phase == "starting":
                    await self.start()
                    await self._ownership.wait_decided()
        self._require_running()

    async def _ready_for_logins(self) -> None:
        """:meth:`_ready`; while another process hands over to this one, its logins are waited for."""
        await self._ready()
        await self._ownership.wait_acting(COMING_SECONDS)

    def _require_running(self) -> None:
        if self._phase != "running":
            raise InvalidTransition(f"the manager is {self.state}")
        if not self._ownership.active:
            self._ownership.require()

    @property
    def trouble(self) -> StoreUnavailable | StoreError | None:
        """Why the lease could not be asked or renewed the last time."""
        return self._ownership.trouble
