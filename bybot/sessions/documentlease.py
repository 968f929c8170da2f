"""A lease in documents: conditional writes, judged by server times or by locks, never by a local clock.

Every start of a process has an instance, see :mod:`bybot.sessions.instances`. ``system/leader`` names the one whose
process acts. A contender takes that document when the named instance is gone, or when it is offered: the holder writes
the newcomer's name with ``offered_by``, and the newcomer's conditional take accepts. ``given_by`` then names who still
gives its sessions away one by one, and serves the chat until it says ``chat_given`` in its own document.

Whatever write ends without an answer counts as unknown: the next try reads anew and writes again on what it read, with
a higher token; a late arrival of the first one then fails its own condition.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreError
from bybot.sessions.instances import Instances, Neighbour, key_of
from bybot.sessions.lease import Giver, LeaseTimes, Watchdog
from bybot.sessions.life import Life, TimedLife
from bybot.sessions.model import LEADER, Holder
from bybot.sessions.offer import Offer
from bybot.sessions.permit import Instant, Term
from bybot.stores.base import SERVER_TIME, Condition, Delete, Document, Patch, Put, Store, Write

log = logging.getLogger(__name__)

#: Seconds between two looks while something is under way: at least and at most.
_QUICKEST: Final = 0.05
_QUICK: Final = 0.3
#: Former leaders that are remembered: what they wrote last may still arrive.
_REMEMBERED: Final = 3


class DocumentLease:
    """See the module.

    Args:
        times: lease, renewal and margin in seconds.
        label: names this process for people (a host name).
        life: how it is judged whether others live; None: by their renewals.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        times: LeaseTimes,
        *,
        label: str = "",
        life: Life | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.holder: Holder | None = None
        self.trouble: StoreError | None = None
        self.address = ""
        self.giver: str | None = None
        self.former: tuple[str, ...] = ()
        self.quick = min(_QUICK, max(_QUICKEST, times.renew_every / 50))
        self._store = store
        self._clock = clock
        self._times = times
        self._label = label
        self._life = life or TimedLife(times)
        self._watchdog = watchdog or Watchdog(enabled=False)
        self._instances = Instances(store, clock, times, self._life, label=label)
        self._asks = False
        self._asked: dict[tuple[str, str], float] = {}  # us and whom we asked, once each, and when

    # Contending ---------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        self._asks = True

    async def contend(self) -> Term:
        while True:
            wait = self._times.renew_every / 4
            try:
                outcome = await self._try()
                self.trouble = None
                if isinstance(outcome, Term):
                    return outcome
                wait = outcome
            except StaleWrite:
                pass
            except StoreError as error:
                self.trouble = error
            await self._pause(wait)

    async def _pause(self, seconds: float) -> None:
        """Until the next look; it comes soon when we are to ask only now."""
        asks, until = self._asks, self._clock.elapsed() + seconds
        while asks == self._asks and (left := until - self._clock.elapsed()) > 0:
            await self._clock.sleep(min(left, self._times.renew_every / 4))

    async def _try(self) -> Term | float:
        """One attempt: the term, or the seconds to wait before the next."""
        instance = await self._instances.ensure(self.address)
        leader = await self._store.get(LEADER)
        named = _text(leader, "instance")
        if leader is not None and named is not None and named != instance:
            other = await self._instances.alive(named)
            if other is not None:
                self.holder = Holder.of(named, leader)
                return await self._wait_for(instance, other)
        return await self._take(instance, leader, named)

    async def _wait_for(self, instance: str, other: Neighbour) -> float:
        """The seconds until the next look at who has it; asks it to give, when we are the later one."""
        wait = min(other.left, self._life.look_every)
        if not (self._asks and await self._ask(instance, other)):
            return wait
        due = self._life.seconds is not None and self._instances.since_renewed >= self._times.renew_every
        if due and await self._instances.check(instance):
            await self._instances.write({})  # whoever is asked looks whether we live
        since = self._clock.elapsed() - self._asked[instance, other.instance]
        return min(wait, self._times.renew_every / 10) if since < 2 * self._times.seconds else wait

    async def _ask(self, instance: str, other: Neighbour) -> bool:
        """Ask once; True when it was asked. Only the later one of two processes asks, so they never take turns."""
        pair = (instance, other.instance)
        born, ours = other.facts.get("born"), self._instances.born
        if pair in self._asked:
            return True
        if other.version is None or not isinstance(born, datetime) or ours is None or born >= ours:
            return False
        if other.facts.get("wanted_by") != instance:
            await self._store.commit([Patch(key_of(other.instance), {"wanted_by": instance}, if_=other.version)])
            log.info("This process asked %s to hand over.", self.holder.label if self.holder else other.instance)
        self._asked[pair] = self._clock.elapsed()
        return True

    async def _take(self, instance: str, leader: Document | None, former: str | None) -> Term:
        giver = _text(leader, "offered_by") or _text(leader, "given_by")
        before = _names(former, giver, *_former(leader), but=instance)
        facts = self._facts(instance, leader) | {"given_by": None if giver == instance else giver, "former": before}
        put = Put(LEADER, facts, if_=Condition.ABSENT if leader is None else leader.version)
        if not await self._instances.check(instance):
            raise StaleWrite("our own instance is over")
        sent = await self._instances.write({}, also=put)
        term = Term(instance, clock=self._clock, seconds=self._life.seconds, sent=sent)
        if not term.alive():  # the answer came too late: ask again
            raise StaleWrite("the claim was acknowledged after its time")
        self.holder = None
        self.giver = None if giver == instance else giver
        self.former = tuple(before)
        self._arm(term)
        if former is not None and former != instance:
            log.info("This process took over from instance %s.", former)
        return term

    def _facts(self, instance: str, leader: Document | None) -> dict[str, Any]:
        token = leader.data.get("token") if leader is not None else 0
        token = (token if isinstance(token, int) else 0) + 1
        facts = {"instance": instance, "label": self._label, "address": self.address}
        return facts | {"token": token, "since": SERVER_TIME}

    async def is_free(self, instance: str) -> bool:
        return await self._instances.gone(instance)

    async def look(self) -> Holder | None:
        leader = await self._store.get(LEADER)
        named = _text(leader, "instance")
        alive = named is not None and await self._instances.seen(named)
        self.holder = Holder.of(named, leader) if named is not None and leader is not None and alive else None
        return self.holder

    async def giving(self) -> Giver:
        try:
            other = None if self.giver is None else await self._instances.alive(self.giver)
        except StaleWrite:
            return Giver.ACTS  # it wrote just now
        if other is None:
            return Giver.GONE
        return Giver.CHAT_GIVEN if other.facts.get("chat_given") is True else Giver.ACTS

    # Keeping ------------------------------------------------------------------------------------------------------

    async def keep(self, term: Term, renewed: asyncio.Event) -> None:
        tasks = [
            asyncio.create_task(self._renew(term, renewed), name="lease renewal"),
            asyncio.create_task(self._lapse(term), name="lease lapse"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            term.revoke()
            self._watchdog.disarm()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._instances.retire()

    async def _lapse(self, term: Term) -> None:
        while term.alive():
            # In pieces: a jump of the wall clock shortens what is left.
            await self._clock.sleep(min(term.left(), self._times.renew_every))

    async def _renew(self, term: Term, renewed: asyncio.Event) -> None:
        renewed.set()
        told = self._clock.elapsed()
        await self._clock.sleep(self._life.look_every)
        while term.alive():
            wait = self._life.look_every
            try:
                if not await self._renew_once(term):
                    log.error("Another process declared this one dead.")
                    return
                self.trouble = None
                if self._clock.elapsed() - told >= self._times.renew_every * 0.9:
                    told = self._clock.elapsed()
                    renewed.set()
            except StaleWrite:
                wait = 0.0
            except StoreError as error:
                wait, self.trouble = min(wait, self._times.renew_every / 4), error
                log.warning("The lease could not be renewed; %.1f s are left.", term.left())
            await self._clock.sleep(wait)

    async def _renew_once(self, term: Term) -> bool:
        """False when the term is over."""
        if self._life.seconds is None:
            return await self._instances.look_at_own(term.instance)
        if not await self._instances.check(term.instance):
            return False
        self._extend(term, await self._instances.write({}))
        return True

    def _extend(self, term: Term, sent: Instant) -> None:
        if term.extend(sent):
            self._arm(term)

    def _arm(self, term: Term) -> None:
        if self._life.seconds is not None:
            # A healthy loop ends the term itself; the rest of the margin stays for the contender.
            self._watchdog.arm(term.left() + self._times.margin / 2)

    # Handing over -------------------------------------------------------------------------------------------------

    async def hand_over(self, term: Term) -> Holder:
        offer = Offer(self._store, self._clock, self._instances, term.instance, seconds=self._times.margin)
        while True:
            await self._instances.wanted.wait()
            self._instances.wanted.clear()
            newcomer = self._instances.wanted_by
            if newcomer is None:
                continue
            holder = await offer.make(newcomer, self._facts, pause=self.quick)
            if holder is not None:
                return holder
            self._instances.ignored.add(newcomer)

    async def give_chat(self, term: Term) -> None:
        while term.alive():
            with suppress(StoreError):
                if await self._instances.check(term.instance):
                    self._extend(term, await self._instances.write({"chat_given": True}))
                return
            await self._clock.sleep(self.quick)

    async def retire(self, term: Term) -> None:
        term.revoke()
        self._watchdog.disarm()
        await self._instances.retire()
        for _ in range(5):
            with suppress(StoreError):
                await self._store.commit([Delete(key_of(term.instance))])
                return
            await self._clock.sleep(self.quick)

    # Releasing ----------------------------------------------------------------------------------------------------

    async def release(self, term: Term) -> None:
        term.revoke()
        self._watchdog.disarm()
        instance = term.instance
        leader = await self._store.get(LEADER)
        writes: list[Write] = [Delete(key_of(instance))]
        if _text(leader, "instance") == instance and leader is not None:
            # The document stays with its token, or the token would start again.
            nobody = {"instance": None, "label": None, "address": None, "former": _names(instance, *self.former)}
            writes.append(Patch(LEADER, nobody, if_=leader.version))
        await self._instances.retire()
        try:
            await self._store.commit(writes)
        except StaleWrite:  # somebody else took it, or was offered it a moment ago
            await self._store.commit(writes[:1])

    async def withdraw(self) -> None:
        instance = self._instances.id
        if instance is not None:
            await self._instances.retire()
            await self._store.commit([Delete(key_of(instance))])

    async def sweep(self) -> int:
        return await self._instances.sweep()


def _former(leader: Document | None) -> list[str]:
    value = leader.data.get("former") if leader is not None else None
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _names(*instances: str | None, but: str | None = None) -> list[str]:
    """The newest of these, each once."""
    return list(dict.fromkeys(each for each in instances if each is not None and each != but))[:_REMEMBERED]


def _text(document: Document | None, name: str) -> str | None:
    value = document.data.get(name) if document is not None else None
    return value if isinstance(value, str) else None
