"""Logins that come from other programs and go to them. One copy of a login may be in use, so it is detached meanwhile.

*Export* ends the session's client, writes its last state, marks it as detached, and only then hands the login out.
*Import* stores a login detached. *Attach* is the statement that no other copy is in use any more: it connects.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from telethon import TelegramClient

from bybot.errors import (
    AccountMismatch,
    AlreadyLoggedIn,
    KeyInUse,
    PortableError,
    SessionRevoked,
    StaleWrite,
    StoreUnavailable,
    TelegramUnreachable,
)
from bybot.ids import account_in, user_id_from_key
from bybot.sessions import image as images
from bybot.sessions.accounts import account_of
from bybot.sessions.clients import check
from bybot.sessions.core import Core
from bybot.sessions.failures import TRANSIENT, LoginOver
from bybot.sessions.formats import pyrogram, telethon
from bybot.sessions.formats.detect import read
from bybot.sessions.formats.login import Login
from bybot.sessions.formats.pyrogram import Owner
from bybot.sessions.image import Image
from bybot.sessions.model import SessionRecord, SessionState, session_key
from bybot.sessions.stored import MAX_ENTITIES
from bybot.stores.base import DELETE_FIELD, SERVER_TIME, Patch

log = logging.getLogger(__name__)

EXPORTED: Final = "exported"
IMPORTED: Final = "imported"
_CHECK_SECONDS: Final = 20.0


class Form(StrEnum):
    """In which form a login is handed out. Kurigram reads Pyrogram's."""

    TELETHON_FILE = telethon.FILE
    TELETHON_STRING = telethon.STRING
    PYROGRAM_FILE = pyrogram.FILE
    PYROGRAM_STRING = pyrogram.STRING


@dataclass(frozen=True)
class Exported:
    """A login that was handed out. ``data`` is the content of a file, or the characters of a string."""

    user_id: str
    form: Form
    dc_id: int
    account_id: int | None
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Imported:
    """A login that was taken in.

    Attributes:
        form: in which form it came.
        account_id: the Telegram account, where the form or an earlier login tells it.
        state: detached; or ready, when it was stated that no other copy is in use.
        connected: it is connected now.
    """

    user_id: str
    form: str
    dc_id: int
    account_id: int | None
    state: SessionState
    connected: bool = False


@dataclass(frozen=True)
class Attached:
    """A login that may connect from now on. ``reason`` says why it is not connected yet, None when it is."""

    user_id: str
    account_id: int | None
    connected: bool
    reason: str | None = None


# Export -----------------------------------------------------------------------------------------------------------


async def export(core: Core, user: str, form: Form, *, api_id: int) -> Exported:
    """See :meth:`bybot.sessions.portable.Portable.export_session`."""
    core.require()
    await core.parting.say(user_id_from_key(user))
    async with core.pool.locks(user):
        record = await core.read(user)
        if record.state is SessionState.DETACHED:
            image = await asyncio.to_thread(lambda: core.codec.unpack(record).snapshot())
            data = await asyncio.to_thread(_written, core, record, image, form, api_id)
        else:
            core.refuse_ended(record)
            image, data = await _hand_out(core, record, form, api_id)
    log.warning("The login of %s was exported: it is detached here.", user)
    return Exported(user_id_from_key(user), form, image.dc_id, account_of(record), data)


async def _hand_out(core: Core, record: SessionRecord, form: Form, api_id: int) -> tuple[Image, bytes]:
    user = record.user
    live = await core.pool.end(user)
    try:
        if live is not None and live.claim.valid:
            claim, session = live.claim, live.session
        else:
            opening = await core.load(user)
            claim, session = opening.claim, opening.session
        await asyncio.to_thread(session.prepare)
        image, now = session.snapshot(), core.clock.now()
        data = await asyncio.to_thread(_written, core, record, image, form, api_id)
        fields = await asyncio.to_thread(core.codec.pack, user, image, now)
        await core.require().save(claim, fields | _detached(EXPORTED))
    except BaseException:
        core.pool.revive(user)
        raise
    core.require().forget(claim)
    core.recount = True
    core.lost.tell(user_id_from_key(user), EXPORTED)
    return image, data


def _detached(reason: str) -> dict[str, Any]:
    return {"state": SessionState.DETACHED.value, "reason": reason, "since": SERVER_TIME, "owner": None}


def _written(core: Core, record: SessionRecord, image: Image, form: Form, api_id: int) -> bytes:
    now = core.clock.now()
    if form is Form.TELETHON_FILE:
        return images.write(image, now=now)
    if form is Form.TELETHON_STRING:
        return telethon.write_string(image).encode("ascii")
    account = account_of(record)
    if account is None:
        raise PortableError("The account of this session is not known yet, and this form needs it.")
    credentials = core.codec.open_credentials(record.user, record.api)
    owner = Owner(api_id if credentials is None else credentials.api_id, account, record.is_bot)
    if form is Form.PYROGRAM_FILE:
        return pyrogram.write_file(image, owner, now=now)
    return pyrogram.write_string(image, owner).encode("ascii")


# Import -----------------------------------------------------------------------------------------------------------


async def take_in(core: Core, user: str, data: bytes | str, *, replace: bool) -> Imported:
    """See :meth:`bybot.sessions.portable.Portable.import_session`; the login is detached."""
    claims = core.require()
    login = await asyncio.to_thread(read, data)
    async with core.pool.locks(user):
        document = await core.store.get(session_key(user))
        former = None if document is None else SessionRecord.of(document)
        account = _account(user, former, login)
        _refuse_taken(former, replace)
        fields = await asyncio.to_thread(session_fields, core, user, login)
        fields |= _detached(IMPORTED) | ({} if account is None else {"account_id": account})
        version = None if former is None else former.version
        try:
            await claims.lay_down(user, fields, over=lambda now: (None if now is None else now.version) == version)
        except StaleWrite:
            raise AlreadyLoggedIn("Somebody logged in meanwhile.") from None
        except KeyInUse as error:
            step = f"It is the session of {error.user_id}; delete that one first."
            raise KeyInUse(error.message, user_id=error.user_id, next_step=step) from None
    core.supervision.renewed(user)
    core.recount = True
    log.info("A login was imported for %s (%s): it is detached.", user, login.form)
    return Imported(user_id_from_key(user), login.form, login.dc_id, account, SessionState.DETACHED)


def session_fields(core: Core, user: str, login: Login) -> dict[str, Any]:
    """The fields of a session document that carry this login."""
    image = login.image()
    image.entities = image.entities[-MAX_ENTITIES:]
    fields = core.codec.pack(user, image, core.clock.now())
    return fields | {
        "dc_id": login.dc_id,
        "is_bot": login.is_bot is True,
        "created_at": SERVER_TIME,
        "last_used_at": core.clock.now(),
        **({} if login.account_id is None else {"account_id": login.account_id}),
    }


def _account(user: str, former: SessionRecord | None, login: Login) -> int | None:
    """Whose login it is, as far as that is known. A session stays with its account."""
    bound = account_in(user) or (None if former is None or not former.exists else account_of(former))
    if None not in (bound, login.account_id) and bound != login.account_id:
        raise AccountMismatch("This session belongs to another Telegram account.")
    return login.account_id or bound


def _refuse_taken(former: SessionRecord | None, replace: bool) -> None:
    if former is None or former.state in (SessionState.DELETED, SessionState.REVOKED):
        return
    if former.state is SessionState.DETACHED:
        if replace:
            return
        step = "Attach that one, or say that it may be replaced."
        raise AlreadyLoggedIn("There is a detached login already.", next_step=step)
    raise AlreadyLoggedIn("There is a session already.", next_step="Delete it first: that logs it out.")


# Attach -----------------------------------------------------------------------------------------------------------


async def attach(core: Core, user: str) -> Attached:
    """See :meth:`bybot.sessions.portable.Portable.attach`."""
    core.require()
    async with core.pool.locks(user):
        record = await core.read(user)
        if record.state is SessionState.DETACHED:
            free = {"state": SessionState.READY.value, "reason": DELETE_FIELD, "since": DELETE_FIELD}
            await core.store.commit([Patch(session_key(user), free, if_=record.version)])
            core.recount = True
            log.warning("The login of %s is attached: no other copy of it is in use, it was stated.", user)
        else:
            core.refuse_ended(record)
    try:
        account = await _noted_account(core, user, await core.pool.get(user))
    except (TelegramUnreachable, StoreUnavailable) as error:
        core.pool.revive(user)
        return Attached(user_id_from_key(user), account_of(record), False, error.code)
    return Attached(user_id_from_key(user), account, True)


async def _noted_account(core: Core, user: str, client: TelegramClient) -> int:
    """Ask whose login it is, and write it down: from now on the session belongs to that account."""
    live = core.pool.require_live(user)
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            me = await check(client)
    except LoginOver as over:
        raise SessionRevoked("The login is over.", reason=over.reason) from over
    except TRANSIENT as error:
        raise TelegramUnreachable(f"Telegram did not say whose login it is ({type(error).__name__}).") from error
    facts: dict[str, Any] = {"account_id": me.id, "is_bot": bool(me.bot), "last_used_at": core.clock.now()}
    if me.phone:
        facts["phone"] = core.codec.seal_phone(user, me.phone)
    await core.require().save(live.claim, facts)
    live.account = me.id
    return int(me.id)
