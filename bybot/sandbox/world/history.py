"""Messages of one chat in the order of their ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bybot.sandbox.world.model import Message


class MessageList:
    """Ids rise and may have holes; lookups and windows cost no copy of the whole."""

    __slots__ = ("_messages", "ids")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._messages: dict[int, Message] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Message]:
        return (self._messages[id_] for id_ in self.ids)

    def __contains__(self, id_: int) -> bool:
        return id_ in self._messages

    def get(self, id_: int) -> Message | None:
        """The message, or None for a hole."""
        return self._messages.get(id_)

    @property
    def top(self) -> Message | None:
        """The newest message."""
        return self._messages[self.ids[-1]] if self.ids else None

    def add(self, message: Message) -> None:
        """Append; ids only rise.

        Raises:
            ValueError: the id is not above the newest one.
        """
        if self.ids and message.id <= self.ids[-1]:
            raise ValueError("message ids rise")
        self.ids.append(message.id)
        self._messages[message.id] = message

    def insert(self, message: Message) -> None:
        """Put a message where its id belongs, newer ones being there already."""
        self.ids.insert(bisect_left(self.ids, message.id), message.id)
        self._messages[message.id] = message

    def remove(self, ids: Iterable[int]) -> list[Message]:
        """Take messages out; ids that are not there are ignored."""
        gone = [message for id_ in ids if (message := self._messages.pop(id_, None)) is not None]
        if len(gone) > 8:
            self.ids = [id_ for id_ in self.ids if id_ in self._messages]
        else:
            for message in gone:
                del self.ids[bisect_left(self.ids, message.id)]
        return gone

    def above(self, id_: int) -> int:
        """How many messages are newer than that id."""
        return len(self.ids) - bisect_right(self.ids, id_)

    def before(self, date: datetime) -> int:
        """How many messages are older than that moment: dates rise with ids."""
        return bisect_left(self.ids, date, key=lambda id_: self._messages[id_].date)

    def window(
        self,
        *,
        offset_id: int = 0,
        offset_date: datetime | None = None,
        add_offset: int = 0,
        limit: int = 100,
        min_id: int = 0,
        max_id: int = 0,
    ) -> list[Message]:
        """Messages newest first, as messages.getHistory counts.

        The offset stands before the newest message below ``offset_id`` (or older than ``offset_date``); ``add_offset``
        moves it towards older messages, a negative one towards newer ones. ``min_id`` and ``max_id`` both exclude
        themselves, and cut what the window would show.
        """
        ids = self.ids
        if offset_id:
            end = bisect_left(ids, offset_id)
        elif offset_date is not None:
            end = self.before(offset_date)
        else:
            end = len(ids)
        high = end - add_offset
        low = high - limit
        if min_id:
            low = max(low, bisect_right(ids, min_id))
        if max_id:
            high = min(high, bisect_left(ids, max_id))
        low, high = max(low, 0), min(max(high, 0), len(ids))
        messages = self._messages
        return [messages[id_] for id_ in reversed(ids[low:high])]
