"""Who holds the sessions: found through the store, asked, waited for, and followed when they move."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from bybot.clock import Clock
from bybot.commands.remote import There
from bybot.config import Settings
from bybot.errors import BybotError, OwnedElsewhere, OwnerUnreachable
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import Holder
from bybot.web.auth import operator_token
from bybot.web.operations import Facts

_LOOK_AGAIN: Final = 0.5
#: Seconds in which sessions that are given away have a new holder.
_FOLLOW_SECONDS: Final = 10.0

Say = Callable[[str], None]


class Following:
    """Operations by the holder, also when that gives the sessions to another process meanwhile, as at a deploy.

    Args:
        there: the holder of now; ended with this.
    """

    def __init__(self, there: There, finder: Finder) -> None:
        self._there = there
        self._finder = finder

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._there.close()

    async def call(self, name: str, /, **arguments: Any) -> Facts:
        """See :class:`bybot.web.operations.Operator`."""
        try:
            return await self._there.call(name, **arguments)
        except OwnedElsewhere:  # it did nothing
            moved = await self._finder.follow()
            if moved is None:
                raise
        await self._there.close()
        self._there = moved
        return await moved.call(name, **arguments)


class Finder:
    """Looks for the holder.

    Args:
        manager: knows the store; contends only in :meth:`take`.
        say: told in a sentence what is being waited for.
    """

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

    async def follow(self) -> There | None:
        """The holder, once there is one that answers; None: not within a few seconds."""
        began = self._clock.elapsed()
        while self._clock.elapsed() - began < _FOLLOW_SECONDS:
            there = await self.ask_holder()
            if there is not None:
                return there
            await self._clock.sleep(_LOOK_AGAIN)
        return None

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
            await there.close()
            raise
        await there.close()
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
