"""What happens in the world, and the only code that moves ``pts`` or pushes updates.

One change is: pts up by its count, one entry in the box's log, one push to every session concerned. ``seq`` stays 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bybot.sandbox.world.model import Account, Channel, Message, Peer, SessionRef
    from bybot.sandbox.world.polls import Poll
    from bybot.sandbox.world.world import World


@dataclass(slots=True, eq=False)
class Event:
    """One change in a box.

    Attributes:
        box: the account or channel whose box it belongs to.
        pts: the box's pts after it; 0 for what is pushed without one.
        count: by how much it moves pts.
        origin: the account that caused it.
    """

    box: Peer
    pts: int
    count: int
    origin: int | None

    @property
    def account_id(self) -> int | None:
        """The account whose own box it happened in."""
        return self.box.id if self.box.kind == "user" else None

    @property
    def channel_id(self) -> int | None:
        """The channel it happened in."""
        return self.box.id if self.box.kind == "channel" else None


@dataclass(slots=True, eq=False)
class NewMessage(Event):
    """A message arrived in a box; a private message makes two of these, one per box."""

    message: Message
    random_id: int | None = None


@dataclass(slots=True, eq=False)
class EditedMessage(Event):
    """Text, media or buttons of a message changed."""

    message: Message


@dataclass(slots=True, eq=False)
class DeletedMessages(Event):
    """Messages went away."""

    ids: tuple[int, ...]


@dataclass(slots=True, eq=False)
class ReadInbox(Event):
    """The account read a chat up to that id; in channels it moves no pts."""

    reader: int
    peer: Peer
    max_id: int
    unread: int


@dataclass(slots=True, eq=False)
class ReadOutbox(Event):
    """The other side of a private chat read the account's messages up to that id."""

    peer: Peer
    max_id: int


@dataclass(slots=True, eq=False)
class MembershipChanged(Event):
    """Somebody's place in a channel changed; the account itself is told by updateChannel.

    Attributes:
        old, new: the statuses (creator, admin, member, banned, left).
    """

    account: Account
    old: str
    new: str


@dataclass(slots=True, eq=False)
class ChannelChanged(Event):
    """Title, name, protection or slow mode of a channel changed."""


@dataclass(slots=True, eq=False)
class CallbackPressed(Event):
    """A person pressed a callback button.

    Attributes:
        message: the bot's copy of the message under which the button is.
        chat_instance: the same for every press in that chat.
    """

    bot: Account
    person: Account
    query_id: int
    message: Message
    data: bytes
    chat_instance: int


@dataclass(slots=True, eq=False)
class PinnedMessages(Event):
    """Messages were pinned, or are not any more."""

    peer: Peer
    ids: tuple[int, ...]
    pinned: bool


@dataclass(slots=True, eq=False)
class PollChanged(Event):
    """Somebody voted in a poll that a message of this box carries."""

    message: Message
    poll: Poll


@dataclass(slots=True, eq=False)
class Typing(Event):
    """Somebody is typing, or sending a file."""

    peer: Peer
    action: Any


class Log:
    """The newest events of a box, by pts.

    Attributes:
        pts: after the newest event.
        floor: differences can be told from here on.
        changed: the date of the newest event; None when there was none.
    """

    __slots__ = ("_ends", "_entries", "_limit", "changed", "floor", "pts")

    def __init__(self, pts: int, *, limit: int) -> None:
        self.pts = pts
        self.floor = pts
        self.changed: datetime | None = None
        self._limit = limit
        self._entries: list[Event] = []
        self._ends: list[int] = []

    def append(self, event: Event, date: datetime) -> None:
        """Move pts and remember; the oldest events fall out above the limit."""
        self.changed = date
        self.pts += event.count
        event.pts = self.pts
        self._entries.append(event)
        self._ends.append(self.pts)
        if len(self._entries) > self._limit * 5 // 4 + 8:
            cut = len(self._entries) - self._limit
            self.floor = self._ends[cut - 1]
            del self._entries[:cut], self._ends[:cut]

    def since(self, pts: int, limit: int) -> Sequence[Event] | None:
        """At most that many events after a pts; None when the log does not reach back so far."""
        if pts < self.floor:
            return None
        start = bisect_right(self._ends, pts)
        return self._entries[start : start + limit]


Observer = Callable[[Event], None]
PushSink = Callable[[int, Any, "SessionRef | None"], None]
Render = Callable[["World", "Account", Sequence[Event]], Any]


class Events:
    """The world's voice: observers get typed events, sinks get TL updates per account.

    Args:
        world: whose events these are.
        render: builds the TL ``Updates`` that one account sees; None when there is nothing for it.
    """

    def __init__(self, world: World, render: Render) -> None:
        self._world = world
        self._render = render
        self._observers: list[Observer] = []
        self._sinks: list[tuple[PushSink, Callable[[int], bool] | None]] = []
        self._captures: list[list[Event]] = []

    def observe(self, callback: Observer) -> Callable[[], None]:
        """Call back for every event, in order, after pts moved and pushes left. Returns how to stop."""
        self._observers.append(callback)
        return lambda: self._observers.remove(callback)

    def subscribe_pushes(
        self, callback: PushSink, *, connected: Callable[[int], bool] | None = None
    ) -> Callable[[], None]:
        """Deliver updates: ``callback(account_id, updates, exclude)``. Returns how to stop.

        Args:
            callback: sends to every session of the account but ``exclude``.
            connected: whether an account has any session now; nothing is built for those that have none.
        """
        entry = (callback, connected)
        self._sinks.append(entry)
        return lambda: self._sinks.remove(entry)

    def publish(self, events: Sequence[Event], *, exclude: SessionRef | None = None) -> None:
        """Move pts, log, push to all but one session, tell observers.

        Args:
            events: changes of one call; they travel in one push per account.
            exclude: the calling session, whose answer carries the updates.
        """
        now = self._world.now()
        for event in events:
            if event.count:
                self._log_of(event.box).append(event, now)
                if isinstance(event, NewMessage | EditedMessage):
                    event.message.pts = event.pts
                    event.message.changed()
            else:
                event.pts = self._log_of(event.box).pts
        for account, seen in self._audience(events):
            updates = self._render(self._world, account, seen)
            if updates is not None:
                self.push(account.id, updates, exclude=exclude)
        for capture in self._captures:
            capture.extend(events)
        for event in events:
            for observer in tuple(self._observers):
                observer(event)

    @contextmanager
    def capture(self) -> Iterator[list[Event]]:
        """Collect what is published meanwhile; for synchronous code, whose answer tells what it changed."""
        captured: list[Event] = []
        self._captures.append(captured)
        try:
            yield captured
        finally:
            self._captures.pop()

    def push(self, account_id: int, updates: Any, *, exclude: SessionRef | None = None) -> None:
        """Send updates that belong to no log, such as a login token."""
        for sink, _ in tuple(self._sinks):
            sink(account_id, updates, exclude)

    def _anybody_listens(self, account_id: int) -> bool:
        return any(connected is None or connected(account_id) for _, connected in self._sinks)

    def _log_of(self, box: Peer) -> Log:
        if box.kind == "user":
            return self._world.account(box.id).box.log
        return self._world.channel(box.id).log

    def _audience(self, events: Sequence[Event]) -> Iterable[tuple[Account, list[Event]]]:
        if not self._sinks:
            return ()
        groups: dict[int, list[Event]] = {}
        for event in events:
            for account_id in self._hearers(event):
                if self._anybody_listens(account_id):
                    groups.setdefault(account_id, []).append(event)
        return [(self._world.account(account_id), seen) for account_id, seen in groups.items()]

    def _hearers(self, event: Event) -> Iterable[int]:
        if event.box.kind == "user":
            return (event.box.id,)
        if isinstance(event, ReadInbox):
            return (event.reader,)
        if isinstance(event, MembershipChanged):
            return (event.account.id,)
        return self._channel(event).members

    def _channel(self, event: Event) -> Channel:
        return self._world.channel(event.box.id)
