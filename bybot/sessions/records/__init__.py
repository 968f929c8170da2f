"""Records of sessions in use: who uses which session over which connection, since when and until when.

A stored login outlives everything; a record lives as long as somebody uses it. Ending a record ends a connection at
most, never a login.
"""

from bybot.sessions.records.acting import ActingService
from bybot.sessions.records.model import (
    ConnectionId,
    Created,
    DeviceOnline,
    Page,
    Record,
    RecordSettings,
    RecordState,
)
from bybot.sessions.records.service import SessionService

__all__ = [
    "ActingService",
    "ConnectionId",
    "Created",
    "DeviceOnline",
    "Page",
    "Record",
    "RecordSettings",
    "RecordState",
    "SessionService",
]
