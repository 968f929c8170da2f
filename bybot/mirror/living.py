"""Live locations: how long one still moves, and what makes a copy move with it. Pure.

A forwarded live location does not move: only its sender may move it (https://core.telegram.org/api/live-location). So
while one is under way its copy is sent as a new one that ends at the same moment, and is moved by edits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from telethon.tl import functions, types

from bybot.clock import Clock
from bybot.mirror.planner import Unit

#: Telegram takes no shorter period, in seconds.
SHORTEST: Final = 60
_FOR_EVER: Final = 0x7FFF_FFFF
_NOTHING: Final[Mapping[int, Any]] = {}


def seconds_left(message: Any, now: datetime) -> int | None:
    """For how long a live location may still move; 0: it has ended. None: it is something else."""
    media = message.media
    if not isinstance(media, types.MessageMediaGeoLive) or not isinstance(media.geo, types.GeoPoint):
        return None
    if media.period == _FOR_EVER:
        return _FOR_EVER
    return max(0, media.period - int((now - message.date).total_seconds()))


def made_anew(unit: Unit, clock: Clock) -> Mapping[int, Any]:
    """The live location to send in place of one that still moves; nothing for everything else."""
    first = unit.messages[0]
    if not isinstance(first.media, types.MessageMediaGeoLive) or len(unit.messages) > 1:
        return _NOTHING
    left = seconds_left(first, clock.now())
    if left is None or left < SHORTEST:
        return _NOTHING
    return {first.id: _input(first.media, left)}


def moved(message: Any, copy: Any, now: datetime) -> bool:
    """Whether a copy is not where its source is, or goes on after its source has ended."""
    left, still = seconds_left(message, now), seconds_left(copy, now)
    if left is None or isinstance(copy.media, types.MessageMediaGeo):
        return left is not None and _place(message.media) != _place(copy.media)
    if left == 0 or still is None:
        return bool(still)
    return _place(message.media) != _place(copy.media) or message.media.heading != copy.media.heading


def can_move(copy: Any, now: datetime) -> bool:
    """Whether Telegram lets a copy be moved."""
    return bool(seconds_left(copy, now))


def move_request(message: Any, target: Any, copy: int, now: datetime) -> Any:
    """Move a copy to where its source is, or end it with its source."""
    media = _input(message.media, None, stopped=not seconds_left(message, now))
    return functions.messages.EditMessageRequest(target, copy, media=media)


def _input(media: Any, period: int | None, *, stopped: bool = False) -> Any:
    geo = media.geo
    return types.InputMediaGeoLive(
        types.InputGeoPoint(geo.lat, geo.long, accuracy_radius=geo.accuracy_radius),
        stopped=stopped or None,
        heading=media.heading,
        period=period,
        proximity_notification_radius=media.proximity_notification_radius,
    )


def _place(media: Any) -> tuple[float, float] | None:
    return (media.geo.lat, media.geo.long) if isinstance(media.geo, types.GeoPoint) else None
