"""Reads what an audit compares: the last posts of a pair, or a window of ids anywhere in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bybot.mirror.audit import Audit, compare, wanted_of
from bybot.mirror.beside import beside
from bybot.mirror.copymap import CopyMap
from bybot.mirror.idmap import chunk_of
from bybot.mirror.journal import Journal
from bybot.mirror.model import ChannelPair
from bybot.mirror.planner import Plan, judged, sort_out
from bybot.mirror.reader import HISTORY, PAGE, Reader, history_request

#: Ids of the source that one sample compares.
WINDOW: Final = 100
#: Posts that a person's question compares.
LAST: Final = 1_000
#: The most posts that are compared at once.
MOST: Final = 5_000
_IDS: Final = 100
#: The most messages of a target that one sample asks for.
_SAMPLE_IDS: Final = 200


@dataclass
class Auditor:
    """Of one pair.

    Attributes:
        source, target: readers of both ends.
        known: the pair's memory.
        protected: the source forbids forwarding.
        siblings: the maps of other pairs with the same target.
    """

    pair: ChannelPair
    source: Reader
    target: Reader
    known: Journal
    protected: bool = False
    siblings: Sequence[CopyMap] = ()

    async def last(self, count: int) -> Audit:
        """Compare the last posts, and whatever was found before. Raises as the reader, and StoreUnavailable.

        Args:
            count: messages of the source, at most MOST.
        """
        newest = await self._newest(self.source, self.known.start, min(count, MOST))
        earlier = sorted(self.known.missing - {message.id for message in newest})[-MOST:]
        posts = self._done([*await _all(self.source, earlier), *newest])
        copies = await self.known.map.peek([post.id for post in posts])
        lowest = min(copies.values(), default=None)
        around = [] if lowest is None else await self._newest(self.target, lowest - 1, 2 * min(count, MOST))
        there = {message.id: message for message in around}
        unseen = sorted({*copies.values(), *self.known.doubled} - there.keys())
        there |= {message.id: message for message in await _all(self.target, unseen)}
        found = await self._compare(posts, copies, there)
        named = await self.known.map.named(self.known.doubled)
        doubled = {*found.doubled, *((self.known.doubled & there.keys()) - named)}
        return replace(found, doubled=tuple(sorted(doubled)))

    async def window(self, first: int) -> Audit:
        """Compare a hundred ids from ``first`` on, with two requests. Raises as :meth:`last`."""
        found = await self.source.by_ids(range(first, first + WINDOW))
        posts = self._done(message for _, message in sorted(found.items()))
        copies = await self.known.map.peek([post.id for post in posts])
        if not posts:
            return Audit()
        ids = sorted(set(copies.values()))
        between = range(ids[0], min(ids[-1], ids[0] + _SAMPLE_IDS)) if ids else range(0)
        asked = sorted({*ids, *list(between)[: _SAMPLE_IDS - len(ids)]})
        there = await self.target.by_ids(asked) if asked else {}
        return await self._compare(posts, copies, there)

    async def _newest(self, reader: Reader, above: int, count: int) -> list[Any]:
        """The newest messages above an id, rising."""
        found: list[Any] = []
        offset = 0
        while len(found) < count:
            page = (await reader.ask(history_request(reader.peer, limit=PAGE, offset_id=offset), HISTORY)).messages
            found += [message for message in page if message.id > above]
            if not page or page[-1].id <= above:
                break
            offset = page[-1].id
        return sorted(found[:count], key=lambda message: int(message.id))

    def _done(self, messages: Iterable[Any]) -> list[Any]:
        """Posts that should have copies, as far as the rules are not asked."""
        known = self.known
        done = [m for m in messages if m.id > known.start and m.id in known.cursor and m.id not in known.left_out]
        return sort_out(done, Plan(), chat_protected=self.protected)

    async def _compare(self, posts: list[Any], copies: dict[int, int], there: dict[int, Any]) -> Audit:
        rules, lost = self.pair.rules, self.known.map.lost
        posts = [post for post in posts if chunk_of(post.id) not in lost]  # nobody knows their copies now
        verdicts = None
        if rules.touches:
            verdicts = await beside(self.pair.user, judged, posts, rules, self.pair.id, False)
        own = await self.known.map.named(there)
        others: set[int] = set()
        for sibling in self.siblings:
            others |= await sibling.named(there)
        carried = rules.files == "upload"
        return compare(posts, wanted_of(posts, verdicts), copies, there, own, others, carried=carried)


async def _all(reader: Reader, ids: Sequence[int]) -> list[Any]:
    """Those of these messages that are there, rising."""
    found: dict[int, Any] = {}
    for at in range(0, len(ids), _IDS):
        found |= await reader.by_ids(ids[at : at + _IDS])
    return [message for _, message in sorted(found.items())]


def sample_start(known: Journal, pick: Callable[[int, int], int]) -> int | None:
    """Where a random window begins; None when nothing is done yet.

    Args:
        pick: a number from the first to the last, both included.
    """
    first, last = known.start + 1, known.cursor.mark
    return pick(first, max(first, last - WINDOW + 1)) if last >= first else None
