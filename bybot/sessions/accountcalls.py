"""The manager's calls about a person's accounts: which there are, where they are logged in, and forgetting all."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from telethon import TelegramClient

from bybot.errors import BybotError
from bybot.ids import person_of, user_key
from bybot.sessions.core import Core
from bybot.sessions.devices import Device, kick, list_devices
from bybot.sessions.forgetting import Eraser, Forgotten, forget
from bybot.sessions.login import LoginDesk
from bybot.sessions.portable import Portable
from bybot.sessions.reports import Reports
from bybot.sessions.telegram import Credentials

UserId = int | str


class AccountCalls:
    """A part of :class:`bybot.sessions.manager.UserSessionManager`."""

    _core: Core
    _desk: LoginDesk
    _reports: Reports
    _credentials: dict[str, Credentials]
    portable: Portable
    #: What else is erased about a person, by name.
    _erasers: dict[str, Eraser]

    async def _ready(self) -> None:
        """Raises unless this process may act; the manager says how."""

    def use(self, user_id: UserId) -> AbstractAsyncContextManager[TelegramClient]:
        raise AssertionError("the manager has it")

    async def list_accounts(self, user_id: UserId) -> list[dict[str, Any]]:
        """The accounts of one person, the first one first, as ``list_sessions`` tells them.

        ``user_id`` of an entry is what every other call takes to mean this account. Raises StoreUnavailable.
        """
        return await self._reports.accounts(person_of(user_key(user_id)))

    async def forget_person(self, user_id: UserId) -> Forgotten:
        """Log every account of a person out, and erase what is kept about them. What did not work is reported.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process may not act; nothing was done.
        """
        await self._ready()
        person = person_of(user_key(user_id))
        for user in [user for user in self._credentials if person_of(user) == person]:
            del self._credentials[user]
        done = await forget(self._core, self._desk, person, self._erasers)
        try:
            return replace(done, backups=len(await self.portable.list_backups()))
        except BybotError as error:
            return replace(done, failures=(*done.failures, f"backups: {error.message}"))

    async def list_user_devices(self, user_id: UserId) -> list[Device]:
        """The account's authorizations at Telegram. Raises what ``use`` raises."""
        async with self.use(user_id) as client:
            return await list_devices(client)

    async def kick_user_device(self, user_id: UserId, device_id: int) -> bool:
        """End one of them; False when there is none. Raises FreshLogin for a login younger than a day."""
        async with self.use(user_id) as client:
            return await kick(client, device_id)
