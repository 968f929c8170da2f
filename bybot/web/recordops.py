"""Operations on records of sessions in use. The service they get has the rights of whoever asks."""

from __future__ import annotations

from typing import Any, Final

from bybot.sessions.records.acting import ActingService
from bybot.sessions.records.model import RecordState
from bybot.web.operation import Facts, Operation


async def create(
    records: ActingService,
    user_id: int | str,
    device: str = "default",
    connection: str | None = None,
    timeout: float | None = None,
    metadata: dict[str, Any] | None = None,
    resume: bool = True,
) -> Facts:
    """Begin to use a session. The token is shown this once. See :meth:`SessionService.create`."""
    made = await records.create(
        user_id, device=device, connection=connection, timeout=timeout, metadata=metadata, resume=resume
    )
    return {"record": made.record.to_dict(), "token": made.token, "resumed": made.resumed}


async def get(records: ActingService, record: str) -> Facts:
    """One record. Raises RecordNotFound, RecordExpired."""
    return (await records.get(record)).to_dict()


async def get_by_connection(records: ActingService, connection: str) -> Facts:
    """The record of a connection, ``instance:generation``. Raises RecordNotFound, RecordExpired, ValueError."""
    return (await records.get_by_connection(connection)).to_dict()


async def list_records(
    records: ActingService,
    user_id: str | None = None,
    state: RecordState | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Facts:
    """A page of records in the order of their creation, and how many match in all."""
    page = await records.list(user_id=user_id, state=state, limit=limit, after=after)
    return {"records": [each.to_dict() for each in page.records], "total": page.total, "after": page.after}


async def update(
    records: ActingService,
    record: str,
    state: RecordState | None = None,
    metadata: dict[str, Any] | None = None,
    stats: dict[str, Any] | None = None,
    timeout: float | None = None,
    version: int | None = None,
) -> Facts:
    """Change a record; what is left out stays as it is. See :meth:`SessionService.update`."""
    changed = await records.update(
        record, state=state, metadata=metadata, stats=stats, timeout=timeout, version=version
    )
    return changed.to_dict()


async def heartbeat(records: ActingService, record: str) -> Facts:
    """Its holder lives. Tells the seconds that are left, and in how many to come again."""
    left = await records.heartbeat(record)
    return {"seconds_left": left, "heartbeat_every": (await records.get(record)).heartbeat_every}


async def touch(records: ActingService, record: str) -> Facts:
    """Its holder uses the session: an idle one is active again."""
    return (await records.touch(record)).to_dict()


async def rotate_token(records: ActingService, record: str) -> Facts:
    """A new token, shown this once; the one before fits no longer."""
    return {"token": await records.rotate_token(record)}


async def close(records: ActingService, record: str) -> Facts:
    """Its holder is done: the connection is let go of, and the record stays to be read until it expires. Twice is fine.

    Raises:
        RecordNotFound, RecordExpired: there is none any more.
        StoreUnavailable: not stored; close it again.
    """
    present = await records.get(record)
    for state in (RecordState.DISCONNECTING, RecordState.CLOSED):
        if present.state not in (state, RecordState.CLOSED):
            present = await records.update(record, state=state)
    return present.to_dict()


async def delete(records: ActingService, record: str, reason: str = "deleted") -> Facts:
    """End a record. The login stays."""
    return (await records.delete(record, reason=reason)).to_dict()


async def stats(records: ActingService) -> Any:
    """Totals."""
    return await records.stats()


async def devices(records: ActingService, user: str) -> Facts:
    """What uses a person's sessions now."""
    found = records.devices(user)
    return {"online": bool(found), "devices": found}


RECORDS: Final = tuple(
    Operation(f"records.{name}", method, path, run, records=True)
    for name, method, path, run in (
        ("create", "POST", "/records", create),
        ("list", "GET", "/records", list_records),
        ("get", "GET", "/records/{record}", get),
        ("get_by_connection", "GET", "/connections/{connection}/record", get_by_connection),
        ("update", "PATCH", "/records/{record}", update),
        ("heartbeat", "POST", "/records/{record}/heartbeat", heartbeat),
        ("touch", "POST", "/records/{record}/touch", touch),
        ("rotate_token", "POST", "/records/{record}/token", rotate_token),
        ("close", "POST", "/records/{record}/close", close),
        ("delete", "DELETE", "/records/{record}", delete),
        ("stats", "GET", "/record-stats", stats),
        ("devices", "GET", "/users/{user}/devices", devices),
    )
)
