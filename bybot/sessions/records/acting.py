"""The service of records with one caller's rights. Every call that takes an id checks whose record it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bybot.errors import Forbidden
from bybot.ids import person_of, user_key
from bybot.sessions.records.model import ConnectionId, Created, DeviceOnline, Page, Record, RecordState

if TYPE_CHECKING:
    from bybot.sessions.records.service import SessionService

UserId = int | str


class ActingService:
    """See the module. Every call raises Forbidden for somebody else's record unless the caller is an admin.

    The arguments and further errors are those of :class:`SessionService`.
    """

    def __init__(
        self, service: SessionService, caller: str, *, admin: bool, audit: Callable[..., None] | None = None
    ) -> None:
        self._service = service
        self._caller = caller
        self._admin = admin
        self._audit = audit

    def _check(self, action: str, user: str) -> None:
        if person_of(user) == self._caller:
            return
        if self._audit is not None:
            self._audit(self._caller, action, user, allowed=self._admin)
        if not self._admin:
            raise Forbidden("That is another person's session.")

    async def _own(self, action: str, id_: str) -> Record:
        record = await self._service.get(id_)
        self._check(action, record.user)
        return record

    async def create(self, user_id: UserId, **options: Any) -> Created:
        self._check("records.create", user_key(user_id))
        return await self._service.create(user_id, **options)

    async def get(self, id_: str) -> Record:
        return await self._own("records.get", id_)

    async def get_by_connection(self, connection: ConnectionId | str) -> Record:
        record = await self._service.get_by_connection(connection)
        self._check("records.get", record.user)
        return record

    async def list(
        self,
        *,
        user_id: UserId | None = None,
        state: RecordState | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """One's own unless the caller is an admin."""
        if user_id is None and not self._admin:
            user_id = self._caller
        if user_id is not None:
            self._check("records.list", user_key(user_id))
        return await self._service.list(user_id=user_id, state=state, limit=limit, after=after)

    async def update(self, id_: str, **changes: Any) -> Record:
        await self._own("records.update", id_)
        return await self._service.update(id_, **changes)

    async def heartbeat(self, id_: str) -> float:
        await self._own("records.heartbeat", id_)
        return await self._service.heartbeat(id_)

    async def touch(self, id_: str) -> Record:
        await self._own("records.touch", id_)
        return await self._service.touch(id_)

    async def rotate_token(self, id_: str) -> str:
        await self._own("records.rotate_token", id_)
        return await self._service.rotate_token(id_)

    async def delete(self, id_: str, *, reason: str = "deleted") -> Record:
        await self._own("records.delete", id_)
        return await self._service.delete(id_, reason=reason)

    def is_online(self, user_id: UserId) -> bool:
        self._check("records.is_online", user_key(user_id))
        return self._service.is_online(user_id)

    def devices(self, user_id: UserId) -> Sequence[DeviceOnline]:
        self._check("records.devices", user_key(user_id))
        return self._service.devices(user_id)

    async def stats(self) -> Mapping[str, Any]:
        """All numbers for an admin; else those of one's own records."""
        if self._admin:
            return await self._service.stats()
        page = await self._service.list(user_id=self._caller, limit=1)
        devices = self._service.devices(self._caller)
        return {"records": page.total, "devices_online": len(devices)}
