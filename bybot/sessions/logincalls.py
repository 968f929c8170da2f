"""The manager's calls for logging in. See :mod:`bybot.sessions.login` for the flow itself."""

from __future__ import annotations

from bybot.ids import user_id_from_key, user_key
from bybot.sessions.login import CodeSent, LoggedIn, LoginDesk, PasswordNeeded, PendingLogin, QrShown
from bybot.sessions.telegram import Credentials

UserId = int | str


class LoginCalls:
    """The part of :class:`bybot.sessions.manager.UserSessionManager` that logs people in."""

    _desk: LoginDesk
    _credentials: dict[str, Credentials]

    async def _ready_for_logins(self) -> None:
        """Raises unless this process may act, chat and logins included; the manager says how."""

    async def begin_login(self, user_id: UserId, phone: str) -> CodeSent:
        """Ask Telegram to send a code. A login of this user that goes on already is replaced.

        Raises:
            AlreadyLoggedIn, InvalidPhone, LoginBanned, LoginFlood, TelegramUnreachable, OwnedElsewhere,
            StoreUnavailable.
        """
        user = user_key(user_id)
        await self._ready_for_logins()
        return await self._desk.begin(user, phone, self._credentials.get(user))

    async def resend_code(self, user_id: UserId) -> CodeSent:
        """Send the code again. Raises NoLogin, LoginTimeout, LoginCancelled, LoginFlood, LoginError."""
        await self._ready_for_logins()
        return await self._desk.resend(user_key(user_id))

    async def submit_code(self, user_id: UserId, code: str) -> LoggedIn | PasswordNeeded:
        """Sign in. When it says LoggedIn, the session is stored durably.

        Raises:
            InvalidCode, CodeExpired, NoLogin, LoginTimeout, LoginCancelled, LoginFlood, TelegramUnreachable,
            StoreUnavailable: signed in but not stored yet; it is completed at the next call or start.
        """
        await self._ready_for_logins()
        return await self._desk.submit_code(user_key(user_id), code)

    async def submit_password(self, user_id: UserId, password: str) -> LoggedIn:
        """The password of two-step verification. Raises WrongPassword and what :meth:`submit_code` raises."""
        await self._ready_for_logins()
        return await self._desk.submit_password(user_key(user_id), password)

    async def begin_qr(self, user_id: UserId) -> QrShown:
        """Log in by a QR code on another device. Raises what :meth:`begin_login` raises."""
        user = user_key(user_id)
        await self._ready_for_logins()
        return await self._desk.begin_qr(user, self._credentials.get(user))

    async def wait_qr(self, user_id: UserId, timeout: float = 30.0) -> LoggedIn | PasswordNeeded | QrShown:
        """Wait for the scan, at most that many seconds. QrShown is what to show now; it may have been renewed.

        Raises:
            NoLogin, LoginTimeout, LoginCancelled, and what :meth:`submit_code` raises.
        """
        await self._ready_for_logins()
        return await self._desk.wait_qr(user_key(user_id), timeout)

    async def cancel_login(self, user_id: UserId) -> bool:
        """End a login that goes on; False when there is none."""
        await self._ready_for_logins()
        return await self._desk.cancel(user_key(user_id))

    async def pending_login(self, user_id: UserId) -> PendingLogin | None:
        """Where a login stands, also one that an earlier process began. Raises StoreUnavailable, OwnedElsewhere."""
        user = user_key(user_id)
        return await self._desk.pending(user, user_id_from_key(user))
