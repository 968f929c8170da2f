"""A record and what callers get with it. All of it is immutable, or a copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

#: The device of records that the pool of clients makes by itself.
POOL_DEVICE: Final = "bybot"
#: Longest timeout of a record: 30 days.
LONGEST_TIMEOUT: Final = 2_592_000.0
#: Most characters of a record's metadata, and of its stats, as JSON.
MOST_CHARACTERS: Final = 16_000

_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})  # one for all: a process may have thousands of records


def _nothing() -> Mapping[str, Any]:
    return _EMPTY


class RecordState(StrEnum):
    """See :mod:`bybot.sessions.records.transitions` for what follows what."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    IDLE = "idle"
    DISCONNECTING = "disconnecting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, order=True)
class ConnectionId:
    """One connection: the instance (one start of one process) that holds it, and its number there."""

    instance: str
    generation: int

    def __str__(self) -> str:
        return f"{self.instance}:{self.generation}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of ``str()``.

        Raises:
            ValueError: another form.
        """
        instance, _, generation = text.rpartition(":")
        if not instance or not generation.isdecimal():
            raise ValueError("a connection is instance:generation")
        return cls(instance, int(generation))


@dataclass(frozen=True, slots=True)
class Record:
    """One use of a session.

    Attributes:
        id: UUID version 7: sorts by time of creation.
        user: the user key of the session; a further account is ``{person}~{account}``.
        device: who uses it, in the user's words; one live record for each user and device.
        expires: when it ends unless a heartbeat comes.
        timeout: seconds that a heartbeat adds.
        version: grows at every change that is not a heartbeat.
        attached: made by the pool of clients for a client of its own; it cannot expire while that is connected.
        reason: why it was closed.
    """

    id: str
    user: str
    connection: ConnectionId
    state: RecordState
    created: datetime
    last_active: datetime
    expires: datetime
    timeout: float
    device: str
    metadata: Mapping[str, Any] = field(default_factory=_nothing)
    stats: Mapping[str, Any] = field(default_factory=_nothing)
    version: int = 1
    attached: bool = False
    reason: str | None = None

    @property
    def heartbeat_every(self) -> float:
        """Seconds between heartbeats: a third of the timeout, so that two may be lost."""
        return self.timeout / 3

    @property
    def live(self) -> bool:
        """Does it stand for a session in use? What expired is told apart by the service."""
        return self.state not in (RecordState.DISCONNECTING, RecordState.CLOSED)

    def left(self, now: datetime) -> float:
        """Seconds until it expires; 0 when it has."""
        return max(0.0, (self.expires - now).total_seconds())

    def extended(self, now: datetime) -> Record:
        """With its whole timeout left."""
        return replace(self, expires=now + timedelta(seconds=self.timeout))

    def copy(self) -> Record:
        """Changing what it holds changes nothing here."""
        return replace(self, metadata=plain(self.metadata), stats=plain(self.stats))

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it; times in ISO 8601."""
        return {
            "id": self.id,
            "user": self.user,
            "connection": str(self.connection),
            "state": self.state.value,
            "created": self.created.isoformat(),
            "last_active": self.last_active.isoformat(),
            "expires": self.expires.isoformat(),
            "timeout": self.timeout,
            "device": self.device,
            "metadata": plain(self.metadata),
            "stats": plain(self.stats),
            "version": self.version,
            "attached": self.attached,
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """The inverse of :meth:`to_dict`; further keys are ignored.

        Raises:
            ValueError: something is missing or of another kind.
        """
        try:
            return cls(
                id=str(data["id"]),
                user=str(data["user"]),
                connection=ConnectionId.parse(data["connection"]),
                state=RecordState(data["state"]),
                created=_time(data["created"]),
                last_active=_time(data["last_active"]),
                expires=_time(data["expires"]),
                timeout=checked_timeout(float(data["timeout"])),
                device=str(data["device"]),
                metadata=plain(data["metadata"]),
                stats=plain(data["stats"]),
                version=int(data["version"]),
                attached=data["attached"] is True,
                reason=None if data["reason"] is None else str(data["reason"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a record: {type(error).__name__}") from None

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The inverse of :meth:`to_json`. Raises ValueError."""
        return cls.from_dict(json.loads(text))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of plain JSON values.

    Raises:
        ValueError: something that JSON does not know, or more than MOST_CHARACTERS.
    """
    try:
        text = json.dumps(dict(values), allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("metadata and stats are plain JSON values") from None
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"metadata and stats are at most {MOST_CHARACTERS} characters of JSON each")
    copied: dict[str, Any] = json.loads(text)
    return copied


def checked_timeout(seconds: float) -> float:
    """A timeout as it may be.

    Raises:
        ValueError: not above 0, or longer than LONGEST_TIMEOUT.
    """
    if not 0 < seconds <= LONGEST_TIMEOUT:  # what is no number compares as false
        raise ValueError(f"a timeout is above 0 and at most {LONGEST_TIMEOUT:g} seconds")
    return float(seconds)


def _time(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("times carry their zone")
    return when


@dataclass(frozen=True, slots=True)
class Created:
    """What :meth:`SessionService.create` gives.

    Attributes:
        token: lets its holder act on this record; shown this once. None: the record was there already.
        resumed: a live record of the same user and device goes on.
    """

    record: Record
    token: str | None = field(repr=False)
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        total: how many match in all.
        after: pass it to get the next page; None: this is the last one.
    """

    records: list[Record]
    total: int
    after: str | None


@dataclass(frozen=True, slots=True)
class DeviceOnline:
    """A device that uses one of a person's sessions now."""

    user: str
    device: str
    record: str
    connection: str
    state: RecordState
    since: datetime
    last_active: datetime

    @classmethod
    def of(cls, record: Record) -> Self:
        """From a record that is active."""
        where = str(record.connection)
        return cls(record.user, record.device, record.id, where, record.state, record.created, record.last_active)


@dataclass(frozen=True)
class RecordSettings:
    """How long records live, in seconds, and how many there may be.

    Attributes:
        timeout: of a record without one of its own.
        idle_after: an active record that was not used for so long is idle; 0: never.
        sweep_every: between two looks for expired records.
        flush_every: between two writes of what heartbeats changed.
        per_person: most live records of a person's accounts together, those of the pool not counted; 0: any number.
    """

    timeout: float = 1800.0
    idle_after: float = 1800.0
    sweep_every: float = 300.0
    flush_every: float = 60.0
    per_person: int = 10
