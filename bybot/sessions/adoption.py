"""The end of a login: whose session it becomes, stored durably, with a client of its own."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from telethon.tl import types

from bybot.errors import (
    AccountMismatch,
    AlreadyLoggedIn,
    BybotError,
    CorruptDocument,
    NoSession,
    SessionDetached,
    SessionRevoked,
    StoreUnavailable,
    TelegramUnreachable,
    VaultError,
)
from bybot.ids import is_another, person_of, user_key
from bybot.sessions.accounts import MOST_ACCOUNTS, check_room, records_of, slot_for
from bybot.sessions.attempt import Attempt
from bybot.sessions.claims import Claims
from bybot.sessions.core import Core
from bybot.sessions.loginmodel import LoggedIn
from bybot.sessions.model import SessionRecord, SessionState, login_key, session_key
from bybot.sessions.pool import Opening
from bybot.stores.base import SERVER_TIME, Delete

log = logging.getLogger(__name__)


class AuditLog(Protocol):
    """Where refusals are noted."""

    def note(self, caller: str, action: str, user: str, *, allowed: bool) -> None:
        """Keep it."""


class Adoption:
    """What the login desk asks for. See :class:`bybot.sessions.desk.LoginHost`.

    Args:
        audit: where a refused account is noted.
        most: accounts that one person may have at once.
    """

    def __init__(self, core: Core, audit: AuditLog, *, most: int = MOST_ACCOUNTS) -> None:
        self._core = core
        self._audit = audit
        self._most = most
        core.lost.add(self._note_mismatch)

    def _note_mismatch(self, user_id: str, reason: str) -> None:
        if reason == "mismatch":
            self._audit.note("telegram", "answer as another account", user_key(user_id), allowed=False)

    def require(self) -> Claims:
        return self._core.require()

    async def refuse_second_login(self, user: str) -> None:
        if is_another(user):  # which account it will be is known after signing in
            check_room(await records_of(self._core.store, person_of(user)), self._most)
            return
        try:
            if self._core.pool.peek(user) is None:
                await self._core.pool.get(user)
        except (NoSession, SessionRevoked, SessionDetached, CorruptDocument):
            return
        except VaultError as error:
            # It may be valid: a login over it would end the one that the right key opens.
            raise AlreadyLoggedIn("A stored session exists that cannot be opened now.") from error
        raise AlreadyLoggedIn("There is a valid session already.")

    async def adopt(self, attempt: Attempt, me: types.User) -> LoggedIn:
        core, claims = self._core, self._core.require()
        slot = attempt.slot = await self._slot(attempt, me.id)
        attempt.account = me.id
        former = await core.store.get(session_key(slot))
        before = SessionRecord.of(former) if former is not None else None
        image, now = attempt.session.snapshot(), core.clock.now()
        fields = await asyncio.to_thread(core.codec.pack, slot, image, now)
        fields |= self._facts(attempt, me, before)
        await claims.create(slot, fields, also=[Delete(login_key(attempt.user))])
        core.supervision.renewed(slot)
        core.recount = True
        same = None if before is None or before.account_id is None else before.account_id == me.id
        name = " ".join(part for part in (me.first_name, me.last_name) if part)
        return LoggedIn(me.id, name, me.username, same, slot)

    async def _slot(self, attempt: Attempt, account_id: int) -> str:
        """Where the login belongs. Raises AccountMismatch, TooManyAccounts, AlreadyLoggedIn."""
        try:
            slot = await slot_for(self._core.store, attempt.user, account_id, most=self._most)
        except AccountMismatch:
            self._audit.note(person_of(attempt.user), "log in with another account", attempt.user, allowed=False)
            raise
        if slot != attempt.user:
            await self.refuse_second_login(slot)
        return slot

    def _facts(self, attempt: Attempt, me: types.User, before: SessionRecord | None) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "state": SessionState.READY.value,
            "account_id": me.id,
            "is_bot": bool(me.bot),
            "dc_id": attempt.session.dc_id,
            "created_at": SERVER_TIME,
            "last_used_at": self._core.clock.now(),
        }
        if before is not None and before.created_at is not None and before.account_id == me.id:
            facts["first_created_at"] = before.created_at
        phone = me.phone or attempt.phone
        if phone:
            facts["phone"] = self._core.codec.seal_phone(attempt.slot, phone)
        if attempt.credentials is not None:
            facts["api"] = self._core.codec.seal_credentials(attempt.slot, attempt.credentials)
        return facts

    async def connect_adopted(self, attempt: Attempt) -> None:
        """See :class:`bybot.sessions.desk.LoginHost`. The login's own client has ended before."""
        core, slot = self._core, attempt.slot
        claims = core.ownership.claims
        claim = None if claims is None else claims.held.get(slot)
        if claim is None:
            return
        opening = Opening(claim, attempt.session, attempt.credentials, account=attempt.account)
        try:
            await core.pool.get(slot, opening)
        except (TelegramUnreachable, StoreUnavailable):
            core.pool.revive(slot)  # it is stored; it connects when Telegram answers
        except BybotError as error:
            log.warning("The new session of %s did not connect: %s", slot, error.code)
