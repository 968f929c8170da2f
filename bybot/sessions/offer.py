"""The holder's side of a handover until somebody else leads: offer, wait for the acceptance, take back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bybot.clock import Clock
from bybot.errors import StaleWrite, StoreError
from bybot.sessions.instances import Instances
from bybot.sessions.model import LEADER, Holder
from bybot.stores.base import Document, Put, Store

log = logging.getLogger(__name__)

Facts = Callable[[str, Document | None], dict[str, Any]]


class Offer:
    """Offers of one instance that leads.

    Args:
        instance: the one that leads.
        seconds: how long an offer stands.
    """

    def __init__(self, store: Store, clock: Clock, instances: Instances, instance: str, *, seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._instances = instances
        self._instance = instance
        self._seconds = seconds

    async def make(self, newcomer: str, mine: Facts, *, pause: float) -> Holder | None:
        """Offer the lead to an instance that asked for it.

        Args:
            mine: the leader's document with us as the one that leads.
            pause: seconds between two looks at whether it was accepted.

        Returns:
            who leads now: the newcomer, or whoever took over from it. None: we lead on, and nothing of the offer can
            take effect any more.
        """
        offered = False  # an offer was written, or perhaps written
        until = self._clock.elapsed() + self._seconds
        while True:
            with suppress(StaleWrite, StoreError):  # unknown, or not ours any more: what the next read shows decides
                leader = await self._store.get(LEADER)
                named = leader.data.get("instance") if leader is not None else None
                pending = leader is not None and leader.data.get("offered_by") == self._instance
                if leader is None or not (pending or named == self._instance):
                    return self._leads(named, leader)
                if self._clock.elapsed() >= until:
                    if offered:
                        # Also when it is not to be seen: this write defeats an offer that is still on its way.
                        kept = {"since": leader.data.get("since"), "former": leader.data.get("former")}
                        facts = mine(self._instance, leader) | kept
                        await self._store.commit([Put(LEADER, facts, if_=leader.version)])
                    log.info("The process that wanted to take over did not; this one goes on.")
                    return None
                if not pending:
                    offering = await self._offering(newcomer, leader)
                    if offering is None:
                        until = self._clock.elapsed()
                        continue
                    offered = True
                    await self._store.commit([Put(LEADER, offering, if_=leader.version)])
                    until = self._clock.elapsed() + self._seconds
            await self._clock.sleep(pause)

    async def _offering(self, newcomer: str, leader: Document) -> dict[str, Any] | None:
        other = await self._instances.alive(newcomer)
        if other is None:
            return None
        label, address = other.facts.get("label"), other.facts.get("address")
        facts = {"instance": newcomer, "label": label, "address": address, "offered_by": self._instance}
        kept = {"since": leader.data.get("since"), "former": leader.data.get("former")}
        return facts | kept | {"token": leader.data.get("token", 0) + 1}

    def _leads(self, named: Any, leader: Document | None) -> Holder | None:
        if not isinstance(named, str) or leader is None:
            # Whoever accepted has ended already. Nobody leads, so nobody is to be given anything: contend anew.
            return Holder("", "nobody", None)
        return Holder.of(named, leader)
