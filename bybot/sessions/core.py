"""What every part of the manager shares: reading and claiming, keeping what Telegram said, telling observers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import (
    BybotError,
    CorruptDocument,
    Fenced,
    KeyInUse,
    NoSession,
    OwnedElsewhere,
    SessionDetached,
    SessionRevoked,
    StoreUnavailable,
)
from bybot.ids import user_id_from_key
from bybot.sessions.accounts import account_of
from bybot.sessions.claims import Claim, Claims
from bybot.sessions.codec import Codec
from bybot.sessions.failures import explain
from bybot.sessions.model import SessionRecord, SessionState, session_key
from bybot.sessions.ownership import Ownership
from bybot.sessions.pool import Opening, Pool
from bybot.sessions.stored import StoredSession
from bybot.stores.base import SERVER_TIME, Document, Store

log = logging.getLogger(__name__)

Observer = Callable[..., Awaitable[None] | None]
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Observers:
    """Callbacks that run in tasks of their own; a failing one is logged and stops nobody else."""

    def __init__(self, tasks: Tasks) -> None:
        self._callbacks: list[Observer] = []
        self._tasks = tasks

    def add(self, callback: Observer) -> Callable[[], None]:
        """Call back from now on. Returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def tell(self, *args: Any) -> None:
        for callback in list(self._callbacks):
            self._tasks.spawn(self._call(callback, args), "observer")

    @staticmethod
    async def _call(callback: Observer, args: tuple[Any, ...]) -> None:
        try:
            result = callback(*args)
            if inspect.isawaitable(result):
                await result
        except Exception:
            log.exception("An observer of sessions failed.")


class Tasks:
    """Background work with one owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Background work of sessions failed.", exc_info=error)

    async def end(self) -> None:
        """Cancel and await everything but the caller."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Core:
    """The pool's and the login's view of the stored sessions."""

    ownership: Ownership
    pool: Pool

    def __init__(self, store: Store, codec: Codec, clock: Clock) -> None:
        self.store = store
        self.codec = codec
        self.clock = clock
        self.tasks = Tasks()
        self.readied = Observers(self.tasks)
        self.lost = Observers(self.tasks)
        #: Logins that are known to be over although the store may not say so yet: the reason.
        self.revoked: dict[str, str] = {}
        #: True when the counts in the metadata document are out of date.
        self.recount = True

    # For the pool -------------------------------------------------------------------------------------------------

    def require(self) -> Claims:
        """The present claims. Raises OwnedElsewhere or StoreUnavailable."""
        return self.ownership.require()

    async def read(self, user: str) -> SessionRecord:
        """A user's record.

        Raises:
            NoSession: none, or a tombstone.
            CorruptDocument: unreadable, or of an unknown state.
        """
        document = await self.store.get(session_key(user))
        return self.record(document)

    @staticmethod
    def record(document: Document | None) -> SessionRecord:
        """See :meth:`read`."""
        record = None if document is None else SessionRecord.of(document)
        if record is None or not record.exists:
            raise NoSession("There is no stored session.")
        if record.state is None:
            raise CorruptDocument("The stored session has an unknown state.")
        return record

    def refuse_ended(self, record: SessionRecord) -> None:
        """Raises SessionRevoked when the login is over, SessionDetached when it may not connect."""
        if record.state is SessionState.DETACHED:
            why = record.reason or "detached"
            raise SessionDetached("The stored login is detached.", reason=why, since=record.since)
        reason = self.revoked.get(record.user)
        if record.state is SessionState.REVOKED:
            reason = record.reason or reason or "revoked"
        if reason is not None:
            raise SessionRevoked(explain(reason), reason=reason, since=record.since)

    async def load(self, user: str) -> Opening:
        """Claim and read a session. See :class:`bybot.sessions.pool.Sessions`."""
        claims = self.require()
        document = await self.store.get(session_key(user))
        record = self.record(document)
        self.refuse_ended(record)
        assert document is not None
        claim = claims.held.get(user)
        ours = record.owner == claims.term.instance
        if claim is not None and claim.valid and ours and record.token == claim.token:
            claim.version = record.version
        else:
            taken = await claims.take([document])
            if not taken:
                raise OwnedElsewhere("Another process holds this session.", holder=record.owner or "another process")
            claim = taken[0]
        opening = await asyncio.to_thread(self._open, record, claim)
        refused = await self.enrol([(claim, opening.session)])
        if refused:
            raise refused[user]
        return opening

    async def enrol(self, opened: Sequence[tuple[Claim, StoredSession]]) -> dict[str, BybotError]:
        """Make sure that the registry knows the keys of sessions that are about to connect.

        Returns:
            Those that may not connect now, and why.
        """
        names = [(claim, self.codec.key_name(session.stored_key)) for claim, session in opened]
        updates = [(claim, {"key_hmac": name}) for claim, name in names if name not in (None, claim.key_name)]
        if not updates:
            return {}
        claims = self.require()
        refused: dict[str, BybotError] = {}
        for claim, error in await claims.save_many(updates):
            if isinstance(error, KeyInUse):
                error = await self._set_aside(claims, claim, error.code)
            refused[claim.user] = error
        return refused

    @staticmethod
    async def _set_aside(claims: Claims, claim: Claim, reason: str) -> BybotError:
        """One key never speaks for two sessions: the second one is kept, and does not connect."""
        log.error("The session of %s is detached: its login is stored for another session too.", claim.user)
        try:
            fields = {"state": SessionState.DETACHED.value, "reason": reason, "since": SERVER_TIME, "owner": None}
            await claims.save(claim, fields)
        except (Fenced, StoreUnavailable) as error:
            return error
        claims.forget(claim)
        return SessionDetached("The same login is stored for another session.", reason=reason)

    def _open(self, record: SessionRecord, claim: Claim) -> Opening:
        credentials = self.codec.open_credentials(record.user, record.api)
        return Opening(claim, self.codec.unpack(record), credentials, stored=0, account=account_of(record))

    async def over(self, user: str, claim: Claim, reason: str) -> None:
        """Telegram ended the login: remember, stop speaking, write it down, tell."""
        self.revoked[user] = reason
        claim.revoke()
        log.warning("The login of %s is over: %s", user, reason)
        fields = {"state": SessionState.REVOKED.value, "reason": reason, "since": SERVER_TIME, "owner": None}
        try:
            await self._write_over(claim, fields)
        except StoreUnavailable:
            self.tasks.spawn(self._write_over_later(claim, fields), f"note the end of {user}")
        self.recount = True
        self.lost.tell(user_id_from_key(user), reason)

    async def _write_over(self, claim: Claim, fields: dict[str, Any]) -> None:
        claims = self.ownership.claims
        if claims is None or claims.term is not claim.term:
            return
        try:
            await claims.save(claim, fields)
        except Fenced:
            log.info("The end of a login was not noted: another process owns it.")
            return
        claims.forget(claim)

    async def _write_over_later(self, claim: Claim, fields: dict[str, Any]) -> None:
        for seconds in _RETRY_SECONDS:
            await self.clock.sleep(seconds)
            try:
                return await self._write_over(claim, fields)
            except StoreUnavailable:
                continue
        return None

    def ready(self, user: str) -> None:
        """A client is connected, or connected again."""
        self.readied.tell(user_id_from_key(user))
