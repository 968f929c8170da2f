"""What every part of the manager shares: reading and claiming, keeping what Telegram said, telling observers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

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
from bybot.sessions.farewells import Farewells
from bybot.sessions.image import Image
from bybot.sessions.model import SessionRecord, SessionState, session_key
from bybot.sessions.ownership import Ownership
from bybot.sessions.pool import Live, Opening, Pool
from bybot.sessions.rekey import store_new_key
from bybot.sessions.stored import StoredSession
from bybot.stores.base import SERVER_TIME, Document, Store

if TYPE_CHECKING:
    from bybot.sessions.health import Health
    from bybot.sessions.supervision import Supervision

log = logging.getLogger(__name__)

#: Seconds that the user of a session has to land before the session goes, and that a call waits for one that comes.
PARTING_SECONDS: Final = 4.0
COMING_SECONDS: Final = 10.0

Observer = Callable[..., Awaitable[None] | None]


class Observers:
    """Callbacks that run in tasks of their own; a failing one is logged and stops nobody else."""

    def __init__(self, tasks: Tasks) -> None:
        self._callbacks: list[Observer] = []
        self._tasks = tasks

    def add(self, callback: Observer) -> Callable[[], None]:
        """Call back from now on. Returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def tell(self, *args: Any) -> list[asyncio.Task[Any]]:
        """Call all of them. Returns the tasks of the calls."""
        return [self._tasks.spawn(self._call(callback, args), "observer") for callback in list(self._callbacks)]

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
    supervision: Supervision
    health: Health

    def __init__(self, store: Store, codec: Codec, clock: Clock) -> None:
        self.store = store
        self.codec = codec
        self.clock = clock
        self.tasks = Tasks()
        self.readied = Observers(self.tasks)
        self.lost = Observers(self.tasks)
        #: Awaited with a user id before that session is given away, or closed for good.
        self.parting = Farewells(clock, seconds=PARTING_SECONDS)
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
        """Claim and read a session. See :class:`bybot.sessions.pool.Sessions`.

        While another process hands over to us, one that it still has is waited for; so is one that another task of
        this process claimed while we read.
        """
        began = self.clock.elapsed()
        while True:
            try:
                return await self._load(user)
            except OwnedElsewhere:
                coming = self.ownership.taking or self.require().comes(user)
                if not coming or self.clock.elapsed() - began >= COMING_SECONDS:
                    raise
            await self.ownership.pause()

    async def _load(self, user: str) -> Opening:
        claims = self.require()
        document = await self.store.get(session_key(user))
        record = self.record(document)
        self.refuse_ended(record)
        self.supervision.recall(record)
        assert document is not None
        claim = claims.held.get(user)
        if claim is not None and claims.holds(record):
            claim.version = record.version
        else:
            taken = await claims.take([document])
            if not taken:
                raise self._elsewhere(record)
            claim, document = taken[0]
            record = self.record(document)
        opening = await asyncio.to_thread(self._open, record, claim)
        refused = await self.enrol([(claim, opening.session)])
        if refused:
            raise refused[user]
        return opening

    def _elsewhere(self, record: SessionRecord) -> OwnedElsewhere:
        holder, message = self.ownership.holder, "Another process holds this session."
        if holder is None:
            return OwnedElsewhere(message, holder=record.owner or "another process")
        return OwnedElsewhere(message, holder=holder.label, since=holder.since, address=holder.address)

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
        for claim, error in await claims.save_many(updates, rekey=True):
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
        await self.supervision.over(user, claim, reason)

    def saw(self, user: str, live: Live, error: BaseException) -> None:
        """A request of a client was answered with this error."""
        self.supervision.saw(user, live, error)

    def failed(self, user: str, error: BybotError) -> None:
        """A client could not be opened, and why."""
        self.supervision.failed(user, error)

    def doubt(self, user: str) -> None:
        """A client is connected again, but its account did not answer."""
        self.health.suspect(user)

    async def rekeyed(self, claim: Claim, image: Image) -> None:
        """A login goes on under another key. See :func:`bybot.sessions.rekey.store_new_key`."""
        await store_new_key(self, claim, image)

    def ready(self, user: str) -> None:
        """A client is connected, or connected again."""
        self.health.confirmed(user)
        self.supervision.connected(user, self.readied.tell(user_id_from_key(user)))
