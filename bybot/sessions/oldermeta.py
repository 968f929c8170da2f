"""What older layouts noted about sessions: ``metadata.json`` of one level (by user), or nested by device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_CREATED: Final = ("created_at", "created", "first_seen")
_USED: Final = (
    "last_used_at",
    "last_used",
    "last_active",
    "last_activity",
    "last_seen",
    "updated_at",
    "last_updated",
    "saved_at",
    "timestamp",
)
_WRAPPERS: Final = ("sessions", "users", "metadata")


@dataclass(frozen=True)
class Times:
    """When a session was made and used last, as far as that was noted."""

    created: datetime | None = None
    used: datetime | None = None

    def or_else(self, other: Times) -> Times:
        """These, and where they say nothing the others."""
        return Times(self.created or other.created, self.used or other.used)


#: By user and device; the device is None for what is said of the user alone.
Noted = Mapping[tuple[str, str | None], Times]


def times_in(facts: Mapping[str, Any]) -> Times:
    """The times among the fields of one session. What cannot be read counts as not noted."""
    return Times(_first(facts, _CREATED), _first(facts, _USED))


def noted_in(form: Any) -> dict[tuple[str, str | None], Times]:
    """Everything that such a file or document notes. What is malformed is passed over."""
    found: dict[tuple[str, str | None], Times] = {}
    if not isinstance(form, Mapping):
        return found
    for wrapper in _WRAPPERS:
        if isinstance(form.get(wrapper), Mapping):
            return noted_in(form[wrapper])
    for user, facts in form.items():
        if not isinstance(facts, Mapping):
            continue
        found[str(user), None] = times_in(facts)
        for device, inner in facts.items():
            if isinstance(inner, Mapping):
                found[str(user), str(device)] = times_in(inner)
    return found


def noted_of(noted: Noted, user: str, device: str | None) -> Times:
    """What is noted of one session, also under its device or under the user alone."""
    nested = noted.get((user, device), Times())
    flat = noted.get((f"{user}_{device}", None), Times()) if device else Times()
    return nested.or_else(flat).or_else(noted.get((user, None), Times()))


def _first(facts: Mapping[str, Any], names: tuple[str, ...]) -> datetime | None:
    for name in names:
        when = _time(facts.get(name))
        if when is not None:
            return when
    return None


def _time(value: Any) -> datetime | None:
    try:
        if isinstance(value, datetime):
            when = value
        elif isinstance(value, str):
            when = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            when = datetime.fromtimestamp(value, UTC)
        else:
            return None
        # Older versions wrote times without a zone; the times only order sessions of one person.
        return when.astimezone(UTC) if when.tzinfo is not None else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
