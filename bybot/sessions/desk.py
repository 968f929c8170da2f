"""All login attempts of this process: building, storing, taking up again, ending, expiring.

The steps themselves stand in :mod:`bybot.sessions.login`.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

from telethon import TelegramClient, errors
from telethon.crypto import AuthKey
from telethon.tl import functions, types
from telethon.tl.tlobject import TLRequest

from bybot.clock import Clock
from bybot.errors import (
    BybotError,
    LoginCancelled,
    LoginError,
    LoginTimeout,
    NoLogin,
    StoreUnavailable,
    TelegramUnreachable,
    VaultError,
)
from bybot.sessions import attempt as steps
from bybot.sessions import image as images
from bybot.sessions.attempt import Attempt, StoredAttempt
from bybot.sessions.backoff import Backoff
from bybot.sessions.claims import Claims
from bybot.sessions.clients import account_id, check, connect, hang_up
from bybot.sessions.codec import Codec
from bybot.sessions.dcswitch import settle_with
from bybot.sessions.image import Image
from bybot.sessions.locks import KeyedLocks
from bybot.sessions.loginmodel import LoggedIn, translate
from bybot.sessions.model import LOGINS, login_key
from bybot.sessions.permit import Permit
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import Credentials, TelegramEndpoint
from bybot.stores.base import Delete, Store

log = logging.getLogger(__name__)

_STORE_TRIES_SECONDS: Final = 20.0


class LoginHost(Protocol):
    """What the login needs from the manager."""

    def require(self) -> Claims:
        """The present claims. Raises OwnedElsewhere, StoreUnavailable."""

    async def refuse_second_login(self, user: str) -> None:
        """Raises AlreadyLoggedIn when a valid session exists, TelegramUnreachable when that is not known."""

    async def adopt(self, attempt: Attempt, me: types.User) -> LoggedIn:
        """Store the session, durably, and own it; sets ``attempt.slot``.

        Raises:
            AccountMismatch, AlreadyLoggedIn, TooManyAccounts: it may not be kept.
            StoreUnavailable, Fenced.
        """

    async def connect_adopted(self, attempt: Attempt) -> None:
        """Bring the stored session's own client up."""


class AttemptDesk:
    """All attempts of this process.

    Args:
        seconds: how long an attempt may take.
        request_seconds: time limit of one request to Telegram.
    """

    def __init__(
        self,
        store: Store,
        codec: Codec,
        endpoint: TelegramEndpoint,
        host: LoginHost,
        clock: Clock,
        *,
        seconds: float = 300.0,
        request_seconds: float = 20.0,
    ) -> None:
        self.attempts: dict[str, Attempt] = {}
        self._store = store
        self._codec = codec
        self._endpoint = endpoint
        self._host = host
        self._clock = clock
        self._seconds = seconds
        self._request_seconds = request_seconds
        self._locks = KeyedLocks()
        self._over: dict[str, str] = {}  # why the last attempt of a user ended
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._permits: weakref.WeakSet[Permit] = weakref.WeakSet()

    # One attempt --------------------------------------------------------------------------------------------------

    async def _new(self, user: str, step: str, credentials: Credentials | None) -> Attempt:
        session = StoredSession()
        client, permit = self._build(user, session, credentials)
        attempt = Attempt(user, step, session, client, permit, self._clock.now(), 0.0, credentials)
        attempt.prolong(self._clock, self._seconds)
        settle_with(client, partial(self._moved, attempt))
        await connect(client, permit, seconds=self._request_seconds)
        return attempt

    def _build(
        self, user: str, session: StoredSession, credentials: Credentials | None
    ) -> tuple[TelegramClient, Permit]:
        permit = Permit(self._host.require().term, user, 0)
        self._permits.add(permit)
        return self._endpoint.client(session, permit, credentials=credentials), permit

    def admit(self, attempt: Attempt) -> None:
        """Count an attempt as the user's present one."""
        self.attempts[attempt.user] = attempt
        self._over.pop(attempt.user, None)
        self.set_timer(attempt)

    async def resume(self, user: str) -> Attempt:
        """The user's attempt, connected; one that an earlier process began is taken up from the store.

        Raises:
            NoLogin, LoginTimeout, LoginCancelled, TelegramUnreachable, StoreUnavailable, VaultError.
        """
        attempt = self.attempts.get(user)
        if attempt is not None and attempt.permit.valid and attempt.client.is_connected():
            return attempt
        if attempt is not None:  # its connection ended for good: the same key on a new client
            await hang_up(attempt.client, attempt.permit)
            client, attempt.permit = self._build(user, attempt.session, attempt.credentials)
            settle_with(client, partial(self._moved, attempt))
            attempt.client = client
            await connect(attempt.client, attempt.permit, seconds=self._request_seconds)
            return attempt
        self._host.require()
        stored = await self._read(user)
        if stored is None:
            raise self._gone(user)
        attempt = await self._take_up(stored)
        if attempt.step != steps.SIGNED_IN and attempt.left(self._clock) <= 0:
            await self._abandon(attempt, "expired")
            await self._store.commit([Delete(login_key(user))])
            raise LoginTimeout("The time for this login is over.")
        self.admit(attempt)
        return attempt

    def _gone(self, user: str) -> BybotError:
        reason = self._over.pop(user, None)
        if reason == "expired":
            return LoginTimeout("The time for this login is over.")
        if reason in ("cancelled", "replaced"):
            return LoginCancelled("This login was cancelled.")
        return NoLogin("No login is going on.")

    async def _read(self, user: str) -> StoredAttempt | None:
        document = await self._store.get(login_key(user))
        return None if document is None else steps.from_document(document, self._codec)

    async def _take_up(self, stored: StoredAttempt) -> Attempt:
        client, permit = self._build(stored.user, stored.session, stored.credentials)
        attempt = stored.revive(client, permit, self._clock)
        settle_with(client, partial(self._moved, attempt))
        await connect(client, permit, seconds=self._request_seconds)
        if account_id(client) is not None:  # the sign-in before the restart had gone through
            attempt.step = steps.SIGNED_IN
        return attempt

    async def ask(self, attempt: Attempt, request: TLRequest) -> Any:
        """One request within its time limit. Raises what Telethon raises."""
        async with asyncio.timeout(self._request_seconds):
            return await attempt.client(request)

    async def keep(self, attempt: Attempt, image: Image | None = None) -> None:
        """Store the attempt, sealed, and wait for it. Raises StoreUnavailable.

        Args:
            image: its session; None: as it is now.
        """
        image = image or attempt.session.snapshot()
        data = await asyncio.to_thread(images.write, image, now=self._clock.now())
        put = await asyncio.to_thread(steps.to_document, attempt, self._codec, data)
        await self._store.commit([put])
        attempt.stored_key = None if image.auth_key is None else AuthKey(image.auth_key).key_id

    async def _moved(self, attempt: Attempt, image: Image) -> None:
        """Telegram sent the login to another data centre: never sign a key in there that a restart would lose."""
        if attempt.stored_key is not None:
            await self.keep(attempt, image)

    async def finish(self, attempt: Attempt, me: types.User | None) -> LoggedIn:
        """Signed in: store the session, then answer."""
        attempt.step = steps.SIGNED_IN
        try:
            if me is None:
                async with asyncio.timeout(self._request_seconds):
                    me = await check(attempt.client)
            with suppress(errors.RPCError, OSError, TimeoutError):  # the update state can also be fetched later
                async with asyncio.timeout(self._request_seconds):
                    await attempt.client._on_login(me)
        except Exception as error:
            raise translate(error) from error
        attempt.session.process_entities([me])
        attempt.session.authorise()
        done = await self._adopt(attempt, me)
        self._forget(attempt)
        await hang_up(attempt.client, attempt.permit)
        await self._host.connect_adopted(attempt)
        return done

    async def _adopt(self, attempt: Attempt, me: types.User) -> LoggedIn:
        deadline, backoff = self._clock.elapsed() + _STORE_TRIES_SECONDS, Backoff(0.2, 2.0)
        while True:
            pause = backoff.next()
            try:
                return await self._host.adopt(attempt, me)
            except LoginError:
                await self._turn_away(attempt)
                raise
            except StoreUnavailable:
                # The key is stored with the attempt already; its completion is tried again at the next call or start.
                if self._clock.elapsed() + pause > deadline:
                    raise
            await self._clock.sleep(pause)

    async def _turn_away(self, attempt: Attempt) -> None:
        """Signed in, but it may not be kept: log it out at Telegram again, and forget it."""
        await self._abandon(attempt, "refused")
        try:
            await self._store.commit([Delete(login_key(attempt.user))])
        except StoreUnavailable:
            log.info("A refused login stays stored until the next start.")

    # Ending -------------------------------------------------------------------------------------------------------

    def _forget(self, attempt: Attempt) -> None:
        if self.attempts.get(attempt.user) is attempt:
            del self.attempts[attempt.user]
        timer = self._timers.pop(attempt.user, None)
        if timer is not None and timer is not asyncio.current_task():
            timer.cancel()

    async def _abandon(self, attempt: Attempt, reason: str) -> None:
        self._forget(attempt)
        attempt.end(reason)
        self._note_over(attempt.user, reason)
        if attempt.step == steps.SIGNED_IN and reason in ("cancelled", "replaced", "refused"):
            with suppress(errors.RPCError, OSError, TimeoutError):
                await self.ask(attempt, functions.auth.LogOutRequest())
        await hang_up(attempt.client, attempt.permit)

    def _note_over(self, user: str, reason: str) -> None:
        self._over.pop(user, None)
        self._over[user] = reason
        while len(self._over) > 1000:
            del self._over[next(iter(self._over))]

    async def _replace(self, user: str) -> None:
        older = self.attempts.get(user)
        if older is not None:
            await self._abandon(older, "replaced")

    def set_timer(self, attempt: Attempt) -> None:
        former = self._timers.pop(attempt.user, None)
        if former is not None:
            former.cancel()
        self._timers[attempt.user] = asyncio.create_task(self._expire(attempt), name=f"login {attempt.user}")

    async def _expire(self, attempt: Attempt) -> None:
        await self._clock.sleep(attempt.left(self._clock))
        async with self._locks(attempt.user):
            if self.attempts.get(attempt.user) is not attempt or attempt.step == steps.SIGNED_IN:
                return
            await self._abandon(attempt, "expired")
            try:
                await self._store.commit([Delete(login_key(attempt.user))])
            except StoreUnavailable:
                log.info("An expired login stays stored until the next start.")

    async def recover(self) -> bool:
        """Complete logins that were signed in when an earlier process ended; remove expired ones.

        Returns:
            False: Telegram did not answer for one of them; do it again.

        Raises:
            StoreUnavailable, Fenced, OwnedElsewhere: do it again.
        """
        complete = True
        for document in await self._store.query(LOGINS):
            user = document.key.id
            async with self._locks(user):
                if user not in self.attempts:
                    try:
                        await self._recover(user)
                    except (LoginError, VaultError, TelegramUnreachable) as error:
                        complete = complete and not isinstance(error, TelegramUnreachable)
                        log.warning("The unfinished login of %s was left as it is: %s", user, error.code)
        return complete

    async def _recover(self, user: str) -> None:
        stored = await self._read(user)
        if stored is None:
            return
        attempt = await self._take_up(stored)
        try:
            if attempt.step == steps.SIGNED_IN:
                await self.finish(attempt, None)
                log.info("A login that an earlier process had begun was completed.")
            elif attempt.left(self._clock) <= 0:
                self._note_over(user, "expired")
                await self._store.commit([Delete(login_key(user))])
        finally:  # whoever takes the login up later connects with the same key
            await hang_up(attempt.client, attempt.permit)

    async def drop_all(self, reason: str) -> None:
        """End every attempt's client; what is stored stays and can be taken up again."""
        attempts = list(self.attempts.values())
        for permit in list(self._permits):
            permit.revoke()  # those of attempts that are just beginning or ending, too
        for attempt in attempts:
            self._forget(attempt)
            attempt.end(reason)
        await asyncio.gather(*(hang_up(attempt.client, attempt.permit) for attempt in attempts))
        timers = list(self._timers.values())
        self._timers.clear()
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)
