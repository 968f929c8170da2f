"""Finding who can do what the operator asks: the process that holds the sessions, or, when there is none, this one.

Reading goes to the holder because it knows what is live, and else to the store. Acting goes to the holder; without
one this process contends for the right to act, does what was asked without connecting more than it needs, and gives
the right back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bybot.clock import SystemClock
from bybot.commands.finding import Finder, Following, Say
from bybot.config import Settings
from bybot.errors import StoreError
from bybot.mirror.exchange.languages import Languages
from bybot.mirror.supervisor import Supervisor
from bybot.parts import create_manager, create_store, create_vault
from bybot.web.operations import Hands, Here, Operator

#: Seconds for giving everything back at the end: whoever presses Ctrl-C waits no longer than five.
_CLOSE_SECONDS: Final = 3.0
_CLOSE_AT_MOST: Final = 4.5


def default_wait(settings: Settings) -> float:
    """Seconds after which the lease of a holder that died has lapsed for sure."""
    return settings.lease_seconds * 2 + 5


@asynccontextmanager
async def reach(
    settings: Settings, *, acts: bool = True, wait: float | None = None, say: Say = lambda text: None
) -> AsyncIterator[Operator]:
    """Whoever can carry out operations.

    Args:
        settings: which store, which bot.
        acts: False: the store may be read when the holder cannot be asked.
        wait: seconds to wait for a holder that does not answer; None: until its lease has lapsed for sure.
        say: told in a sentence what is being waited for.

    Raises:
        StoreUnavailable: the store does not answer.
        OwnerUnreachable: another process holds the sessions, and neither answers nor lets go.
        WrongKey, KeyMissing: the store was sealed with other keys than the configured ones.
    """
    clock = SystemClock()
    store = create_store(settings, clock)
    manager = create_manager(settings, store, clock, restore=False)
    vault = create_vault(settings)
    mirror = Supervisor(manager, store, clock, pace=settings.pace, idle=True)
    manager.housework.keep_while(mirror.in_use)  # although no bot runs that would say so
    finder = Finder(settings, manager, clock, say)
    try:
        await store.open()
        there = await finder.ask_holder()
        if there is None and acts:
            there = await finder.take(default_wait(settings) if wait is None else wait)
        elif there is None:
            finder.warn()
        if there is None:
            yield Here(Hands(manager.as_operator(), vault, mirror, Languages(store)))
            return
        async with Following(there, finder) as operator:
            yield operator
    finally:
        await mirror.stop()
        with contextlib.suppress(TimeoutError, StoreError):
            async with asyncio.timeout(_CLOSE_AT_MOST):
                await manager.close_all_sessions(_CLOSE_SECONDS)
        await store.close()


@asynccontextmanager
async def stored(settings: Settings) -> AsyncIterator[Hands]:
    """The store alone, whoever holds the sessions: for reading.

    Raises:
        StoreUnavailable: it does not answer.
        WrongKey, KeyMissing: it was sealed with other keys than the configured ones.
    """
    clock = SystemClock()
    store = create_store(settings, clock)
    manager = create_manager(settings, store, clock, restore=False)
    try:
        await store.open()
        await manager.check_keys()
        mirror = Supervisor(manager, store, clock, pace=settings.pace, idle=True)
        yield Hands(manager.as_operator(), create_vault(settings), mirror, Languages(store))
    finally:
        await manager.close_all_sessions(_CLOSE_SECONDS)
        await store.close()
