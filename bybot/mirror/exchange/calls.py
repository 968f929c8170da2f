"""The supervisor's calls about files of pairs: writing one, looking at what one would do, and taking it over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bybot.clock import Clock
from bybot.errors import BybotError, MirrorError, PairExists, SessionError, StoreUnavailable
from bybot.ids import user_id_from_key, uuid7
from bybot.mirror import chats
from bybot.mirror.commentcalls import CommentCalls, groups_of
from bybot.mirror.exchange.model import (
    Document,
    Entry,
    Fate,
    Item,
    Language,
    Preferences,
    Report,
    Spot,
    Start,
    Trouble,
    Wrong,
)
from bybot.mirror.exchange.native import written
from bybot.mirror.exchange.resolving import Finder
from bybot.mirror.model import ByDates, ChannelPair, ChatRef, Mode, New
from bybot.mirror.pairs import check_new
from bybot.mirror.reader import Reader
from bybot.mirror.rulecalls import RuleCalls
from bybot.mirror.rules.book import Rules
from bybot.mirror.script import begin, check_chats
from bybot.mirror.starts import start_of


@dataclass(frozen=True)
class _Ready:
    """A pair of a file that may be made, and where it stands there."""

    entry: Entry
    pair: ChannelPair


class ExchangeCalls(CommentCalls, RuleCalls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    # Writing --------------------------------------------------------------------------------------------------

    async def export_pairs(self, user: int | str, language: Language | None = None) -> tuple[str, int]:
        """The pairs of all accounts of a person, and their rules for all pairs, as a file's text.

        Args:
            language: the person's choice, kept in the file.

        Returns:
            The text, and how many pairs are in it.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        pairs = [pair for owner in await self._book.owners(user) for pair in await self._pairs_of(owner)]
        children: dict[str, list[ChannelPair]] = {}
        for pair in pairs:
            if pair.parent is not None:
                children.setdefault(pair.parent, []).append(pair)
        defaults = await self._book.defaults(user)
        preferences = Preferences(language, defaults if defaults != Rules() else None)
        main = [pair for pair in pairs if pair.role == "main"]
        text = await asyncio.to_thread(written, main, preferences, self._clock.now(), children)
        return text, len(main)

    async def _pairs_of(self, owner: str) -> list[ChannelPair]:
        return await self._book.of(user_id_from_key(owner))

    # Reading --------------------------------------------------------------------------------------------------

    async def plan_import(self, user: int | str, document: Document, start: Start = "new") -> Report:
        """What taking a file over would do. Nothing is made, but the account is asked for every chat.

        Args:
            user: the account that would copy.
            document: from :func:`bybot.mirror.exchange.reading.read`.
            start: where the pairs would begin.

        Raises:
            SessionError: the account cannot be asked.
            StoreUnavailable: nothing is known.
        """
        items = [item for item, _ in await self._sorted(user, document, start)]
        named = _names(document.preferences)
        return Report(document.format, True, start, tuple(items), document.remarks, named, document.secrets)

    async def import_pairs(
        self, user: int | str, document: Document, start: Start = "new", *, settings: bool = True
    ) -> Report:
        """Make the pairs of a file that can be made. Those that are there already stay as they are.

        Args:
            settings: take the rules for all pairs over, too. The language is the caller's to set.

        Returns:
            What became of each entry. After a store or an account that went away the rest failed; importing the same
            file again makes what is missing.

        Raises:
            SessionError: the account cannot be asked; nothing was made.
            StoreUnavailable: nothing is known; nothing was made.
        """
        looked = await self._sorted(user, document, start)
        rules = document.preferences.rules if settings else None
        if rules is not None:
            await self.set_default_rules(user, rules)
        items, away = [], None
        for item, ready in looked:
            if ready is not None and away is None:
                try:
                    await self._make(user, ready, start)
                    item = await self._with_comments(user, ready, replace(item, pair_id=ready.pair.id))
                except (BybotError, OSError, ValueError) as error:
                    item = _failed(item, error)
                    away = error if isinstance(error, SessionError | StoreUnavailable | OSError) else None
            elif ready is not None and away is not None:
                item = _failed(item, away)
            items.append(item)
        if any(item.pair_id for item in items):
            await self._person(user).start()
        taken = _names(Preferences(rules=rules))
        return Report(document.format, False, start, tuple(items), document.remarks, taken, document.secrets)

    async def _make(self, user: int | str, ready: _Ready, start: Start) -> None:
        pair, entry = ready.pair, ready.entry
        tasks = []
        async with self._client(user) as client:
            reader = Reader(client, chats.input_peer(pair.source), self._person(user).pacing)
            begins = await start_of(reader, pair.mode)
            for task in entry.tasks if start == "file" else ():
                part = replace(pair, id=uuid7(self._clock.now()), mode=task.mode, enabled=task.enabled and pair.enabled)
                tasks.append((replace(part, parent=pair.id, role="task"), await start_of(reader, task.mode)))
        parts = [await begin(self._store, part, at.closed()) for part, at in tasks]
        await self._book.add(await begin(self._store, pair, begins), *parts)

    async def _with_comments(self, user: int | str, ready: _Ready, item: Item) -> Item:
        """Comments follow, too, if the file says so; what is wrong with them leaves the pair as it is."""
        if not ready.entry.comments:
            return item
        try:
            await self.follow_comments(user, ready.pair.id)
            if not ready.entry.enabled:
                await self.pause(user, ready.pair.id)  # they go on with their pair
        except (MirrorError, SessionError, OSError) as error:
            return replace(item, troubles=(_trouble(item, error, "comments"),))
        return replace(item, troubles=())

    async def _sorted(self, user: int | str, document: Document, start: Start) -> list[tuple[Item, _Ready | None]]:
        """What becomes of each entry, in the file's order, and the pair, where one can be made."""
        others = await self._book.all()
        finder = Finder(lambda: self._client(user))
        if any(not entry.troubles for entry in document.entries):
            await finder.load()
        found: list[tuple[Item, _Ready | None]] = []
        for entry in document.entries:
            item, pair = await self._looked_at(user, entry, start, finder, others)
            if pair is not None:
                others.append(pair)
            found.append((item, None if pair is None else _Ready(entry, pair)))
        return found

    async def _looked_at(
        self, user: int | str, entry: Entry, start: Start, finder: Finder, others: Iterable[ChannelPair]
    ) -> tuple[Item, ChannelPair | None]:
        item = Item(
            entry.spot,
            entry.source.shown,
            entry.target.shown,
            Fate.NEW,
            paused=not entry.enabled,
            history=entry.mode != New() or bool(entry.tasks),
        )
        mode = entry.mode if start == "file" else New()
        if entry.troubles:
            return replace(item, fate=Fate.FAILED, troubles=entry.troubles), None
        if _ends_later(mode, self._clock) or any(_ends_later(task.mode, self._clock) for task in _tasks(entry, start)):
            spot = Spot(entry.spot.line, f"{entry.spot.field}.mode")
            return replace(item, fate=Fate.FAILED, troubles=(Trouble(Wrong.RANGE, spot),)), None
        end = "source"
        try:
            source = await finder.find(entry.source)
            item, end = replace(item, source=source.title), "target"
            target = await finder.find(entry.target)
            item, end = replace(item, target=target.title), ""
            check_chats(source, target)
            pair = self._new(user, entry, source, target, mode)
            check_new(pair, others)
            if entry.comments:
                item = await self._with_groups(user, pair, item)
        except PairExists:
            return replace(item, fate=Fate.EXISTS), None
        except (MirrorError, SessionError) as error:
            return _failed(item, error, end), None
        return item, pair

    async def _with_groups(self, user: int | str, pair: ChannelPair, item: Item) -> Item:
        """What would keep the comments from following."""
        try:
            async with self._client(user) as client:
                await groups_of(client, pair)
        except MirrorError as error:
            return replace(item, troubles=(_trouble(item, error, "comments"),))
        return item

    def _new(self, user: int | str, entry: Entry, source: ChatRef, target: ChatRef, mode: Mode) -> ChannelPair:
        now = self._clock.now()
        return ChannelPair(uuid7(now), str(user), source, target, mode, now, entry.enabled, entry.rules, own=entry.own)


def _tasks(entry: Entry, start: Start) -> Iterable[Any]:
    return entry.tasks if start == "file" else ()


def _ends_later(mode: Mode, clock: Clock) -> bool:
    return isinstance(mode, ByDates) and mode.until is not None and mode.until > clock.now()


def _failed(item: Item, error: Exception, end: str = "") -> Item:
    return replace(item, fate=Fate.FAILED, troubles=(_trouble(item, error, end),))


def _trouble(item: Item, error: Exception, end: str = "") -> Trouble:
    code = error.code if isinstance(error, BybotError) else Wrong.RANGE if isinstance(error, ValueError) else "other"
    return Trouble(code, Spot(item.spot.line, f"{item.spot.field}.{end}" if end else item.spot.field))


def _names(preferences: Preferences) -> tuple[str, ...]:
    named = {"language": preferences.language, "rules": preferences.rules}
    return tuple(name for name, value in named.items() if value is not None)
