"""Finding who can do what the operator asks: the process that holds the sessions, or, when there is none, this one.

Reading goes to the holder because it knows what is live, and else to the store. Acting goes to the holder; without
one this process contends for the right to act, does what was asked without connecting more than it needs, and gives
the right back.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from bybot.clock import Clock, SystemClock
from bybot.commands.remote import There
from bybot.config import Settings
from bybot.errors import BybotError, OwnerUnreachable, StoreError
from bybot.mirror.pairs import PairBook
from bybot.parts import create_manager, create_store, create_vault
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import Holder
from bybot.stores.base import Store
from bybot.web.auth import operator_token
from bybot.web.operations import Hands, Here, Operator

#: Seconds for giving everything back at the end: whoever presses Ctrl-C waits no longer than five.
_CLOSE_SECONDS: Final = 3.0
_CLOSE_AT_MOST: Final = 4.5
_LOOK_AGAIN: Final = 0.5

Say = Callable[[str], None]


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
    manager.housework.keep_while(_Pairs(store).in_use)
    finder = _Finder(settings, manager, clock, say)
    try:
        await store.open()
        async with contextlib.AsyncExitStack() as stack:
            there = await finder.ask_holder()
            if there is None and acts:
                there = await finder.take(default_wait(settings) if wait is None else wait)
            elif there is None:
                finder.warn()
            yield (
                await stack.enter_async_context(there)
                if there is not None
                else Here(Hands(manager.as_operator(), vault))
            )
    finally:
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
        yield Hands(manager.as_operator(), create_vault(settings))
    finally:
        await manager.close_all_sessions(_CLOSE_SECONDS)
        await store.close()


class _Pairs:
    """What a session is needed for although no bot runs that would say so."""

    def __init__(self, store: Store) -> None:
        self._book = PairBook(store)

    async def in_use(self, user_id: int | str) -> str | None:
        """Why; None: for nothing."""
        return "mirroring" if any(pair.enabled for pair in await self._book.of(user_id)) else None


class _Finder:
    def __init__(self, settings: Settings, manager: UserSessionManager, clock: Clock, say: Say) -> None:
        self._settings = settings
        self._manager = manager
        self._clock = clock
        self._say = say
        self._silent: OwnerUnreachable | None = None

    def warn(self) -> None:
        """Say that the store is read although somebody holds the sessions."""
        if self._silent is not None:
            self._say(f"{self._silent.message} This is what is stored.")

    async def ask_holder(self) -> There | None:
        """The holder, when there is one and it answers as such."""
        holder = await self._manager.holder()
        return None if holder is None else await self._ask(holder)

    async def _ask(self, holder: Holder) -> There | None:
        if not holder.address:
            self._silent = OwnerUnreachable(f"Another process ({holder.label}) holds the sessions{_since(holder)}.")
            return None
        try:
            self._refuse_open_road(holder.address)
            there = There(holder.address, self._token(), label=holder.label)
        except OwnerUnreachable as error:
            self._silent = error
            return None
        try:
            about = await there.about()
            if about.get("instance") == holder.instance:
                return there
            message = f"The process at {holder.address} is not the one that holds the sessions ({holder.label})."
            self._silent = OwnerUnreachable(message, address=holder.address)
        except OwnerUnreachable as error:
            self._silent = error
        except BaseException:
            await there.__aexit__(None, None, None)
            raise
        await there.__aexit__(None, None, None)
        return None

    def _token(self) -> str:
        return operator_token(self._settings.bot_token.get_secret_value(), self._settings.data_space)

    def _refuse_open_road(self, address: str) -> None:
        """The token travels encrypted, or does not leave this machine and its own networks."""
        parts = urlsplit(address)
        if parts.scheme == "https":
            return
        with contextlib.suppress(ValueError):
            host = ipaddress.ip_address("127.0.0.1" if parts.hostname == "localhost" else parts.hostname or "")
            if parts.scheme == "http" and (host.is_loopback or str(host) == self._settings.bind_host):
                return
        raise OwnerUnreachable(
            f"The process that holds the sessions says that it answers at {address}, which is not encrypted.",
            address=address,
        )

    async def take(self, seconds: float) -> There | None:
        """Contend until this process may act (None), or until the holder answers after all.

        Raises:
            OwnerUnreachable: neither, within that many seconds.
        """
        await self._manager.start()
        began = self._clock.elapsed()
        told = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self._manager.wait_active()
                    return None
            there = await self.ask_holder()
            if there is not None:
                return there
            if self._silent is not None and not told:
                self._say(f"{self._silent.message} Waiting up to {seconds:.0f} s for it to let go.")
                told = True
            if self._clock.elapsed() - began > seconds:
                raise self._silent or self._unknown()

    def _unknown(self) -> BybotError:
        trouble = self._manager.trouble
        return trouble if trouble is not None else OwnerUnreachable("The right to act was not granted in time.")


def _since(holder: Holder) -> str:
    return f" since {holder.since:%Y-%m-%d %H:%M:%S} UTC" if holder.since is not None else ""
