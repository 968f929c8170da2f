"""Pinned posts: what is pinned in the source is pinned in the target, and unpinned with it.

What is pushed about pins is only a hint: both lists are compared, so that what happened in an absence is made up for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from telethon.tl import functions, types

from bybot.errors import ChatNotWritable
from bybot.mirror.copies import Copies
from bybot.mirror.cursor import Cursor
from bybot.mirror.model import Right
from bybot.mirror.reader import Reader

log = logging.getLogger(__name__)

PIN: Final = "UpdatePinnedMessage"
_SEARCH: Final = "SearchPinned"
#: Only so many of the newest pinned posts are looked at.
MOST: Final = 100


class Map(Protocol):
    """The copies of a pair."""

    async def named(self, target_ids: Collection[int]) -> set[int]:
        """Those of these target ids that are copies of something."""


class Memory(Protocol):
    """What the journal knows of copies."""

    cursor: Cursor

    @property
    def map(self) -> Map:
        """All of them."""

    async def load(self, source_ids: Collection[int]) -> None:
        """Have what is known of these ids in memory."""

    def target_of(self, source_id: int) -> int | None:
        """The copy of a source message."""


@dataclass(slots=True)
class Pins:
    """Of one pair, for one connection.

    Attributes:
        due: pins may have changed since they were compared.
        lacks: told that the account may not pin.
    """

    source: Reader
    copies: Copies
    journal: Memory
    due: bool = False
    lacks: Callable[[Right], None] = lambda _: None
    _may: bool = field(default=True, init=False)

    async def follow(self) -> None:
        """Compare, pin and unpin, silently. Still due afterwards while the copy of a pinned post is under way.

        Raises:
            Unsure, ConnectionError: no answer.
            ChatNotReadable, AccountLimited, SessionRevoked: nothing can be done until that changes.
        """
        self.due = False
        if not self._may:
            return
        posts = await self._pinned(self.source)
        await self.journal.load(posts)
        cursor = self.journal.cursor
        self.due = any(post not in cursor or post in cursor.pinned for post in posts)
        wanted = {copy for post in posts if (copy := self.journal.target_of(post)) is not None}
        there = set(await self._pinned(self.copies.reader))
        ours = await self.journal.map.named(there - wanted)
        try:
            for copy in sorted(wanted - there):
                await self.copies.do(partial(self._request, copy, unpin=False), PIN)
            for copy in sorted(ours):
                await self.copies.do(partial(self._request, copy, unpin=True), PIN)
        except ChatNotWritable as error:
            self._may = self.due = False
            self.lacks("pins")
            log.warning("the account may not pin in the target: pins are not followed (%s)", error)

    async def _pinned(self, reader: Reader) -> list[int]:
        request = functions.messages.SearchRequest(
            reader.peer, "", types.InputMessagesFilterPinned(), None, None, 0, 0, MOST, 0, 0, 0
        )
        answer = await reader.ask(request, _SEARCH)
        return [message.id for message in answer.messages]

    def _request(self, copy: int, *, unpin: bool) -> Any:
        return functions.messages.UpdatePinnedMessageRequest(self.copies.reader.peer, copy, silent=True, unpin=unpin)
