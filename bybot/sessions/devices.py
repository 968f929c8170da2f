"""The account's own list of devices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telethon import TelegramClient, errors
from telethon.tl import functions
from telethon.tl.tlobject import TLRequest

from bybot.errors import FreshLogin, TelegramUnreachable

_ASK_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Device:
    """One authorization. ``id`` is 0 for the session that asks."""

    id: int
    current: bool
    device_model: str
    platform: str
    app_name: str
    country: str
    created: datetime
    active: datetime


async def list_devices(client: TelegramClient) -> list[Device]:
    """All authorizations of the account. Raises TelegramUnreachable."""
    answer = await _ask(client, functions.account.GetAuthorizationsRequest())
    return [
        Device(
            id=each.hash,
            current=bool(each.current),
            device_model=each.device_model,
            platform=each.platform,
            app_name=each.app_name,
            country=each.country,
            created=each.date_created,
            active=each.date_active,
        )
        for each in answer.authorizations
    ]


async def kick(client: TelegramClient, device_id: int) -> bool:
    """End one authorization; False when Telegram knows none with that id.

    Raises:
        FreshLogin: this login is younger than a day.
        TelegramUnreachable: no answer in time.
    """
    try:
        return bool(await _ask(client, functions.account.ResetAuthorizationRequest(device_id)))
    except errors.FreshResetAuthorisationForbiddenError as error:
        raise FreshLogin("A login younger than 24 hours cannot end others.") from error
    except errors.HashInvalidError:
        return False


async def _ask(client: TelegramClient, request: TLRequest) -> Any:
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await client(request)
    except (OSError, TimeoutError, ValueError) as error:  # Telethon's "request was unsuccessful" is a ValueError
        raise TelegramUnreachable(f"Telegram did not answer ({type(error).__name__}).") from error
