"""Ending a session for good: at Telegram, here, and in the store."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from telethon import TelegramClient, errors
from telethon.tl import functions

from bybot.errors import BybotError, NoSession, OwnedElsewhere, SessionRevoked, StoreError, TelegramUnreachable
from bybot.ids import user_id_from_key
from bybot.sessions.clients import connect, hang_up
from bybot.sessions.core import Core
from bybot.sessions.failures import definitive
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import Deletion, SessionRecord, SessionState, session_key
from bybot.sessions.pool import Opening
from bybot.stores.base import SERVER_TIME

log = logging.getLogger(__name__)

_LOG_OUT_SECONDS = 10.0


async def delete(core: Core, desk: LoginDesk, user: str, *, reason: str) -> Deletion:
    """See :meth:`UserSessionManager.delete_user_session`."""
    core.require()
    removed: list[str] = []
    failures: list[str] = []
    try:
        if await desk.cancel(user):
            removed.append("login")
    except StoreError as error:
        failures.append(f"The pending login was not removed: {error}")
    async with core.pool.locks(user):
        document = await core.store.get(session_key(user))
        record = None if document is None else SessionRecord.of(document)
        existed = record is not None and record.exists
        logged_out = False
        if existed:
            assert record is not None
            logged_out = await _log_out(core, user, record, failures)
        if await core.pool.end(user) is not None:
            removed.append("client")
        noted = record is not None and record.account_id is not None
        if existed or (noted and reason == "forget"):  # of somebody forgotten not even a tombstone tells the account
            assert record is not None
            if await _bury(core, user, record, reason, failures):
                removed.append("session")
    core.supervision.renewed(user)
    core.recount = True
    if existed:
        core.lost.tell(user_id_from_key(user), reason)
        log.info("The session of %s was deleted (%s).", user, reason)
    return Deletion(user_id_from_key(user), existed, logged_out, tuple(removed), tuple(failures))


async def _log_out(core: Core, user: str, record: SessionRecord, failures: list[str]) -> bool:
    live = core.pool.live.get(user)
    if live is not None and live.usable:
        live.ended = True  # what the log-out ends is not opened again
        return await _say_goodbye(live.client, failures)
    if record.state is SessionState.DETACHED:
        failures.append("Not logged out at Telegram: the login is detached, another program may be using it.")
        return False
    if record.state is not SessionState.READY or user in core.revoked:
        return True  # Telegram ended it already
    try:
        opening = await core.load(user)
    except (NoSession, SessionRevoked):
        return True
    except OwnedElsewhere:
        raise  # who has it would speak on, and nobody could log it out any more
    except BybotError as error:
        failures.append(f"Not logged out at Telegram: {error}")
        return False
    return await _log_out_stored(core, opening, failures)


async def _log_out_stored(core: Core, opening: Opening, failures: list[str]) -> bool:
    permit = opening.claim.permit()
    client = core.pool.build(opening, permit)
    try:
        await connect(client, permit, seconds=_LOG_OUT_SECONDS)
        return await _say_goodbye(client, failures)
    except TelegramUnreachable as error:
        failures.append(f"Not logged out at Telegram: {error}")
        return False
    finally:
        await hang_up(client, permit)


async def _say_goodbye(client: TelegramClient, failures: list[str]) -> bool:
    try:
        async with asyncio.timeout(_LOG_OUT_SECONDS):
            await client(functions.auth.LogOutRequest())
    except (errors.RPCError, OSError, TimeoutError, ValueError) as error:
        if definitive(error) is not None:
            return True
        failures.append(f"Not logged out at Telegram: {type(error).__name__}")
        return False
    return True


async def _bury(core: Core, user: str, record: SessionRecord, reason: str, failures: list[str]) -> bool:
    """Leave a tombstone: no secrets, only what keeps the token from starting again."""
    claims = core.require()
    tombstone: dict[str, Any] = {"state": SessionState.DELETED.value, "reason": reason, "deleted_at": SERVER_TIME}
    if reason != "forget" and record.account_id is not None:
        tombstone["account_id"] = record.account_id  # so that the same account is recognised later
    try:
        await claims.lay_down(user, tombstone)
    except BybotError as error:
        failures.append(f"The stored session was not removed: {error}")
        return False
    return True
