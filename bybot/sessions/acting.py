"""The manager's calls with one caller's rights. Bot and web receive only this."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from telethon import TelegramClient

from bybot.errors import Forbidden
from bybot.ids import user_id_from_key, user_key
from bybot.sessions.actingportable import ActingPortable
from bybot.sessions.auditlog import Audit, AuditRecord
from bybot.sessions.devices import Device
from bybot.sessions.forgetting import Forgotten
from bybot.sessions.loginmodel import CodeSent, LoggedIn, PasswordNeeded, PendingLogin, QrShown
from bybot.sessions.model import Cleanup, Deletion
from bybot.sessions.records.acting import ActingService

if TYPE_CHECKING:
    from bybot.sessions.manager import UserSessionManager

UserId = int | str


class ActingManager:
    """See the module. Every call raises Forbidden for somebody else's session unless the caller is an admin."""

    def __init__(self, manager: UserSessionManager, caller_id: UserId, *, admin: bool, audit: Audit) -> None:
        self._manager = manager
        self._caller = user_key(caller_id)
        self._admin = admin
        self._audit = audit

    def _check(self, action: str, user_id: UserId) -> None:
        user = user_key(user_id)
        # A further account of the same person is {person}~{account}.
        if user == self._caller or user.startswith(self._caller + "~"):
            return
        self._audit.note(self._caller, action, user, allowed=self._admin)
        if not self._admin:
            raise Forbidden("That is another person's session.")

    def _check_all(self, action: str, user_id: UserId = "*") -> None:
        user = user_id if user_id == "*" else user_key(user_id)
        self._audit.note(self._caller, action, str(user), allowed=self._admin)
        if not self._admin:
            raise Forbidden("Only administrators may do that.")

    @property
    def records(self) -> ActingService:
        """Records of sessions in use: one's own; all of them for an admin."""
        return self._manager.records.acting_as(user_id_from_key(self._caller), admin=self._admin)

    @property
    def portable(self) -> ActingPortable:
        """What leaves the store and comes into it: for administrators, also for their own sessions."""
        return ActingPortable(self._manager.portable, self._check_all)

    @property
    def is_admin(self) -> bool:
        return self._admin

    async def create_user_session(
        self, user_id: UserId, api_id: int | None = None, api_hash: str | None = None
    ) -> bool:
        self._check("create_user_session", user_id)
        return await self._manager.create_user_session(user_id, api_id, api_hash)

    async def get_user_client(self, user_id: UserId) -> TelegramClient | None:
        self._check("get_user_client", user_id)
        return await self._manager.get_user_client(user_id)

    @asynccontextmanager
    async def use(self, user_id: UserId) -> AsyncIterator[TelegramClient]:
        self._check("use", user_id)
        async with self._manager.use(user_id) as client:
            yield client

    async def keep_session(self, user_id: UserId) -> None:
        """Count a session as used now. See :meth:`bybot.sessions.housework.Housework.keep`."""
        self._check("keep_session", user_id)
        await self._manager.housework.keep(user_key(user_id))

    async def delete_user_session(self, user_id: UserId, *, reason: str = "deleted") -> Deletion:
        self._check("delete_user_session", user_id)
        return await self._manager.delete_user_session(user_id, reason=reason)

    async def forget_person(self, user_id: UserId) -> Forgotten:
        self._check("forget_person", user_id)
        done = await self._manager.forget_person(user_id)
        if user_key(done.user_id) != self._caller:  # who was forgotten stands in no record any more
            self._audit.note(self._caller, "forgot a person", "*", allowed=True)
        return done

    async def get_session_info(self, user_id: UserId) -> dict[str, Any]:
        self._check("get_session_info", user_id)
        return await self._manager.get_session_info(user_id)

    async def list_accounts(self, user_id: UserId) -> list[dict[str, Any]]:
        self._check("list_accounts", user_id)
        return await self._manager.list_accounts(user_id)

    async def force_refresh(self, user_id: UserId) -> dict[str, Any]:
        self._check("force_refresh", user_id)
        return await self._manager.force_refresh(user_id)

    async def list_user_devices(self, user_id: UserId) -> list[Device]:
        self._check("list_user_devices", user_id)
        return await self._manager.list_user_devices(user_id)

    async def kick_user_device(self, user_id: UserId, device_id: int) -> bool:
        self._check("kick_user_device", user_id)
        return await self._manager.kick_user_device(user_id, device_id)

    async def begin_login(self, user_id: UserId, phone: str) -> CodeSent:
        self._check("begin_login", user_id)
        return await self._manager.begin_login(user_id, phone)

    async def resend_code(self, user_id: UserId) -> CodeSent:
        self._check("resend_code", user_id)
        return await self._manager.resend_code(user_id)

    async def submit_code(self, user_id: UserId, code: str) -> LoggedIn | PasswordNeeded:
        self._check("submit_code", user_id)
        return await self._manager.submit_code(user_id, code)

    async def submit_password(self, user_id: UserId, password: str) -> LoggedIn:
        self._check("submit_password", user_id)
        return await self._manager.submit_password(user_id, password)

    async def begin_qr(self, user_id: UserId) -> QrShown:
        self._check("begin_qr", user_id)
        return await self._manager.begin_qr(user_id)

    async def wait_qr(self, user_id: UserId, timeout: float = 30.0) -> LoggedIn | PasswordNeeded | QrShown:
        self._check("wait_qr", user_id)
        return await self._manager.wait_qr(user_id, timeout)

    async def cancel_login(self, user_id: UserId) -> bool:
        self._check("cancel_login", user_id)
        return await self._manager.cancel_login(user_id)

    async def pending_login(self, user_id: UserId) -> PendingLogin | None:
        self._check("pending_login", user_id)
        return await self._manager.pending_login(user_id)

    async def list_sessions(self) -> list[dict[str, Any]]:
        """One's own sessions; all of them for an admin."""
        sessions = await self._manager.list_sessions()
        if self._admin:
            self._audit.note(self._caller, "list_sessions", "*", allowed=True)
            return sessions
        return [each for each in sessions if self._is_own(user_key(each["user_id"]))]

    def _is_own(self, user: str) -> bool:
        return user == self._caller or user.startswith(self._caller + "~")

    async def get_session_stats(self) -> dict[str, Any]:
        """All numbers for an admin; else those of one's own sessions, without the operator's facts."""
        if self._admin:
            return await self._manager.get_session_stats()
        own = await self.list_sessions()
        stats = await self._manager.get_session_stats()
        return {
            "total_sessions": len(own),
            "active_sessions": sum(each["status"] == "active" for each in own),
            "bot_sessions": sum(each["is_bot"] for each in own),
            "user_sessions": sum(not each["is_bot"] for each in own),
            "connected_sessions": sum(each["connected"] for each in own),
            "sessions_dir": "",
            "bot_id": stats["bot_id"],
            "storage": stats["storage"],
            "encrypted": stats["encrypted"],
            "state": stats["state"],
        }

    async def cleanup_inactive_sessions(self, days: float = 30, dry_run: bool = False) -> Cleanup:
        self._check_all("cleanup_inactive_sessions")
        return await self._manager.cleanup_inactive_sessions(days, dry_run)

    async def list_audit(
        self, *, limit: int = 100, user_id: UserId | None = None, allowed: bool | None = None
    ) -> list[AuditRecord]:
        """The newest audit records, newest first. See :meth:`bybot.sessions.auditlog.Audit.list`."""
        self._check_all("list_audit")
        person = None if user_id is None else user_key(user_id)
        return await self._manager.audit.list(limit=limit, person=person, allowed=allowed)

    async def health_check(self) -> dict[str, Any]:
        self._check_all("health_check")
        return await self._manager.health_check()

    async def close_all_sessions(self, timeout: float = 20.0) -> None:
        self._check_all("close_all_sessions")
        await self._manager.close_all_sessions(timeout)
