"""Who speaks for a session: claims on session documents, each conditional on the version that was read.

A claim writes the instance as owner and a token one higher. The token grows at every change of owner and survives
release and deletion. A claim whose answer was lost is never relied on: the document is read again and claimed anew
with a higher token, and only the acknowledged one gives a permit.

Whatever is written with another ``key_hmac`` moves the key's entry in the registry in the same commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bybot.clock import Clock
from bybot.errors import (
    BybotError,
    DocumentTooLarge,
    Fenced,
    KeyInUse,
    StaleWrite,
    StoreError,
    StoreUnavailable,
)
from bybot.sessions.lease import Lease
from bybot.sessions.model import SESSIONS, SessionRecord, SessionState, session_key
from bybot.sessions.permit import Permit, Term
from bybot.sessions.registry import entry_writes
from bybot.sessions.traffic import Traffic
from bybot.sessions.updates import Update, chunks, without_earlier_key
from bybot.stores.base import DELETE_FIELD, MAX_WRITES, Committed, Condition, Document, Patch, Put, Store, Where, Write

log = logging.getLogger(__name__)

#: What says whether a session may be claimed, and by whom.
CLAIM_FIELDS: Final = ("state", "owner", "token", "reserved_for")
_TRIES: Final = 4

Over = Callable[[SessionRecord | None], bool]


class Claim:
    """A session that this process owns: its token, the version of its document, and the permit of its one client."""

    __slots__ = ("_permit", "_term", "_void", "key_name", "token", "traffic", "user", "version")

    def __init__(self, user: str, term: Term, token: int, version: str, key_name: str | None = None) -> None:
        self.user = user
        self.token = token
        self.version = version
        #: The name under which the registry knows its key; None: not yet.
        self.key_name = key_name
        #: What went over the connections of its clients.
        self.traffic = Traffic()
        self._term = term
        self._permit: Permit | None = None
        self._void = False

    @property
    def term(self) -> Term:
        """The term it was made in."""
        return self._term

    @property
    def valid(self) -> bool:
        """May a client be built on it?"""
        return not self._void and self._term.alive()

    def permit(self) -> Permit:
        """A new permit for a new client; the one before is revoked, so that there is never a second client.

        Raises:
            Fenced: the claim is over.
        """
        if not self.valid:
            raise Fenced("this process lost the right to speak for this session")
        if self._permit is not None:
            self._permit.revoke()
        self._permit = Permit(self._term, self.user, self.token, self.traffic)
        return self._permit

    def revoke(self) -> None:
        """End the claim and its client's permit for ever."""
        self._void = True
        if self._permit is not None:
            self._permit.revoke()


#: A claim, and the document on which it was made.
Taken = tuple[Claim, Document]


class Claims:
    """All claims of one term.

    Args:
        term: under which permits are given; a new term needs a new object.
        lease: knows which other owners are gone.
    """

    def __init__(self, store: Store, term: Term, lease: Lease, clock: Clock) -> None:
        self.term = term
        self.held: dict[str, Claim] = {}
        #: Sessions of which a claim or release ended without an answer and was not settled since.
        self.uncertain: set[str] = set()
        self._under_way: set[str] = set()  # claims that were not answered yet
        self._store = store
        self._lease = lease
        self._clock = clock

    # Taking -------------------------------------------------------------------------------------------------------

    async def take(self, documents: Sequence[Document]) -> list[Taken]:
        """Claim many, at most MAX_WRITES in one commit. Those that somebody has or changed are left out.

        Returns:
            each claim with the document as it was claimed, which may be newer than the one that was given.

        Raises:
            StoreUnavailable: not acknowledged; nothing of it may be used.
            Fenced: the term is over.
        """
        documents = [document for document in documents if document.key.id not in self._under_way]
        users = {document.key.id for document in documents}
        self._under_way |= users  # a second claim of ours would end the client of the first
        try:
            taken: list[Taken] = []
            free = await self._claimable(documents)
            for start in range(0, len(free), MAX_WRITES):
                taken += await self._take_batch(free[start : start + MAX_WRITES])
            return taken
        finally:
            self._under_way -= users

    async def take_one(self, user: str) -> Taken | None:
        """Claim one by reading it first; None when there is nothing to claim or it is somebody else's."""
        document = await self._store.get(session_key(user))
        if document is None:
            return None
        taken = await self.take([document])
        return taken[0] if taken else None

    async def _claimable(self, documents: Sequence[Document]) -> list[Document]:
        gone: dict[str, bool] = {}
        chosen: list[Document] = []
        for document in documents:
            record = SessionRecord.of(document)
            if record.state is not SessionState.READY or self._knows(record):
                continue
            # Whom it is reserved for may not have claimed it yet; that counts only while nobody owns it.
            other = record.owner or record.reserved_for
            if other is not None and other != self.term.instance and other not in gone:
                gone[other] = await self._lease.is_free(other)
            if other is None or other == self.term.instance or gone[other]:
                chosen.append(document)
        return chosen

    def holds(self, record: SessionRecord) -> bool:
        """Is this session ours by an acknowledged claim? A new one would end the client that works under it."""
        claim = self.held.get(record.user)
        mine = record.owner == self.term.instance
        return mine and claim is not None and claim.valid and claim.token == record.token

    def _knows(self, record: SessionRecord) -> bool:
        """Is it ours by this claim or a later one? Then what was read is outdated, or there is nothing to claim."""
        claim = self.held.get(record.user)
        return claim is not None and claim.valid and claim.token >= record.token

    def comes(self, user: str) -> bool:
        """Did another task of this process claim it, or is it about to?"""
        return user in self.held or user in self._under_way

    async def _take_batch(self, documents: Sequence[Document]) -> list[Taken]:
        try:
            return await self._commit(documents)
        except StaleWrite:
            if len(documents) > 1:
                middle = len(documents) // 2
                return await self._take_batch(documents[:middle]) + await self._take_batch(documents[middle:])
        fresh = await self._store.get(documents[0].key)
        if fresh is None or fresh.version == documents[0].version:
            return []
        again = await self._claimable([fresh])
        try:
            return await self._commit(again)
        except StaleWrite:
            return []  # it moves under our hands: somebody else is at it

    async def _commit(self, documents: Sequence[Document]) -> list[Taken]:
        if not documents:
            return []
        if not self.term.alive():
            raise Fenced("the lease of this process is over")
        records = [SessionRecord.of(document) for document in documents]
        writes: list[Write] = [Patch(session_key(r.user), self._claiming(r), if_=r.version) for r in records]
        try:
            committed = await self._store.commit(writes)
        except (StoreUnavailable, asyncio.CancelledError):
            self.uncertain |= {record.user for record in records}
            raise
        return [
            (self._keep(r.user, r.token + 1, committed.versions[d.key], r.key_hmac), d)
            for d, r in zip(documents, records, strict=True)
        ]

    def _claiming(self, record: SessionRecord) -> dict[str, Any]:
        facts: dict[str, Any] = {"owner": self.term.instance, "token": record.token + 1}
        return facts if record.reserved_for is None else facts | {"reserved_for": DELETE_FIELD}

    def _keep(self, user: str, token: int, version: str, key_name: str | None) -> Claim:
        former = self.held.get(user)
        claim = Claim(user, self.term, token, version, key_name)
        if former is not None and former.token > token:
            claim.revoke()  # the answers came in another order
            return claim
        if former is not None:
            former.revoke()  # the older token is void
        self.held[user] = claim
        self.uncertain.discard(user)
        return claim

    # Writing ------------------------------------------------------------------------------------------------------

    async def lay_down(self, user: str, data: Mapping[str, Any], *, over: Over | None = None, above: int = 0) -> None:
        """Replace a session by what nobody owns: a tombstone, a detached login.

        Args:
            over: says of what stands there, at the last moment, whether it may be replaced; None: anything may.
            above: the new token is above this one and the present one.

        Raises:
            StaleWrite: what stands there may not be replaced.
            KeyInUse, Fenced, StoreUnavailable: see :meth:`create`.
        """
        await self._put(user, {**data, "owner": None}, (), over=over, above=above)
        self.uncertain.discard(user)
        claim = self.held.get(user)
        if claim is not None:
            self.forget(claim)

    async def create(self, user: str, data: Mapping[str, Any], also: Sequence[Write] = ()) -> Claim:
        """Store a new login, over whatever stood there, and own it.

        Args:
            data: all fields but owner and token.
            also: further writes of the same commit.

        Raises:
            Fenced: the term is over, or somebody else writes this document.
            KeyInUse: another session holds the same key.
            StoreUnavailable: not acknowledged.
        """
        token, version = await self._put(user, {**data, "owner": self.term.instance}, also)
        return self._keep(user, token, version, data.get("key_hmac"))

    async def _put(
        self, user: str, data: Mapping[str, Any], also: Sequence[Write], *, over: Over | None = None, above: int = 0
    ) -> tuple[int, str]:
        key = session_key(user)
        for _ in range(_TRIES):
            if not self.term.alive():
                raise Fenced("the lease of this process is over")
            document = await self._store.get(key)
            former = None if document is None else SessionRecord.of(document)
            if over is not None and not over(former):
                raise StaleWrite("something else stands there by now")
            token = max(above, former.token if former is not None else 0) + 1
            put = Put(key, {**data, "token": token}, if_=Condition.ABSENT if document is None else document.version)
            was = None if former is None else former.key_hmac
            entries = await entry_writes(self._store, user, data.get("key_hmac"), was)
            try:
                committed = await self._store.commit([put, *entries, *also])
            except StaleWrite:
                continue
            except StoreUnavailable:
                self.uncertain.add(user)
                raise
            return token, committed.versions[key]
        raise Fenced("the session's document changed again and again")

    async def save(
        self, claim: Claim, data: Mapping[str, Any], also: Sequence[Write] = (), *, rekey: bool = False
    ) -> None:
        """Write fields of a session's document, refused once owner or token moved.

        Args:
            rekey: the data bring another key. Without it a session that was packed with an earlier key is left out:
                what is stored is never older than the key that speaks.

        Raises:
            Fenced: somebody else owns it now; the permit is revoked.
            KeyInUse: the data name another key, and another session holds that one.
            StoreUnavailable: not acknowledged.
        """
        key = session_key(claim.user)
        for _ in range(_TRIES):
            fields = data if rekey else without_earlier_key(claim, data)
            entries = await self._entries(claim, fields)
            try:
                committed = await self._store.commit([Patch(key, fields, if_=claim.version), *entries, *also])
            except StaleWrite:
                await self._refresh(claim)
                continue
            self._saved(claim, fields, committed)
            return
        raise StoreUnavailable("a conditional write failed again and again")

    async def _entries(self, claim: Claim, data: Mapping[str, Any]) -> list[Write]:
        """What the registry must learn together with this write."""
        name = data.get("key_hmac")
        if name is None or name == claim.key_name:
            return []
        return await entry_writes(self._store, claim.user, name, claim.key_name)

    @staticmethod
    def _saved(claim: Claim, data: Mapping[str, Any], committed: Committed) -> None:
        claim.version = committed.versions[session_key(claim.user)]
        claim.key_name = data.get("key_hmac", claim.key_name)

    async def _refresh(self, claim: Claim) -> None:
        """Learn the version after an own write whose answer was lost; or that the session is not ours any more."""
        document = await self._store.get(session_key(claim.user))
        record = None if document is None else SessionRecord.of(document)
        if record is None or record.owner != self.term.instance or record.token != claim.token:
            claim.revoke()
            self.held.pop(claim.user, None)
            raise Fenced("another process owns this session now")
        claim.version = record.version
        claim.key_name = record.key_hmac

    async def save_many(self, updates: Sequence[Update], *, rekey: bool = False) -> list[tuple[Claim, BybotError]]:
        """:meth:`save` for many, several per commit. Returns those that failed, each with its reason."""
        failed: list[tuple[Claim, BybotError]] = []
        for given in chunks(updates):
            chunk = given if rekey else [(claim, without_earlier_key(claim, data)) for claim, data in given]
            try:
                committed = await self._store.commit(await self._writes_of(chunk))
            except (StaleWrite, KeyInUse, DocumentTooLarge):
                for claim, data in chunk:
                    try:
                        await self.save(claim, data, rekey=rekey)
                    except (Fenced, KeyInUse, StoreError) as error:
                        failed.append((claim, error))
            except StoreUnavailable as error:
                failed += [(claim, error) for claim, _ in chunk]
            else:
                for claim, data in chunk:
                    self._saved(claim, data, committed)
        return failed

    async def _writes_of(self, updates: Sequence[Update]) -> list[Write]:
        entries = await asyncio.gather(*(self._entries(claim, data) for claim, data in updates))
        flat = [write for each in entries for write in each]
        if len({write.key for write in flat}) < len(flat):
            raise StaleWrite("two of these sessions hold the same key")  # one by one, the second is refused
        return [*(Patch(session_key(c.user), data, if_=c.version) for c, data in updates), *flat]

    def forget(self, claim: Claim) -> None:
        """The session is not ours any more (released, revoked or deleted)."""
        claim.revoke()
        if self.held.get(claim.user) is claim:
            del self.held[claim.user]

    # Orphans ------------------------------------------------------------------------------------------------------

    async def orphans(self, owners: Iterable[str | None] = ()) -> list[Document]:
        """Sessions that this instance should hold and does not, with all their fields.

        Those that name it as their owner come from claims whose answer was lost.

        Args:
            owners: further owners to look for; None: nobody.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        found: list[Document] = []
        for owner in (self.term.instance, *owners):
            for document in await self._store.query(SESSIONS, Where("owner", owner), fields=CLAIM_FIELDS):
                claim = self.held.get(document.key.id)
                record = SessionRecord.of(document)
                if record.state is SessionState.READY and (claim is None or claim.token < record.token):
                    fresh = await self._store.get(document.key)
                    if fresh is not None and fresh.data.get("owner") == owner:
                        found.append(fresh)
        return found
