"""The nouns of mirroring: chats, pairs, where a pair starts, counts, progress, notices. All plain values.

Ids of chats are *marked* as Telegram's clients write them: ``-100…`` for channels and megagroups, ``-…`` for basic
groups. What is stored goes through ``to_value``/``from_value``: dicts of plain values that every store holds.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, get_args

from bybot.errors import BybotError
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.slots import NO_SLOTS, differing, merged

ChatKind = Literal["channel", "megagroup", "group"]
Role = Literal["main", "task", "comments"]
"""What a pair is for: the pair that a person made, a further range of its posts, or the comments under them."""
Ended = Literal["finished", "cancelled", "undone"]
"""How a task came to its end."""


@dataclass(frozen=True, slots=True)
class ChatRef:
    """A chat as one account sees it.

    ``access_hash`` is what this account needs to name the chat to Telegram; it is of no use to another account.
    """

    id: int
    title: str
    username: str | None = None
    kind: ChatKind = "channel"
    can_read: bool = True
    can_post: bool = False
    protected: bool = False
    access_hash: int = 0

    def to_value(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> ChatRef:
        known = {name: item for name, item in value.items() if name in cls.__slots__}
        return cls(**{**known, "kind": sys.intern(str(known.get("kind", "channel")))})


# Where a pair starts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class New:
    """Only what is posted from now on."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last ``count`` posts, then what is posted from now on."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("at least one post")


@dataclass(frozen=True, slots=True)
class Everything:
    """The whole history, then what is posted from now on."""


@dataclass(frozen=True, slots=True)
class ByIds:
    """From message ``first`` on; up to ``last`` and then no further, or without an end."""

    first: int
    last: int | None = None

    def __post_init__(self) -> None:
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise ValueError("ids start at 1 and do not end before they start")


@dataclass(frozen=True, slots=True)
class ByDates:
    """Posts of ``since`` and later; before ``until`` and then no further, or without an end. UTC-aware."""

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or (self.until is not None and self.until.tzinfo is None):
            raise ValueError("dates carry their time zone")


Mode = New | Last | Everything | ByIds | ByDates

_MODES: dict[str, type[Mode]] = {
    "new": New,
    "last": Last,
    "everything": Everything,
    "ids": ByIds,
    "dates": ByDates,
}


def mode_to_value(mode: Mode) -> dict[str, Any]:
    """A mode as a dict for a store."""
    name = next(name for name, kind in _MODES.items() if type(mode) is kind)
    return {"kind": name, **asdict(mode)}


def mode_from_value(value: Mapping[str, Any]) -> Mode:
    """The inverse of :func:`mode_to_value`.

    Raises:
        ValueError: no such mode.
    """
    facts = dict(value)
    kind = _MODES.get(str(facts.pop("kind", "")))
    if kind is None:
        raise ValueError("no such mode")
    return kind(**facts)


# Pairs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pair began, kept in its entry so that its memory can be made again when the store has lost it.

    Attributes:
        mark: posts up to this id are not wanted.
        end_id: the last id that is wanted; None: no end.
        epoch: of the random ids of its posts.
    """

    mark: int
    end_id: int | None = None
    epoch: int = 1

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Origin:
        return cls(int(value["mark"]), value.get("end_id"), int(value.get("epoch", 1)))


@dataclass(frozen=True, slots=True)
class ChannelPair:
    """One source, one target, one account. ``enabled`` is False while the user paused it.

    Attributes:
        rules: what is left out or changed on the way: all that holds, be it the pair's own or its person's default.
        own: the slots of the rules that the pair sets itself; None: those in which they differ from ``Rules()``.
        parent: the pair that this one is a part of; None: it stands for itself.
        role: what it is for.
        ended: how a task ended; it is kept, for its copies can be undone and replied to. None: it is still open.
        along: it was paused together with its parent, and goes on together with it.
        origin: where it began; None: an older version made it.
    """

    id: str
    user: str
    source: ChatRef
    target: ChatRef
    mode: Mode
    created_at: datetime
    enabled: bool = True
    rules: Rules = field(default_factory=Rules)
    own: frozenset[str] | None = field(default=None, compare=False)
    parent: str | None = None
    role: Role = "main"
    ended: Ended | None = None
    along: bool = False
    origin: Origin | None = None

    @property
    def family(self) -> str:
        """The id of the pair that this one belongs to: its parent's, or its own."""
        return self.parent or self.id

    @property
    def own_slots(self) -> frozenset[str]:
        """The slots of the rules that the pair sets itself."""
        return differing(self.rules, Rules()) if self.own is None else self.own

    def under(self, defaults: Rules) -> ChannelPair:
        """The same pair with these defaults where it sets nothing itself."""
        own = self.own_slots
        return replace(self, rules=merged(defaults, self.rules, own), own=own)

    def to_value(self) -> dict[str, Any]:
        further: dict[str, Any] = {"parent": self.parent, "ended": self.ended, "along": self.along or None}
        further["origin"] = asdict(self.origin) if self.origin is not None else None
        return {
            "id": self.id,
            "user": self.user,
            "source": self.source.to_value(),
            "target": self.target.to_value(),
            "mode": mode_to_value(self.mode),
            "created_at": self.created_at,
            "enabled": self.enabled,
            **self._own_rules(),
            **({"role": self.role} if self.role != "main" else {}),
            **{name: value for name, value in further.items() if value is not None},
        }

    def _own_rules(self) -> dict[str, Any]:
        if self.parent is not None:
            return {}  # those of its pair
        own = self.own_slots
        return {"rules": merged(Rules(), self.rules, own).to_value(), "own": sorted(own)} if own else {}

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> ChannelPair:
        return cls(
            id=str(value["id"]),
            user=sys.intern(str(value["user"])),
            source=ChatRef.from_value(value["source"]),
            target=ChatRef.from_value(value["target"]),
            mode=mode_from_value(value["mode"]),
            created_at=value["created_at"],
            enabled=bool(value.get("enabled", True)),
            rules=Rules.from_value(value.get("rules", {})),
            own=(frozenset(map(str, value["own"])) or NO_SLOTS) if "own" in value else None,
            parent=value.get("parent"),
            role=_known(value.get("role", "main"), get_args(Role)),
            ended=_known(value.get("ended"), (None, *get_args(Ended))),
            along=bool(value.get("along", False)),
            origin=Origin.from_value(value["origin"]) if "origin" in value else None,
        )


def _known(value: Any, known: Collection[Any]) -> Any:
    """Raises ValueError: a newer version wrote it; it is not taken for something else."""
    if value not in known:
        raise ValueError(f"{value!r} is not known here")
    return value


@dataclass(slots=True)
class Counts:
    """What became of the source's messages so far, counted in messages (an album of four is four).

    ``service``: messages that are no posts (joined, pinned, renamed). ``protected``: forwarding is forbidden.
    ``filtered``: the pair's rules leave them out. ``refused``: Telegram would not copy them, or not as the rules want.
    ``gone``: deleted between reading and sending. ``reply_lost``: copied, but without their reply header, because what
    they reply to has no copy, or their kind cannot be sent with one. ``buttons_lost``: copied without a button that
    they should have. ``shortened``: copied without what the rules add, which would be too long.
    ``orphaned``: comments whose post has no copy, or that stand below no post.
    ``edited``, ``deleted``: copies that followed their source; ``not_edited``: Telegram would not let them.
    ``refilled``: copied once more after their copies were missing. ``undone``: copies deleted because the user asked.
    """

    copied: int = 0
    service: int = 0
    protected: int = 0
    refused: int = 0
    gone: int = 0
    reply_lost: int = 0
    filtered: int = 0
    shortened: int = 0
    edited: int = 0
    deleted: int = 0
    not_edited: int = 0
    refilled: int = 0
    undone: int = 0
    buttons_lost: int = 0
    orphaned: int = 0

    @property
    def left_out(self) -> int:
        """Posts without a copy: what people want to hear of."""
        return self.protected + self.refused + self.gone

    @property
    def skipped(self) -> int:
        """Everything that is done without a copy, service messages too."""
        return self.service + self.filtered + self.orphaned + self.left_out

    def to_value(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in _COUNTED}

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Counts:
        return cls(**{name: int(item) for name, item in value.items() if name in _COUNTED})


_COUNTED: Final = tuple(each.name for each in fields(Counts))


class PairState(StrEnum):
    """What a pair does now."""

    STARTING = "starting"
    HISTORY = "history"
    LIVE = "live"
    UNDOING = "undoing"  # the copies are being deleted, as the user asked
    PAUSED = "paused"
    WAITING = "waiting"  # a flood wait: see not_before
    NO_SESSION = "no_session"  # the account is not connected here
    LIMITED = "limited"  # the account may not send now
    BROKEN = "broken"  # a right is missing, or a chat is gone
    FINISHED = "finished"  # a range with an end, and it was reached
    CANCELLED = "cancelled"  # a task that the user stopped for good; its copies stay
    UNDONE = "undone"  # a task whose copies were deleted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pair is.

    ``total`` is an estimate, in messages; None when unknown. ``left_out``: posts without a copy.
    ``due``: when the next post goes, while the pair's schedule or the account's day holds it back.
    """

    phase: Literal["history", "live", "finished"]
    copied: int
    skipped: int
    total: int | None
    per_second: float = 0.0
    not_before: datetime | None = None
    left_out: int = 0
    due: datetime | None = None

    @property
    def done(self) -> int:
        return self.copied + self.skipped

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None when the rate or the total is unknown."""
        if self.total is None or self.per_second <= 0 or self.phase != "history":
            return None
        return max(0.0, (self.total - self.done) / self.per_second)


@dataclass(frozen=True, slots=True)
class PairStatus:
    """A pair and what it does now. ``reason`` is the error that stopped it, if one did."""

    pair: ChannelPair
    state: PairState
    progress: Progress
    counts: Counts
    not_before: datetime | None = None
    reason: BybotError | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What starting would mean: so many messages, so many seconds at the present pace."""

    count: int
    seconds: float


Right = Literal["pins", "topics"]
"""What an account may not be allowed to do in a target, beside posting."""

Lack = Literal["reply", "buttons", "moves"]
"""What a copy may lack: the header that says what it answers, buttons, or the moves of a live location."""


class NoticeKind(StrEnum):
    """What a person is told without having asked."""

    PROTECTED = "protected"  # posts were skipped because forwarding is forbidden; once per pair
    FLOOD = "flood"  # facts: seconds, until
    SOURCE_LOST = "source_lost"  # the account cannot read the source any more
    TARGET_LOST = "target_lost"  # the account cannot post in the target any more
    LIMITED = "limited"  # PEER_FLOOD or a frozen account
    BULK_DELETION = "bulk_deletion"  # many posts were deleted at once; facts: count. The user is asked first
    SESSION_LOST = "session_lost"  # facts: reason
    HISTORY_DONE = "history_done"  # facts: copied, skipped
    FINISHED = "finished"
    UNDONE = "undone"  # all copies were deleted, as the user asked; facts: count
    DAY_FULL = "day_full"  # the account has sent as many posts as it may in a day; facts: until
    GAPS = "gaps"  # a look at a part of the target found posts missing or doubled; facts: missing, doubled
    LEFT_OUT = "left_out"  # a kind of post has no copies; facts: what, why (refused or rules). Once for each
    INCOMPLETE = "incomplete"  # a kind of post is copied without something; facts: what, lack. Once for each
    MOVED = "moved"  # a group has become a supergroup, and the pair goes on there; facts: side (source or target)
    RIGHT_MISSING = "right_missing"  # posts are copied, but a right is missing; facts: right. Once for each
    REBUILT = "rebuilt"  # the store had lost what it knew of the pair; facts: what (map or state), count: copies known
    FAILED = "failed"  # something that should not happen; facts: error


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know. ``facts`` are plain values for the text of the notice."""

    kind: NoticeKind
    pair: ChannelPair
    facts: Mapping[str, Any] = field(default_factory=dict)
