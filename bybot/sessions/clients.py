"""Connecting a client within a time limit, and ending it without a word."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from telethon import TelegramClient
from telethon.errors.common import AuthKeyNotFound
from telethon.network import MTProtoSender
from telethon.tl import functions, types

from bybot.errors import BybotError, TelegramRefused, TelegramUnreachable
from bybot.sessions.failures import FROZEN, TRANSIENT, LoginOver, definitive, refusal, wait_of
from bybot.sessions.permit import Permit
from bybot.sessions.use import quietly

log = logging.getLogger(__name__)

#: Time limit for ending one client.
HANG_UP_SECONDS: Final = 5.0


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


@dataclass(frozen=True)
class Greeting:
    """What connecting taught beside that the login is valid.

    Attributes:
        behind: the client goes on from a stored update state; what it missed since then is fetched by ``catch_up()``.
        trouble: an answer that concerns the account and not its login, such as a freeze.
    """

    behind: bool
    trouble: BaseException | None = None


async def connect_checked(
    client: TelegramClient, permit: Permit, *, seconds: float, account: int | None = None
) -> Greeting:
    """Connect and make sure that the login is valid.

    Args:
        account: the account that the session belongs to; None: not known.

    Raises:
        LoginOver: a definitive answer, or another account than the session's ("mismatch"). The client is ended.
        TelegramRefused: Telegram does not serve this client, whatever the login. The client is ended.
        TelegramUnreachable: no answer within that many seconds. The client is ended.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _connect(client, account)
    except BaseException as error:
        await hang_up(client, permit)
        translated = _judge(error, seconds)
        if translated is None:
            raise
        raise translated from error


async def _connect(client: TelegramClient, account: int | None) -> Greeting:
    client._catch_up = True  # for the time of connecting: it loads the stored update state
    try:
        await client.connect()
    finally:
        client._catch_up = False  # fetching what was missed waits until somebody listens
    if client._authorized is True:  # there was no update state, so Telethon asked for the account itself
        if account not in (None, account_id(client)):
            raise LoginOver("mismatch")
        return Greeting(behind=False)
    # Telethon did not ask, or took a refusal for "not logged in". What it knows of the account may be from the store.
    trouble: BaseException | None = None
    try:
        me = await check(client, account)
        client._mb_entity_cache.set_self_user(me.id, me.bot, me.access_hash)
    except FROZEN as error:
        trouble = error  # whoever is frozen is logged in
    client._authorized = True
    return Greeting(behind=not client._message_box.is_empty(), trouble=trouble)


def _judge(error: BaseException, seconds: float) -> Exception | None:
    """What a failed connection means; None: nothing that is known here."""
    reason = definitive(error)
    if reason is not None:
        return LoginOver(reason)
    if isinstance(error, AuthKeyNotFound):
        return LoginOver("unknown_key")
    name = refusal(error)
    if name is not None:
        return TelegramRefused(f"Telegram does not serve this client: {name}.", reason=name)
    if isinstance(error, TRANSIENT) and not isinstance(error, BybotError):
        what = type(error).__name__
        message = f"No connection to Telegram within {seconds:g} s ({what})."
        return TelegramUnreachable(message, retry_after=wait_of(error))
    return None


async def check(client: TelegramClient, account: int | None = None) -> types.User:
    """Ask Telegram who is logged in. Raises what Telegram answers, and LoginOver when it is not this account."""
    with quietly():
        users = await client(functions.users.GetUsersRequest([types.InputUserSelf()]))
    if account not in (None, users[0].id):
        raise LoginOver("mismatch")
    return users[0]


async def hang_up(client: TelegramClient, permit: Permit, *, seconds: float = HANG_UP_SECONDS) -> None:
    """Revoke the permit, abort the connections, and take the client's tasks down. Never raises an error of its own.

    Args:
        seconds: how long the client's tasks may take to end; then it is left behind. It cannot speak any more.
    """
    senders = [client._sender, *(sender for _, sender in client._borrowed_senders.values())]
    for sender in senders:
        sender._user_connected = False  # or Telethon reconnects, and swallows the cancellation that should stop it
    permit.revoke()
    if client.session is None:  # logged out: Telethon has taken it down itself
        return
    ending = asyncio.ensure_future(client._disconnect_coro())
    done, _ = await asyncio.wait({ending}, timeout=seconds)
    if not done:
        ending.cancel()
        log.warning("A client did not end within %g s and was left behind.", seconds)
        await asyncio.wait({ending}, timeout=min(1.0, seconds))
    elif not ending.cancelled() and (error := ending.exception()) is not None:
        log.info("A client ended with %s.", type(error).__name__)
    permit.revoke()  # what was opened meanwhile
    for sender in senders:
        _cancel_queued(sender)


def _cancel_queued(sender: MTProtoSender) -> None:
    """Telethon cancels what waits for an answer, but not what was still to be sent: that would wait for ever."""
    queued = sender._send_queue._deque
    while queued:
        queued.popleft().future.cancel()


def account_id(client: TelegramClient) -> int | None:
    """The id of the account that is logged in; None when that is not known."""
    found: Any = client._mb_entity_cache.self_id
    return found if isinstance(found, int) else None
