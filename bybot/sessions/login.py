"""The one login flow. Front ends only answer it: phone, code, password, or a QR code.

Every attempt belongs to one user, expires, and has a client of its own. Its key, data centre and code hash are stored
sealed before sign-in, so that the end of this process at any moment neither loses nor orphans the login. A newer
attempt of the same user replaces the older one. Signing in answers only after the session is stored.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

from telethon import errors, events
from telethon.password import compute_check
from telethon.tl import functions, types

from bybot.errors import InvalidPhone, LoginCancelled, LoginTimeout, NoLogin
from bybot.sessions import attempt as steps
from bybot.sessions.attempt import Attempt
from bybot.sessions.clients import check
from bybot.sessions.desk import AttemptDesk
from bybot.sessions.loginmodel import (
    CodeSent,
    LoggedIn,
    PasswordNeeded,
    PendingLogin,
    QrShown,
    clean_code,
    clean_phone,
    translate,
    where_sent,
)
from bybot.sessions.model import login_key
from bybot.sessions.permit import Permit
from bybot.sessions.telegram import Credentials
from bybot.stores.base import Delete

__all__ = ["CodeSent", "LoggedIn", "LoginDesk", "PasswordNeeded", "PendingLogin", "QrShown"]

Outcome = LoggedIn | PasswordNeeded | QrShown


class LoginDesk(AttemptDesk):
    """The steps. See :class:`bybot.sessions.desk.AttemptDesk` for the arguments."""

    # Code and password --------------------------------------------------------------------------------------------

    async def begin(self, user: str, phone: str, credentials: Credentials | None = None) -> CodeSent:
        """Ask Telegram to send a code."""
        digits = clean_phone(phone)
        self._host.require()
        await self._host.refuse_second_login(user)
        async with self._locks(user):
            await self._replace(user)
            attempt = await self._new(user, steps.CODE, credentials)
            try:
                attempt.phone = digits
                await self._send_code(attempt)
                await self.keep(attempt)
            except BaseException as error:
                await self._abandon(attempt, "failed")
                if isinstance(error, Exception):
                    raise translate(error) from error
                raise
            self.admit(attempt)
            return attempt.code_sent(self._clock)

    async def resend(self, user: str) -> CodeSent:
        """Send the code again, another way if Telegram has one."""
        async with self._locks(user):
            attempt = await self.resume(user)
            if attempt.phone is None or attempt.step not in (steps.CODE, steps.PASSWORD):
                raise NoLogin("No code was asked for.")
            try:
                await self._resend(attempt)
                attempt.prolong(self._clock, self._seconds)
                await self.keep(attempt)
            except Exception as error:
                raise translate(error) from error
            self.set_timer(attempt)
            return attempt.code_sent(self._clock)

    async def submit_code(self, user: str, code: str) -> LoggedIn | PasswordNeeded:
        """Sign in with the code that the person read."""
        digits = clean_code(code)
        async with self._locks(user):
            attempt = await self.resume(user)
            if attempt.step == steps.SIGNED_IN:
                return await self.finish(attempt, None)
            if attempt.step == steps.PASSWORD:
                return PasswordNeeded(attempt.hint)
            if attempt.phone is None or attempt.code_hash is None:
                raise NoLogin("No code was asked for.")
            request = functions.auth.SignInRequest(attempt.phone, attempt.code_hash, digits)
            if attempt.session.key_id != attempt.stored_key:
                await self.keep(attempt)  # never sign a key in that a restart would lose
            try:
                answer = await self.ask(attempt, request)
            except errors.SessionPasswordNeededError:
                return await self.need_password(attempt)
            except Exception as error:
                return await self._unless_entered(attempt, error)
            if isinstance(answer, types.auth.AuthorizationSignUpRequired):
                raise InvalidPhone("There is no Telegram account with this number.")
            return await self.finish(attempt, answer.user)

    async def submit_password(self, user: str, password: str) -> LoggedIn:
        """The password of two-step verification."""
        async with self._locks(user):
            attempt = await self.resume(user)
            if attempt.step == steps.SIGNED_IN:
                return await self.finish(attempt, None)
            if attempt.step != steps.PASSWORD:
                raise NoLogin("No password is asked for.")
            try:
                known = await self.ask(attempt, functions.account.GetPasswordRequest())
                # 100,000 rounds of PBKDF2: not on the loop.
                proof = await asyncio.to_thread(compute_check, known, password)
                answer = await self.ask(attempt, functions.auth.CheckPasswordRequest(proof))
            except Exception as error:
                return await self._unless_entered(attempt, error)
            return await self.finish(attempt, answer.user)

    async def _unless_entered(self, attempt: Attempt, error: Exception) -> LoggedIn:
        """A refusal may be the answer to a repeat: the first try went through, and its answer was lost."""
        me = None
        if isinstance(error, errors.RPCError) and not isinstance(error, errors.FloodError):
            with suppress(errors.RPCError, OSError, TimeoutError):
                async with asyncio.timeout(self._request_seconds):
                    me = await check(attempt.client)
        if me is None:
            raise translate(error) from error
        return await self.finish(attempt, me)

    async def cancel(self, user: str, *, reason: str = "cancelled") -> bool:
        """End a user's attempt and remove what was kept of it. False when there was none."""
        async with self._locks(user):
            attempt = self.attempts.get(user)
            stored = await self._store.get(login_key(user))
            if attempt is not None:
                await self._abandon(attempt, reason)
            if stored is not None:
                await self._store.commit([Delete(login_key(user))])
            return attempt is not None or stored is not None

    async def pending(self, user: str, user_id: str) -> PendingLogin | None:
        """Where a user's login stands, also one that an earlier process began."""
        attempt = self.attempts.get(user)
        if attempt is not None:
            return attempt.pending(user_id, self._clock)
        stored = await self._read(user)
        if stored is None or stored.expires <= self._clock.now():
            return None
        # Only to show it: nothing is connected.
        permit = Permit(self._host.require().term, user, 0)
        client = self._endpoint.client(stored.session, permit)
        return stored.revive(client, permit, self._clock).pending(user_id, self._clock)

    async def _send_code(self, attempt: Attempt) -> None:
        app = attempt.credentials or self._endpoint.credentials
        request = functions.auth.SendCodeRequest(attempt.phone, app.api_id, app.api_hash, types.CodeSettings())
        try:
            sent = await self.ask(attempt, request)
        except errors.AuthRestartError:
            sent = await self.ask(attempt, request)
        self._note_sent(attempt, sent)

    async def _resend(self, attempt: Attempt) -> None:
        try:
            sent = await self.ask(attempt, functions.auth.ResendCodeRequest(attempt.phone, attempt.code_hash))
        except (errors.PhoneCodeExpiredError, errors.PhoneCodeEmptyError, errors.SendCodeUnavailableError):
            await self._send_code(attempt)  # that code is dead: a new one
        else:
            self._note_sent(attempt, sent)

    def _note_sent(self, attempt: Attempt, sent: types.auth.SentCode) -> None:
        attempt.step = steps.CODE
        attempt.code_hash = sent.phone_code_hash
        attempt.where = where_sent(sent)
        attempt.length = int(getattr(sent.type, "length", 0) or 0)
        attempt.resend_at = self._clock.elapsed() + (sent.timeout or 0)

    async def need_password(self, attempt: Attempt) -> PasswordNeeded:
        """The code or scan was right; the account has a password."""
        try:
            known = await self.ask(attempt, functions.account.GetPasswordRequest())
            attempt.step, attempt.hint = steps.PASSWORD, known.hint or ""
            await self.keep(attempt)
        except Exception as error:
            raise translate(error) from error
        return PasswordNeeded(attempt.hint)

    # QR -----------------------------------------------------------------------------------------------------------

    async def begin_qr(self, user: str, credentials: Credentials | None = None) -> QrShown:
        """A link for another device that is logged in already."""
        self._host.require()
        await self._host.refuse_second_login(user)
        async with self._locks(user):
            await self._replace(user)
            attempt = await self._new(user, steps.QR, credentials)
            try:
                attempt.client.add_event_handler(_Scanned(attempt), events.Raw(types.UpdateLoginToken))
                shown = await self._export_token(attempt)
                await self.keep(attempt)
            except BaseException as error:
                await self._abandon(attempt, "failed")
                if isinstance(error, Exception):
                    raise translate(error) from error
                raise
            self.admit(attempt)
        assert isinstance(shown, QrShown)
        return shown

    async def wait_qr(self, user: str, timeout: float) -> Outcome:
        """Until the link was scanned, or for that many seconds.

        Returns:
            the link to show now when it was not scanned: the same, or a new one when the old one expired.

        Raises:
            LoginCancelled, LoginTimeout, NoLogin: it is over.
        """
        deadline = self._clock.elapsed() + timeout
        while True:
            async with self._locks(user):
                attempt = await self.resume(user)
                if attempt.step == steps.SIGNED_IN:
                    return await self.finish(attempt, None)
                if attempt.step == steps.PASSWORD:
                    return PasswordNeeded(attempt.hint)
                if attempt.step != steps.QR:
                    raise NoLogin("No QR code is shown.")
                outcome = await self._look_at_qr(attempt)
            if outcome is not None:
                return outcome
            left = deadline - self._clock.elapsed()
            if left <= 0:
                assert attempt.qr is not None
                return attempt.qr
            await self._wait_moved(attempt, left)

    async def _look_at_qr(self, attempt: Attempt) -> Outcome | None:
        """None while there is nothing new; the caller has the lock."""
        shown = attempt.qr
        expired = shown is None or shown.expires_at <= self._clock.now()
        if shown is not None and not expired and not attempt.moved.is_set():
            return None
        attempt.moved.clear()
        try:
            return await self._export_token(attempt)
        except errors.SessionPasswordNeededError:
            return await self.need_password(attempt)
        except Exception as error:
            raise translate(error) from error

    async def _wait_moved(self, attempt: Attempt, seconds: float) -> None:
        if attempt.qr is not None:
            seconds = min(seconds, max(0.1, (attempt.qr.expires_at - self._clock.now()).total_seconds()))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await attempt.moved.wait()
        if attempt.ended in ("cancelled", "replaced"):
            raise LoginCancelled("This login was cancelled.")
        if attempt.ended not in (None, "lease"):
            raise LoginTimeout("The time for this login is over.")

    async def _export_token(self, attempt: Attempt) -> LoggedIn | QrShown:
        app = attempt.credentials or self._endpoint.credentials
        answer = await self.ask(attempt, functions.auth.ExportLoginTokenRequest(app.api_id, app.api_hash, []))
        if isinstance(answer, types.auth.LoginTokenMigrateTo):
            async with asyncio.timeout(self._request_seconds):
                await attempt.client._switch_dc(answer.dc_id)
            await self.keep(attempt)
            answer = await self.ask(attempt, functions.auth.ImportLoginTokenRequest(answer.token))
        if isinstance(answer, types.auth.LoginTokenSuccess):
            return await self.finish(attempt, answer.authorization.user)
        token = base64.urlsafe_b64encode(answer.token).decode("ascii").rstrip("=")
        attempt.qr = QrShown(f"tg://login?token={token}", answer.expires)
        return attempt.qr


class _Scanned:
    """Telegram says that somebody scanned the code."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def __call__(self, _update: types.UpdateLoginToken) -> None:
        self._attempt.moved.set()
