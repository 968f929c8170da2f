"""Where pairs are kept: the field ``channel_pairs`` of ``users/{user}``, a list of plain dicts.

Other fields of that document belong to others, so every change is conditional on the version that was read and
touches this field alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bybot.errors import BadPattern, PairCycle, PairExists, PairNotFound, StaleWrite, StoreUnavailable
from bybot.ids import person_of, user_key
from bybot.mirror.model import ChannelPair
from bybot.mirror.rules.book import Rules
from bybot.stores.base import Condition, Key, Patch, Put, Store, Write, query_prefix

log = logging.getLogger(__name__)

FIELD = "channel_pairs"
#: The rules of all pairs of a person, in the document of the first account.
DEFAULTS = "default_rules"
_TRIES = 20
#: Shared by all who have none.
NO_RULES: Final = Rules()

Change = Callable[[list[ChannelPair]], list[ChannelPair]]


def users_key(user: int | str) -> Key:
    """A user's document."""
    return Key("users", user_key(user))


class PairBook:
    """Reads and changes the pairs of users."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, user: int | str) -> list[ChannelPair]:
        """A user's pairs, in the order they were added."""
        document = await self._store.get(users_key(user))
        pairs = [] if document is None else _pairs(document.data.get(FIELD))
        if not pairs:
            return []
        person = person_of(user_key(user))
        home = document if user_key(user) == person else await self._store.get(users_key(person))
        defaults = _defaults(None if home is None else home.data.get(DEFAULTS))
        return [pair.under(defaults) for pair in pairs]

    async def defaults(self, user: int | str) -> Rules:
        """The rules of a person's pairs where they set nothing themselves. Raises StoreUnavailable."""
        document = await self._store.get(users_key(person_of(user_key(user))))
        return _defaults(None if document is None else document.data.get(DEFAULTS))

    async def set_defaults(self, user: int | str, rules: Rules) -> None:
        """Put other defaults in the place of a person's. Raises StoreUnavailable."""
        value = rules.to_value()
        await self._write(person_of(user_key(user)), lambda data: {DEFAULTS: value})

    async def get(self, user: int | str, pair_id: str) -> ChannelPair:
        """
        Raises:
            PairNotFound: the user has no such pair.
        """
        for pair in await self.of(user):
            if pair.id == pair_id:
                return pair
        raise PairNotFound("There is no such pair.")

    async def children(self, user: int | str, pair_id: str) -> list[ChannelPair]:
        """The parts of a pair, in the order they were added."""
        return [pair for pair in await self.of(user) if pair.parent == pair_id]

    async def in_use(self, user: int | str) -> str | None:
        """Why a user's session is in use, although it may not be connected. Raises StoreUnavailable."""
        return "mirroring" if any(pair.enabled for pair in await self.of(user)) else None

    async def owners(self, person: int | str) -> list[str]:
        """Under which keys a person has pairs: one for each account, the first one first."""
        further = await query_prefix(self._store, "users", user_key(person) + "~", fields=[])
        return [user_key(person), *(document.key.id for document in further)]

    async def all(self) -> list[ChannelPair]:
        """Every pair of every user."""
        documents = await self._store.query("users", fields=[FIELD, DEFAULTS])
        defaults = {document.key.id: _defaults(document.data.get(DEFAULTS)) for document in documents}
        return [
            pair.under(defaults.get(person_of(document.key.id), NO_RULES))
            for document in documents
            for pair in _pairs(document.data.get(FIELD))
        ]

    async def add(self, pair: ChannelPair, *children: ChannelPair) -> None:
        """Add a pair, and parts of it in the same write.

        Raises:
            PairExists: the user has a pair of the same chats.
            PairNotFound: the pair that it is a part of is gone.
        """

        def added(pairs: list[ChannelPair]) -> list[ChannelPair]:
            if pair.parent is not None and all(other.id != pair.parent for other in pairs):
                raise PairNotFound("There is no such pair.")
            if any(_same_chats(pair, other) for other in pairs):
                raise PairExists(f"{pair.source.title} is mirrored to {pair.target.title} already.")
            return [*pairs, pair, *children]

        await self._change(pair.user, added)

    async def change(
        self,
        user: int | str,
        pair_ids: Collection[str],
        change: Callable[[ChannelPair], ChannelPair],
        *,
        along: Sequence[Write] = (),
    ) -> None:
        """Put changed pairs in the place of these; nothing for those that are gone. ``along``: in the same write."""
        await self._change(user, lambda pairs: [change(p) if p.id in pair_ids else p for p in pairs], along)

    async def enable(self, user: int | str, pair_ids: Iterable[str], enabled: bool, *, along: bool = False) -> None:
        """Switch pairs on or off; those that are gone, and those that are so already, are passed over.

        Args:
            along: parts of pairs that are switched off go on when their pair does.
        """
        wanted = set(pair_ids)

        def switched(pair: ChannelPair) -> ChannelPair:
            if pair.id not in wanted or pair.enabled == enabled:
                return pair
            return replace(pair, enabled=enabled, along=along and not enabled and pair.parent is not None)

        await self._change(user, lambda pairs: [switched(pair) for pair in pairs])

    async def remove(self, user: int | str, pair_id: str) -> None:
        """Forget a pair and its parts; no error when it is gone."""
        await self._change(user, lambda pairs: [p for p in pairs if pair_id not in (p.id, p.parent)])

    async def _change(self, user: int | str, change: Change, along: Sequence[Write] = ()) -> None:
        def changed(data: Mapping[str, Any]) -> dict[str, Any]:
            stored = data.get(FIELD)
            pairs = [pair.to_value() for pair in _pairs(stored)]
            after = [pair.to_value() for pair in change(_pairs(stored))]
            return {} if after == pairs else {FIELD: after + _unreadable(stored)}

        await self._write(user, changed, along)

    async def _write(
        self, user: int | str, change: Callable[[Mapping[str, Any]], dict[str, Any]], along: Sequence[Write] = ()
    ) -> None:
        """Change fields of a user's document, and no others. ``change``: from what it holds to what is new."""
        key = users_key(user)
        for _ in range(_TRIES):
            document = await self._store.get(key)
            data = change({} if document is None else document.data)
            if not data:
                return
            write: Write = Put(key, data, Condition.ABSENT) if document is None else Patch(key, data, document.version)
            try:
                await self._store.commit([write, *along])
            except StaleWrite:
                continue
            return
        raise StoreUnavailable("A user's document changes too fast to be written.")


def check_new(pair: ChannelPair, others: Iterable[ChannelPair]) -> None:
    """Whether a pair may stand beside the others.

    Raises:
        PairExists: the person has the same one, be it with another account.
        PairCycle: posts would come back to where they came from, be it over other users' pairs.
    """
    targets: dict[int, set[int]] = {}
    for other in others:
        if other.role == "task":
            continue  # of the same chats as its pair
        if person_of(other.user) == person_of(pair.user) and _same_chats(pair, other):
            raise PairExists(f"{pair.source.title} is mirrored to {pair.target.title} already.")
        targets.setdefault(other.source.id, set()).add(other.target.id)
    reached, left = set(), [pair.target.id]
    while left:
        chat = left.pop()
        if chat == pair.source.id:
            raise PairCycle("With this pair, posts would go round in a circle.")
        if chat not in reached:
            reached.add(chat)
            left.extend(targets.get(chat, ()))


def _same_chats(one: ChannelPair, other: ChannelPair) -> bool:
    """Whether one of them is too much. A task repeats the chats of its pair."""
    both = (one.source.id, one.target.id) == (other.source.id, other.target.id)
    return both and "task" not in (one.role, other.role)


def _pairs(value: object) -> list[ChannelPair]:
    read = [(item, _pair(item)) for item in _items(value)]
    for item, pair in read:
        if pair is None:
            name = item.get("id") if isinstance(item, dict) else None
            log.warning("The stored pair %s cannot be read and is passed over.", name)
    pairs = [pair for _, pair in read if pair is not None]
    by_id = {pair.id: pair for pair in pairs}
    return [_heir(pair, by_id.get(pair.parent or "")) for pair in pairs]


def _heir(pair: ChannelPair, parent: ChannelPair | None) -> ChannelPair:
    """Parts of a pair have its rules: they stand in the store once."""
    return pair if parent is None else replace(pair, rules=parent.rules, own=parent.own)


def _defaults(value: object) -> Rules:
    try:
        return Rules.from_value(value) if isinstance(value, Mapping) else NO_RULES
    except (KeyError, TypeError, ValueError, AttributeError, BadPattern):
        log.warning("The stored default rules of a person cannot be read and are passed over.")
        return Rules()


def _unreadable(value: object) -> list[Any]:
    """What this version cannot read is kept as it is: a newer one may."""
    return [item for item in _items(value) if _pair(item) is None]


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _pair(item: Any) -> ChannelPair | None:
    try:
        return ChannelPair.from_value(item)
    except (KeyError, TypeError, ValueError, AttributeError, BadPattern):
        return None
