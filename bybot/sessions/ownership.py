"""One process's life with its lease: wait, act, lose it, wait again.

:class:`Ownership` runs the lease in one task and tells its owner when the right to act begins and ends. When it ends
every permit is revoked at once, before anything is awaited; what comes back later comes with new permits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import Fenced, OwnedElsewhere, StoreError, StoreUnavailable
from bybot.sessions.claims import Claim, Claims
from bybot.sessions.lease import Lease
from bybot.sessions.model import Holder
from bybot.stores.base import Document, Store

log = logging.getLogger(__name__)

# Reads are billed per document: without an uncertain claim orphans are looked for at every renewal only where that is
# free, else at every 60th.
_BILLED: Final = "firebase"
_RARELY: Final = 60
_DECIDED: Final = 15.0  # seconds

Gained = Callable[[Claims], Coroutine[Any, Any, None]]
Lost = Callable[[Claims], Awaitable[None]]
Adopted = Callable[[Sequence[tuple[Claim, Document]]], Awaitable[None]]


class Ownership:
    """Runs a lease.

    Args:
        gained: awaited (beside the renewals) when the right to act begins; cancelled when it ends.
        lost: awaited when it ended, after every permit was revoked.
        adopted: gets sessions that name this process although it did not know them.
    """

    def __init__(
        self, store: Store, lease: Lease, clock: Clock, *, gained: Gained, lost: Lost, adopted: Adopted
    ) -> None:
        self.claims: Claims | None = None
        self._store = store
        self._lease = lease
        self._clock = clock
        self._gained = gained
        self._lost = lost
        self._adopted = adopted
        self._active = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """May this process act now?"""
        return self.claims is not None and self.claims.term.alive()

    @property
    def holder(self) -> Holder | None:
        """Who has the lease while this process waits."""
        return None if self.active else self._lease.holder

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
        if self.claims is not None and self.claims.term.alive():
            return self.claims
        holder = self._lease.holder
        if holder is not None:
            message = f"Another process ({holder.label}) holds the sessions"
            if holder.since is not None:
                message += f" since {holder.since:%Y-%m-%d %H:%M:%S} UTC"
            raise OwnedElsewhere(message + ".", holder=holder.label, since=holder.since, address=holder.address)
        if self._lease.trouble is not None:
            raise StoreUnavailable("The store does not answer, so this process may not act.") from self._lease.trouble
        raise OwnedElsewhere("This process does not hold the lease yet.", holder="nobody")

    async def wait_active(self) -> None:
        """Until the right to act begins."""
        await self._active.wait()

    async def wait_decided(self) -> None:
        """Until the right to act began, or it is known who has it or why nobody can tell; a few seconds at most."""
        began = self._clock.elapsed()
        while (
            not (self.active or self._lease.holder or self._lease.trouble) and self._clock.elapsed() - began < _DECIDED
        ):
            await self._clock.sleep(0.02)

    def start(self) -> None:
        """Begin to contend, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ownership")

    async def _run(self) -> None:
        while True:
            term = await self._lease.contend()
            claims = self.claims = Claims(self._store, term, self._lease, self._clock)
            renewed = asyncio.Event()
            keeping = asyncio.create_task(self._lease.keep(term, renewed), name="lease")
            serving = asyncio.create_task(self._serve(claims, renewed), name="sessions of the lease")
            self._active.set()
            try:
                await asyncio.wait({keeping})
            finally:
                self._active.clear()
                for task in (keeping, serving):
                    task.cancel()
                results = await asyncio.gather(keeping, serving, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    log.error("The lease ended with an error.", exc_info=result)
            log.warning("The lease ended; no session may speak until it is regained.")
            self.revoke(claims)
            await self._lost(claims)

    @staticmethod
    def revoke(claims: Claims) -> None:
        """End every permit of a term: nothing is sent any more, connections are aborted."""
        claims.term.revoke()
        for claim in list(claims.held.values()):
            claim.revoke()

    async def _serve(self, claims: Claims, renewed: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._gained(claims))
            group.create_task(self._adopt_orphans(claims, renewed))

    async def _adopt_orphans(self, claims: Claims, renewed: asyncio.Event) -> None:
        rounds = 0
        while True:
            await renewed.wait()
            renewed.clear()
            rounds += 1
            if self._store.kind == _BILLED and not claims.uncertain and rounds % _RARELY:
                continue
            try:
                orphans = await claims.orphans()
                taken = {claim.user: claim for claim in await claims.take(orphans)}
            except (StoreError, Fenced) as error:
                log.warning("Sessions without a holder could not be looked for: %s", error)
                continue
            adopted = [(taken[d.key.id], d) for d in orphans if d.key.id in taken]
            if adopted:
                log.info("%d sessions whose claim was uncertain are claimed anew.", len(adopted))
                await self._adopted(adopted)

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
        self._active.clear()
        if claims is not None:
            self.revoke(claims)
