"""Connecting a client within a time limit, and ending it without a word."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from telethon import TelegramClient
from telethon.errors.common import AuthKeyNotFound
from telethon.tl import functions, types

from bybot.errors import TelegramUnreachable
from bybot.sessions.failures import TRANSIENT, LoginOver, definitive
from bybot.sessions.permit import Permit

log = logging.getLogger(__name__)

_HANG_UP_SECONDS = 5.0


async def connect(client: TelegramClient, permit: Permit, *, seconds: float) -> None:
    """Connect without asking who is logged in.

    Raises:
        TelegramUnreachable: not within that many seconds. The client is ended.
    """
    try:
        async with asyncio.timeout(seconds):
            await client.connect()
    except TRANSIENT as error:
        await hang_up(client, permit)
        raise TelegramUnreachable(
            f"No connection to Telegram within {seconds:g} s ({type(error).__name__})."
        ) from error
    except BaseException:
        await hang_up(client, permit)
        raise


async def connect_checked(
    client: TelegramClient, permit: Permit, *, seconds: float, account: int | None = None
) -> None:
    """Connect and make sure that the login is valid. Telethon asks for the account while it connects.

    Args:
        account: the account that the session belongs to; None: not known.

    Raises:
        LoginOver: a definitive answer, or another account than the session's ("mismatch"). The client is ended.
        TelegramUnreachable: no answer within that many seconds. The client is ended.
    """
    try:
        async with asyncio.timeout(seconds):
            await client.connect()
            if not client._mb_entity_cache.self_id:
                # Telethon takes every refusal for "not logged in"; ask again for the reason.
                await check(client, account)
            elif account not in (None, account_id(client)):
                raise LoginOver("mismatch")
    except LoginOver:
        await hang_up(client, permit)
        raise
    except BaseException as error:
        await hang_up(client, permit)
        reason = definitive(error)
        if reason is not None:
            raise LoginOver(reason) from error
        if isinstance(error, AuthKeyNotFound):
            raise LoginOver("unknown_key") from error
        if isinstance(error, TRANSIENT):
            what = type(error).__name__
            raise TelegramUnreachable(f"No connection to Telegram within {seconds:g} s ({what}).") from error
        raise


async def check(client: TelegramClient, account: int | None = None) -> types.User:
    """Ask Telegram who is logged in. Raises what Telegram answers, and LoginOver when it is not this account."""
    users = await client(functions.users.GetUsersRequest([types.InputUserSelf()]))
    if account not in (None, users[0].id):
        raise LoginOver("mismatch")
    return users[0]


async def hang_up(client: TelegramClient, permit: Permit) -> None:
    """Revoke the permit, abort the connections, and take the client's tasks down. Never raises an error of its own."""
    permit.revoke()
    if client.session is None:  # logged out: Telethon has taken it down itself
        return
    ending = asyncio.ensure_future(client._disconnect_coro())
    done, _ = await asyncio.wait({ending}, timeout=_HANG_UP_SECONDS)
    if not done:
        ending.cancel()
        log.warning("A client did not end within %g s and was left behind.", _HANG_UP_SECONDS)
        await asyncio.wait({ending}, timeout=1)
    elif not ending.cancelled() and (error := ending.exception()) is not None:
        log.info("A client ended with %s.", type(error).__name__)
    permit.revoke()  # what was opened meanwhile


def account_id(client: TelegramClient) -> int | None:
    """The id of the account that is logged in; None when that is not known."""
    found: Any = client._mb_entity_cache.self_id
    return found if isinstance(found, int) else None
