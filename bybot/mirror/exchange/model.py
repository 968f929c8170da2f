"""What a file of pairs says, whatever its format, and what became of it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from bybot.mirror.model import Mode, New
from bybot.mirror.rules.book import Rules

#: The most pairs that one file may hold.
MOST_PAIRS: Final = 300
#: The largest file, in bytes.
MOST_BYTES: Final = 1_000_000

Format = Literal["bybot", "tgcf", "telemirror"]
Language = Literal["en", "zh"]
Start = Literal["new", "file"]
"""Where imported pairs begin: with the posts from now on, or where the file says."""


@dataclass(frozen=True)
class Spot:
    """A place in a file: its line, from 1, and the name of the field."""

    line: int
    field: str


@dataclass(frozen=True)
class Trouble:
    """Something that is not as it should be, or that has no equivalent.

    Attributes:
        code: what, as the code of an error of bybot.errors, or one of :class:`Wrong`.
        spot: where in the file.
        detail: what is named there: a rule, a setting. Never a value that could be secret.
    """

    code: str
    spot: Spot
    detail: str = ""

    def to_value(self) -> dict[str, Any]:
        return {"code": self.code, "line": self.spot.line, "field": self.spot.field, "detail": self.detail}


class Wrong(StrEnum):
    """What a file can have wrong beside what Telegram says of its chats."""

    MISSING = "missing_field"
    UNKNOWN = "unknown_field"
    VALUE = "wrong_value"
    RULE = "bad_rule"
    PATTERN = "bad_pattern"
    NO_EQUIVALENT = "no_equivalent"  # a setting of another program that bybot does not have
    PARTLY = "partly"  # it has one that does nearly the same
    REFUSED = "refused_on_purpose"  # it would take protected posts around their protection
    NAME_MOVED = "name_moved"  # the name belongs to another chat than the id
    RANGE = "range_ends_later"  # dates that end in the future


@dataclass(frozen=True)
class Chat:
    """A chat as a file names it: by its marked id, by a name or link, or both."""

    id: int | None = None
    name: str | None = None
    title: str = ""

    @property
    def shown(self) -> str:
        """For people."""
        return self.title or self.name or str(self.id)


@dataclass(frozen=True)
class Task:
    """A further piece of work of a pair: a range with an end."""

    mode: Mode
    enabled: bool = True


@dataclass(frozen=True)
class Entry:
    """One pair of a file.

    Attributes:
        spot: where it stands.
        own: the slots of the rules that the pair sets itself; None: those in which they differ from none.
        troubles: why it cannot be taken over; none: it can.
    """

    spot: Spot
    source: Chat
    target: Chat
    mode: Mode = field(default_factory=New)
    enabled: bool = True
    rules: Rules = field(default_factory=Rules)
    own: frozenset[str] | None = None
    comments: bool = False
    tasks: tuple[Task, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Preferences:
    """A person's settings: None where the file says nothing."""

    language: Language | None = None
    rules: Rules | None = None

    def __bool__(self) -> bool:
        return self != Preferences()


@dataclass(frozen=True)
class Document:
    """What was read.

    Attributes:
        remarks: what of it has no equivalent here, or only nearly.
        secrets: it holds keys or logins of another program. They were not kept.
    """

    format: Format
    entries: tuple[Entry, ...]
    preferences: Preferences = field(default_factory=Preferences)
    remarks: tuple[Trouble, ...] = ()
    secrets: bool = False


class Fate(StrEnum):
    """What becomes of an entry."""

    NEW = "new"  # a pair is made of it, or was
    EXISTS = "exists"
    FAILED = "failed"


@dataclass(frozen=True)
class Item:
    """One entry and what becomes of it.

    Attributes:
        source, target: names for people.
        troubles: why it failed; of a new one: why its comments do not follow.
        paused: it starts paused.
        history: it would begin before the posts of now, if that is wanted.
        pair_id: of the pair that was made.
    """

    spot: Spot
    source: str
    target: str
    fate: Fate
    troubles: tuple[Trouble, ...] = ()
    paused: bool = False
    history: bool = False
    pair_id: str = ""

    def to_value(self) -> dict[str, Any]:
        return {
            "line": self.spot.line,
            "field": self.spot.field,
            "source": self.source,
            "target": self.target,
            "fate": self.fate.value,
            "troubles": [each.to_value() for each in self.troubles],
            "paused": self.paused,
            "history": self.history,
            "pair_id": self.pair_id,
        }


@dataclass(frozen=True)
class Report:
    """What an import would do (``dry_run``), or did.

    Attributes:
        start: where the pairs begin.
        preferences: the settings of the file that were, or would be, taken over, by name.
    """

    format: Format
    dry_run: bool
    start: Start
    items: tuple[Item, ...]
    remarks: tuple[Trouble, ...] = ()
    preferences: tuple[str, ...] = ()
    secrets: bool = False

    def of(self, fate: Fate) -> list[Item]:
        """The entries of one fate, in the file's order."""
        return [item for item in self.items if item.fate is fate]

    def to_value(self) -> dict[str, Any]:
        """As plain values that JSON knows."""
        return {
            "format": self.format,
            "dry_run": self.dry_run,
            "start": self.start,
            "items": [item.to_value() for item in self.items],
            "remarks": [each.to_value() for each in self.remarks],
            "preferences": list(self.preferences),
            "secrets": self.secrets,
        }
