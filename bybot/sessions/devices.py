"""The account's own list of devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telethon import TelegramClient, errors
from telethon.tl import functions

from bybot.errors import FreshLogin


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
    """All authorizations of the account."""
    answer = await client(functions.account.GetAuthorizationsRequest())
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
    """
    try:
        return bool(await client(functions.account.ResetAuthorizationRequest(device_id)))
    except errors.FreshResetAuthorisationForbiddenError as error:
        raise FreshLogin("A login younger than 24 hours cannot end others.") from error
    except errors.HashInvalidError:
        return False
