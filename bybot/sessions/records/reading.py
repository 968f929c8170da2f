"""The reading half of the service of records. What it gives are copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bybot.errors import RecordNotFound
from bybot.ids import person_of, user_key
from bybot.sessions.records.ledger import Ledger
from bybot.sessions.records.model import ConnectionId, DeviceOnline, Page, Record, RecordState

MAX_PAGE: Final = 100


class Reading:
    """A part of :class:`bybot.sessions.records.service.SessionService`.

    Attributes:
        created, expired, deleted: how many since the process started.
    """

    _ledger: Ledger
    created: int
    expired: int
    deleted: int

    async def get(self, id_: str) -> Record:
        """A record.

        Raises:
            OwnedElsewhere, StoreUnavailable: this process does not serve the records, or cannot read them yet. So of
                every call.
            RecordNotFound: there is none; ``reason`` tells why it was deleted, if it was.
            RecordExpired: it expired.
        """
        await self._ledger.ready()
        return self._ledger.view(self._ledger.require(id_))

    async def get_by_connection(self, connection: ConnectionId | str) -> Record:
        """The record of a connection. Raises what :meth:`get` raises, and ValueError for what is no connection id."""
        wanted = ConnectionId.parse(connection) if isinstance(connection, str) else connection
        await self._ledger.ready()
        entry = self._ledger.book.by_connection(wanted)
        if entry is None:
            await self._ledger.ready(all_here=True)
            raise RecordNotFound("There is no record of this connection.")
        return await self.get(entry.record.id)

    async def list(
        self,
        *,
        user_id: int | str | None = None,
        state: RecordState | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Records in the order of their ids, which is that of their creation.

        Args:
            user_id: only this person's, or only this account's (``{person}~{account}``).
            limit: of this page, at most MAX_PAGE.
            after: where the page before ended. Nothing comes twice and nothing is left out, whatever came or went.
        """
        await self._ledger.ready(all_here=True)
        entries = self._ledger.present()
        if user_id is not None:
            wanted = {entry.record.id for entry in self._ledger.book.of_user(user_key(user_id))}
            entries = [entry for entry in entries if entry.record.id in wanted]
        if state is not None:
            entries = [entry for entry in entries if entry.record.state is state]
        rest = [entry for entry in entries if after is None or entry.record.id > after]
        size = max(1, min(limit, MAX_PAGE))
        page = [self._ledger.view(entry) for entry in rest[:size]]
        return Page(page, len(entries), page[-1].id if len(rest) > size else None)

    def is_online(self, user_id: int | str) -> bool:
        """Is one of a person's sessions connected, or one account's (``{person}~{account}``)?"""
        return bool(self.devices(user_id))

    def devices(self, user_id: int | str) -> Sequence[DeviceOnline]:
        """What uses a person's sessions now, oldest first. What is idle or still connecting is not online."""
        if self._ledger.gate is not None:
            self._ledger.gate(True)
        found = []
        for entry in self._ledger.book.of_user(user_key(user_id)):
            record = self._ledger.now(entry)
            if record.state is RecordState.ACTIVE and not self._ledger.over(record):
                found.append(DeviceOnline.of(self._ledger.view(entry)))
        return found

    async def stats(self) -> dict[str, Any]:
        """Totals: by_state, records, created, expired, deleted, users_online, devices_online."""
        await self._ledger.ready(all_here=True)
        return self.totals()

    def totals(self) -> dict[str, Any]:
        """See :meth:`stats`."""
        states = [(entry.record.state, entry.record.user) for entry in self._ledger.present()]
        online = [person_of(user) for state, user in states if state is RecordState.ACTIVE]
        return {
            "by_state": {state.value: sum(each is state for each, _ in states) for state in RecordState},
            "records": len(states),
            "created": self.created,
            "expired": self.expired,
            "deleted": self.deleted,
            "users_online": len(set(online)),
            "devices_online": len(online),
        }
