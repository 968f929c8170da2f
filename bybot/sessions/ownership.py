"""One process's life with its lease: wait, act, hand over or lose it, wait again.

:class:`Ownership` runs the lease in one task and tells its owner when the right to act begins and ends. When it ends
every permit is revoked at once, before anything is awaited; what comes back later comes with new permits.

When the lease was handed over to us, we may act at once, but what the other process still has comes piece by piece:
first chat and logins, then the last of its sessions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import Fenced, OwnedElsewhere, StoreError, StoreUnavailable
from bybot.sessions.claims import Claims, Taken
from bybot.sessions.lasting import lasting
from bybot.sessions.lease import Giver, Lease
from bybot.sessions.model import Holder
from bybot.sessions.permit import Term
from bybot.stores.base import Store

log = logging.getLogger(__name__)

# Reads are billed per document: without an uncertain claim orphans are looked for at every renewal only where that is
# free, else at the first ones of a term, while late writes of those before us may arrive, and then at every 60th.
_BILLED: Final = "firebase"
_RARELY: Final = 60
_EARLY: Final = 6
_DECIDED: Final = 15.0  # seconds

Gained = Callable[[Claims], Coroutine[Any, Any, None]]
Lost = Callable[[Claims], Awaitable[None]]
Adopted = Callable[[Sequence[Taken]], Awaitable[None]]
Give = Callable[[Claims, Holder], Awaitable[None]]


class Ownership:
    """Runs a lease.

    Args:
        gained: awaited (beside the renewals) when the right to act begins; cancelled when it ends.
        lost: awaited when it ended, after every permit was revoked.
        adopted: gets sessions that were found without a holder.
        give: another process leads now: give it the chat and every session. ``gained`` was cancelled before; renewals
            go on meanwhile. Afterwards the term ends, and this process waits again.
        wants_free: whether sessions that nobody holds are to be looked for.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        clock: Clock,
        *,
        gained: Gained,
        lost: Lost,
        adopted: Adopted,
        give: Give,
        wants_free: bool = True,
    ) -> None:
        self.claims: Claims | None = None
        #: Who leads now, while we give it what we hold.
        self.given_to: Holder | None = None
        #: Nothing new may begin here any more: chat and logins were given.
        self.closed = False
        #: Set by whoever takes all sessions when a term begins: what nobody holds from now on was forgotten.
        self.complete = False
        self._store = store
        self._lease = lease
        self._clock = clock
        self._gained = gained
        self._lost = lost
        self._adopted = adopted
        self._give = give
        self._wants_free = wants_free
        self._acting = asyncio.Event()  # chat and logins are ours
        self._settled = asyncio.Event()  # nobody gives us anything any more
        self._task: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[Any]] = set()  # of the present term, beside its renewals

    # What may be done ---------------------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """May this process act now?"""
        return self.claims is not None and self.claims.term.alive()

    @property
    def acting(self) -> bool:
        """Are chat and logins ours too?"""
        return self.active and self._acting.is_set()

    @property
    def taking(self) -> bool:
        """May this process act, while another one still gives it sessions?"""
        return self.active and not self._settled.is_set()

    @property
    def holder(self) -> Holder | None:
        """Who has the lease while this process waits or gives."""
        return self.given_to if self.active else self._lease.holder

    @property
    def trouble(self) -> StoreError | None:
        """Why the lease could not be asked or renewed the last time; None: it could."""
        return self._lease.trouble

    @property
    def lease_left(self) -> float | None:
        """Seconds until the lease lapses unless it is renewed; None: no lease, or one without an end."""
        if self.claims is None or not self.active:
            return None
        left = self.claims.term.left()
        return None if left == float("inf") else left

    def require(self) -> Claims:
        """The claims of the present term.

        Raises:
            OwnedElsewhere: another process has the lease.
            StoreUnavailable: nobody is known to have it, and the store does not answer.
        """
        if self.claims is not None and self.claims.term.alive() and not self.closed:
            return self.claims
        holder = self.holder
        if holder is not None:
            message = f"Another process ({holder.label}) holds the sessions"
            if holder.since is not None:
                message += f" since {holder.since:%Y-%m-%d %H:%M:%S} UTC"
            raise OwnedElsewhere(message + ".", holder=holder.label, since=holder.since, address=holder.address)
        if self._lease.trouble is not None:
            raise StoreUnavailable("The store does not answer, so this process may not act.") from self._lease.trouble
        raise OwnedElsewhere("This process does not hold the lease yet.", holder="nobody")

    # Waiting ------------------------------------------------------------------------------------------------------

    async def wait_active(self) -> None:
        """Until this process may act, chat and logins included."""
        await self._acting.wait()

    async def wait_acting(self, seconds: float) -> None:
        """While another process hands over to us, wait for chat and logins at most that many seconds.

        Raises:
            OwnedElsewhere, StoreUnavailable: see :meth:`require`; or they were not given in time.
        """
        began = self._clock.elapsed()
        while not self._acting.is_set() and self.given_to is None:  # who gives may still finish what began
            self.require()
            if self._clock.elapsed() - began >= seconds:
                raise OwnedElsewhere("Another process has not handed over yet.", holder="another process")
            await self.pause()
        self.require()

    async def wait_decided(self) -> None:
        """Until the right to act began, or it is known who has it or why nobody can tell; a few seconds at most."""
        began = self._clock.elapsed()
        while (
            not (self.acting or self._lease.holder or self._lease.trouble) and self._clock.elapsed() - began < _DECIDED
        ):
            await self._clock.sleep(0.02)

    async def pause(self) -> None:
        """Between two looks at something that is under way."""
        await self._clock.sleep(self._lease.quick)

    def ask(self) -> None:
        """From now on ask an older process to hand over, while we wait."""
        self._lease.ask()

    # Running ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to contend, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ownership")

    async def _run(self) -> None:
        while True:
            # Whatever fails, the right to act is contended for again: a process that only waits serves nobody.
            await lasting("life with the lease", self._live, self._clock)

    async def _live(self) -> None:
        await self._hold(await self._lease.contend())

    async def _hold(self, term: Term) -> None:
        claims = self.claims = Claims(self._store, term, self._lease, self._clock)
        self.closed = self.complete = False
        if self._lease.giver is None:
            self._acting.set()
            self._settled.set()
        renewed = asyncio.Event()
        keeping = asyncio.create_task(self._lease.keep(term, renewed), name="lease")
        serving = asyncio.create_task(self._serve(claims, renewed), name="sessions of the lease")
        handing = asyncio.create_task(self._hand_over(claims, serving, keeping), name="handover of the lease")
        self._work = {serving, handing}
        try:
            await asyncio.wait({keeping})
        finally:
            self._acting.clear()
            self._settled.clear()
            await _end(keeping, serving, handing)
        log.warning("The lease ended; no session may speak until it is regained.")
        self.revoke(claims)
        await self._lost(claims)
        self.given_to = None

    @staticmethod
    def revoke(claims: Claims) -> None:
        """End every permit of a term: nothing is sent any more, connections are aborted."""
        claims.term.revoke()
        for claim in list(claims.held.values()):
            claim.revoke()

    # Beside the renewals ------------------------------------------------------------------------------------------

    async def _serve(self, claims: Claims, renewed: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle())
            group.create_task(self._gained(claims))
            group.create_task(lasting("search for sessions", partial(self._adopt, claims, renewed), self._clock))

    async def _settle(self) -> None:
        """Wait for what another process still gives us."""
        while not self._settled.is_set():
            try:
                giver = await self._lease.giving()
            except StoreError as error:
                log.warning("How far the handover is cannot be seen: %s", error)
                giver = Giver.ACTS
            if giver is not Giver.ACTS:
                self._acting.set()
            if giver is Giver.GONE:
                self._settled.set()
            else:
                await self.pause()

    async def _adopt(self, claims: Claims, renewed: asyncio.Event) -> None:
        """Take what names us without our knowing, or names nobody."""
        rounds = 0
        while True:
            await renewed.wait()
            renewed.clear()
            rounds += 1
            rare = self._store.kind == _BILLED and not claims.uncertain and rounds > _EARLY
            if rare and rounds % _RARELY:
                continue
            try:
                orphans = await claims.orphans(self._further_owners())
                taken = await claims.take(orphans)
            except (StoreError, Fenced) as error:
                log.warning("Sessions without a holder could not be looked for: %s", error)
                continue
            if taken:
                log.info("%d sessions without a holder are claimed.", len(taken))
                await self._adopted(taken)

    def _further_owners(self) -> list[str | None]:
        if not (self._wants_free and self.complete):
            return []
        known = {self._lease.giver, *self._lease.former}
        return [None, *sorted(owner for owner in known if owner is not None)]

    async def _hand_over(self, claims: Claims, serving: asyncio.Task[None], keeping: asyncio.Task[None]) -> None:
        await self._settled.wait()  # one handover after the other
        holder = self.given_to = await self._lease.hand_over(claims.term)
        log.info("Handing over to %s.", holder.label)
        self._acting.clear()
        await _end(serving)
        try:
            await self._give(claims, holder)
        except Exception:
            log.exception("Not everything could be given; what is left is free once this instance ended.")
        self.revoke(claims)
        await self._lease.retire(claims.term)
        keeping.cancel()

    # Ending -------------------------------------------------------------------------------------------------------

    async def quiet(self) -> None:
        """Begin and give nothing more; the lease is kept. Before everything is released."""
        self._acting.clear()
        work, self._work = self._work, set()
        await _end(*work)

    async def stop(self) -> None:
        """Let go of the lease. The sessions must be released before.

        Raises:
            StoreUnavailable: not acknowledged; it lapses by itself.
        """
        claims = self.claims
        await self.halt()
        if claims is not None:
            await self._lease.release(claims.term)
        await self._lease.withdraw()

    async def halt(self) -> None:
        """End the right to act without a word to the store: the lease lapses by itself. May be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        claims, self.claims = self.claims, None
        self._acting.clear()
        self._settled.clear()
        if claims is not None:
            self.revoke(claims)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel and await; what failed is logged."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("Work of the lease ended with an error.", exc_info=result)
