"""Edits and deletions of the source, carried over to the copies.

Telegram pushes them like new posts, but what is missed in a gap never comes again; so after every absence the last
posts of the source are looked at once more (:meth:`Changes.scan`). What a push says is only a hint here too: before a
copy is edited it is read, and edited only where it differs from what it should be. Reactions and counters are pushed
as edits and change nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from telethon.tl import types

from bybot.clock import Clock
from bybot.mirror.account import Account
from bybot.mirror.beside import beside
from bybot.mirror.copies import EDIT, Copies
from bybot.mirror.cursor import Cursor
from bybot.mirror.family import Kin
from bybot.mirror.files import can_carry
from bybot.mirror.links import Links
from bybot.mirror.living import can_move, move_request, moved
from bybot.mirror.model import ChannelPair, Lack, Right
from bybot.mirror.outcome import Judgement
from bybot.mirror.pins import Map, Pins
from bybot.mirror.random_ids import random_ids
from bybot.mirror.reader import ALBUM_PARTS, Reader
from bybot.mirror.requests import RandomId, edit_request, edited_anew, input_media, is_closed
from bybot.mirror.rules.book import Verdict, Written
from bybot.mirror.rules.rich import FOUND
from bybot.mirror.rules.transforms import Add
from bybot.mirror.sender import NotCarried
from bybot.mirror.transfer import Transfer

log = logging.getLogger(__name__)

#: More deletions than this within a minute are asked about first.
GUARD: Final = 10
_GUARD_SECONDS: Final = 60.0
_IDS: Final = 100
#: Changes kept for posts whose copies are under way; above that a scan finds them.
_KEPT: Final = 1_000

What = Literal["edited", "deleted", "not_edited"]


class Memory(Protocol):
    """What the journal knows of copies."""

    cursor: Cursor

    @property
    def map(self) -> Map:
        """All copies."""

    @property
    def kin(self) -> Kin:
        """The other parts of the pair."""

    async def peek(self, source_ids: Collection[int]) -> dict[int, int]:
        """The copies of these source ids, other parts' included."""

    async def load(self, source_ids: Collection[int]) -> None:
        """Have what is known of these ids in memory."""

    def target_of(self, source_id: int) -> int | None:
        """The copy of a source message."""

    def changed(self, what: What, count: int = 1) -> None:
        """So many copies were changed."""

    async def last_copied(self, count: int) -> list[int]:
        """The last source ids that have copies, rising."""


@dataclass(frozen=True)
class Followed:
    """A copy that follows its source. ``random_id``: for what an edit brings forth."""

    source: int
    copy: int
    random_id: RandomId


@dataclass(slots=True)
class Changes:
    """Of one pair, for one connection.

    Attributes:
        transfer: uploads files anew.
        asks: told how many deletions wait for a word of the user: see :meth:`confirm`.
        lacks: told which right the account has not.
        lacking: told which posts have copies that lack something.
        on_wait: told about every wait.
    """

    pair: ChannelPair
    account: Account
    source: Reader
    journal: Memory
    clock: Clock
    random_id: RandomId
    transfer: Transfer
    asks: Callable[[int], None] = lambda _: None
    lacks: Callable[[Right], None] = lambda _: None
    lacking: Callable[[Sequence[Any], Lack], None] = lambda *_: None
    on_wait: Callable[[Judgement], None] = lambda _: None
    held: frozenset[int] = frozenset()
    copies: Copies = field(init=False)
    _edited: dict[int, Any] = field(default_factory=dict)
    _deleted: frozenset[int] = frozenset()
    _times: list[float] = field(default_factory=list)
    _confirmed: bool = False
    _still: frozenset[int] = frozenset()
    _links: Links = field(init=False)
    _pins: Pins = field(init=False)

    def __post_init__(self) -> None:
        self._links = Links(self.pair)
        self.copies = Copies(self.account.client, self.pair, self.account.pacing, self.on_wait)
        self._pins = Pins(
            self.source, self.copies, self.journal, due=self.pair.rules.pins == "follow", lacks=self.lacks
        )

    # Hearing --------------------------------------------------------------------------------------------------

    def hear(self, edited: Mapping[int, Any], deleted: Collection[int], *, pins: bool = False) -> None:
        """Remember what was pushed, as far as it concerns posts that were copied or are under way."""
        if not edited and not deleted and not pins:
            return
        cursor, rules = self.journal.cursor, self.pair.rules
        self._pins.due = self._pins.due or (pins and rules.pins == "follow")
        if rules.edits != "ignore":
            self._edited |= {i: m for i, m in edited.items() if i in cursor or i in cursor.pinned}
        if rules.deletions == "delete":
            self._deleted |= {i for i in deleted if (i in cursor or i in cursor.pinned) and i not in self.held}
        for id_ in list(self._edited)[: max(0, len(self._edited) - _KEPT)]:
            del self._edited[id_]

    async def scan(self) -> None:
        """Look at the last posts again: what was changed or deleted while nobody listened. Raises as :meth:`apply`."""
        rules = self.pair.rules
        self.hear({}, (), pins=True)
        untouched = rules.edits == "ignore" and rules.deletions == "keep"
        ids = [] if untouched else await self._last_copied(rules.window)
        for start in range(0, len(ids), _IDS):
            some = ids[start : start + _IDS]
            found = await self.source.by_ids(some)
            edited = {id_: m for id_, m in found.items() if m.edit_date is not None or is_closed(m)}
            self.hear(edited, [id_ for id_ in some if id_ not in found])
        await self.apply()

    async def _last_copied(self, count: int) -> list[int]:
        """The last source ids that have copies, those of ended parts included, rising."""
        if not count:
            return []
        own = await self.journal.last_copied(count)
        left = await self.journal.kin.last_left(count, above=own[0] if len(own) == count else 0)
        return sorted({*own, *left})[-count:]

    async def _copies_of(self, ids: Collection[int]) -> list[Followed]:
        """The copies of these posts that are looked after here, in the order of their sources."""
        own = [Followed(i, copy, self.random_id) for i in ids if (copy := self.journal.target_of(i)) is not None]
        left = [
            Followed(
                each.source_id, each.target_id, random_ids(f"{each.maker.id}#{each.target_id}", 1, self.pair.source.id)
            )
            for each in await self.journal.kin.left_copies(ids)
        ]
        return sorted([*own, *left], key=lambda each: each.source)

    @property
    def idle(self) -> bool:
        """Whether nothing waits, be it for a copy, a word of the user, or the minute in which deletions count."""
        waits = self._edited or self._deleted or self.held or self._confirmed or self._pins.due
        return not (waits or self._still or self._is_bulk(GUARD))

    def confirm(self, yes: bool) -> int:
        """The user's word on deletions that wait: carry them out, or keep these copies. Returns how many it was."""
        count = len(self.held)
        if yes:
            self._confirmed = True
            self._deleted |= self.held
            self.held = frozenset()
        return count

    # Carrying over --------------------------------------------------------------------------------------------

    async def apply(self) -> None:
        """Change every copy that is known by now; what is still under way stays for the next time.

        Raises:
            Unsure, ConnectionError: no answer; what was not done is found by the next scan.
            ChatNotReadable, ChatNotWritable, AccountLimited, SessionRevoked: nothing can be done until that changes.
        """
        if not self._deleted and not self._edited and not self._pins.due:
            return
        pinned = self.journal.cursor.pinned
        deleted = {i for i in self._deleted if i not in pinned}
        edited = {i: m for i, m in self._edited.items() if i not in pinned and i not in self._deleted}
        if deleted or edited:
            await self.journal.load([*deleted, *edited])
            await self._delete(deleted)
            await self._edit(edited)
        if self._pins.due:
            await self._pins.follow()

    async def _delete(self, ids: set[int]) -> None:
        copies = await self._still_there(await self._copies_of(ids))
        posts = {each.source for each in copies}  # a post may have several copies: by its pair and by tasks
        if posts and not self._confirmed and self._is_bulk(len(posts)):
            self._deleted -= ids
            self.held |= posts
            self.asks(len(self.held))
            return
        self._confirmed = False
        removed = await self.copies.remove([each.copy for each in copies])
        if removed:
            self._times += [self.clock.elapsed()] * len(posts)
            self.journal.changed("deleted", removed)
        self._deleted -= ids
        for id_ in ids:
            self._edited.pop(id_, None)

    async def _still_there(self, copies: Sequence[Followed]) -> list[Followed]:
        """Those that nobody has deleted: a scan meets old deletions again."""
        found: set[int] = set()
        for start in range(0, len(copies), _IDS):
            found |= (await self.copies.reader.by_ids([each.copy for each in copies[start : start + _IDS]])).keys()
        return [each for each in copies if each.copy in found]

    def _is_bulk(self, count: int) -> bool:
        now = self.clock.elapsed()
        self._times = [at for at in self._times if now - at < _GUARD_SECONDS]
        return count + len(self._times) > GUARD

    async def _edit(self, edited: Mapping[int, Any]) -> None:
        wanted = await self._copies_of(edited)
        for start in range(0, len(wanted), _IDS):
            some = wanted[start : start + _IDS]
            there = await self.copies.reader.by_ids([each.copy for each in some])
            for each in some:
                copy = there.get(each.copy)
                if copy is not None:
                    await self._edit_one(edited[each.source], copy, each.random_id)
        for id_ in edited:
            self._edited.pop(id_, None)

    async def _edit_one(self, message: Any, copy: Any, random_id: RandomId) -> None:
        parts = await self._album(message)
        rules, verdict = self.pair.rules, Verdict()
        if rules.touches:
            verdict = await beside(self.pair.user, rules.judge, parts, self.pair.id)
        if not verdict.keep or verdict.fixed:
            return  # the copy is there; leaving posts out concerns new ones
        if moved(message, copy, self.clock.now()):
            await self._move(message, copy)
            return
        written = verdict.texts.get(message.id) or Written(message.message or "", tuple(message.entities or ()))
        written = (await self._links.changed({message.id: written}, self.journal)).get(message.id, written)
        has_file = self.transfer.has_file(message, copy)
        if has_file and same(message, written, copy):
            return
        peer = self.copies.reader.peer
        if self.pair.rules.edits == "new" and not is_closed(message):
            file = await self._file(message)
            done = await self.copies.do(lambda: edited_anew(message, written, peer, copy.id, random_id, file), EDIT)
        else:
            other = None if has_file else await self._file(message)
            done = await self.copies.do(lambda: edit_request(message, written, peer, copy, other), EDIT)
        self.journal.changed("edited" if done else "not_edited")

    async def _move(self, message: Any, copy: Any) -> None:
        """A live location goes on, or ends. A copy that was forwarded stays where it is: counted once, and told."""
        now, peer = self.clock.now(), self.copies.reader.peer
        if can_move(copy, now):
            done = await self.copies.do(lambda: move_request(message, peer, copy.id, now), EDIT)
            self.journal.changed("edited" if done else "not_edited")
        elif message.id not in self._still:
            self._still |= {message.id}
            self.journal.changed("not_edited")
            self.lacking([message], "moves")

    async def _file(self, message: Any) -> Any | None:
        """The media of a post to send again, uploaded anew where the rules say so; None: it has none."""
        if self.pair.rules.files == "upload" and can_carry(message):
            try:
                return (await self.transfer.carry([message]))[message.id]
            except NotCarried as reason:
                log.info("pair %s: a file was not uploaded anew (%s)", self.pair.id, reason)
        return None if message.media is None else input_media(message.media)

    async def _album(self, message: Any) -> tuple[Any, ...]:
        """What the rules must see: all of an album where they add one header or footer to it."""
        if not message.grouped_id or not any(isinstance(each, Add) for each in self.pair.rules.transforms):
            return (message,)
        around = range(max(1, message.id - ALBUM_PARTS), message.id + ALBUM_PARTS)
        found = await self.source.by_ids(list(around)) | {message.id: message}
        return tuple(m for _, m in sorted(found.items()) if m.grouped_id == message.grouped_id)


def same(message: Any, written: Written, copy: Any) -> bool:
    """Whether a copy is, but for its file, already what it should be."""
    if (copy.message or "") != written.text:
        return False
    if is_closed(message) and not is_closed(copy) and isinstance(copy.media, types.MessageMediaPoll):
        return False  # a poll that rules made anew has votes of its own, and ends with its source
    return _marks(copy.entities) == _marks(written.entities)


def _marks(entities: Iterable[Any] | None) -> set[bytes]:
    return {bytes(entity) for entity in entities or () if not isinstance(entity, FOUND)}
