"""A manager's life: starting, waiting for its turn, acting, handing over, losing the right to act, closing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

from bybot.clock import Clock
from bybot.errors import BybotError, Fenced, InvalidTransition, StoreError, StoreUnavailable
from bybot.ids import user_id_from_key
from bybot.sessions.auditlog import Audit
from bybot.sessions.backoff import Backoff
from bybot.sessions.claims import Claims, Taken
from bybot.sessions.clients import HANG_UP_SECONDS
from bybot.sessions.core import COMING_SECONDS, Core
from bybot.sessions.farewells import Farewell
from bybot.sessions.handover import Handover
from bybot.sessions.health import Health
from bybot.sessions.housework import Housework
from bybot.sessions.idle import Idle
from bybot.sessions.lasting import lasting
from bybot.sessions.lease import Lease
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import Holder
from bybot.sessions.ownership import Ownership
from bybot.sessions.pool import Pool
from bybot.sessions.records.service import SessionService
from bybot.sessions.registry import open_registry
from bybot.sessions.restore import connect_claimed, restore
from bybot.sessions.upkeep import Upkeep
from bybot.stores.base import Store

log = logging.getLogger(__name__)


class ManagerLife:
    """The part of :class:`bybot.sessions.manager.UserSessionManager` that starts, acts and ends."""

    audit: Audit
    records: SessionService
    health: Health
    housework: Housework
    _core: Core
    _pool: Pool
    _desk: LoginDesk
    _ownership: Ownership
    _upkeep: Upkeep
    _handover: Handover
    _idle: Idle
    _lease: Lease
    _store: Store
    _clock: Clock
    _restored: asyncio.Event
    _first_use: asyncio.Lock
    _owns_store: bool
    _restores: bool
    _phase: str

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
        loops: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "checkpoints": lambda: self._upkeep.run(claims),
            "closing of idle clients": self._idle.run,
            "records": lambda: self.records.serve(claims.term.instance, lambda: self._ownership.taking),
            "health check": lambda: self.health.run(claims),
        }
        if self._restores:
            loops["housework"] = lambda: self.housework.run(self._restored)
        async with asyncio.TaskGroup() as group:
            for name, work in loops.items():
                group.create_task(lasting(name, work, self._clock), name=name)
            if self._restores:
                group.create_task(self._bring_up(claims), name="restore")
            else:
                self._restored.set()

    async def _bring_up(self, claims: Claims) -> None:
        try:
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
        """What an earlier process left to be done. Through outages, until it is done."""
        backoff, complete, told = Backoff(1.0, 60.0), False, False
        while not complete:
            try:
                if not told:
                    await self._core.supervision.tell_again()
                    told = True
                await self._lease.sweep()
                if self._core.recount:
                    await self._upkeep.write_metadata()
                complete = await self._desk.recover()
            except BybotError as error:
                log.warning("What an earlier process left is put off: %s", error)
            if not complete:
                await self._clock.sleep(backoff.next())

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

    # May it act? -------------------------------------------------------------------------------------------------

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
