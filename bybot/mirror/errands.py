"""What a person asked a pair for, carried out before it copies on: filling in what is missing, and undoing it all.

Both want that nothing is uncertain: Telegram answers a repeated random id with the first copy, for ever, so a second
copy needs a new epoch, and a post that may have been sent under the old one must not be sent under the new one. So
the uncertain window is repeated first. Then, in one durable write, the epoch is raised and the ids are noted. From
there on each post or album goes alone: after a stop it is repeated as it was, and shares a request with no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bybot.mirror.copies import Copies
from bybot.mirror.flag import Flag
from bybot.mirror.journal import Journal
from bybot.mirror.planner import Unit, units_of
from bybot.mirror.reader import ALBUM_PARTS, Reader

_IDS: Final = 100


@dataclass
class Errands:
    """Of one pair, on one connection.

    Attributes:
        source: reads the source.
        handle: copies messages that may be new.
        send_alone: copies messages, each post by itself, whether they were copied or not.
        land: waits until nothing is under way.
        mend: finds the copies again that lost parts of the map named.
        find_gone: finds the copies of posts that are gone, and that nobody noted.
        ask: the copy that has the random id of a post, as it is sent now, if any; sends nothing.
        use_epoch: what is sent from now on goes with the random ids of this epoch.
        stopping: set when the work shall end.
    """

    journal: Journal
    source: Reader
    copies: Copies
    handle: Callable[[Sequence[Any]], Awaitable[None]]
    send_alone: Callable[[Sequence[Any]], Awaitable[None]]
    land: Callable[[], Awaitable[None]]
    use_epoch: Callable[[int], None]
    mend: Callable[[], Awaitable[None]]
    find_gone: Callable[[], Awaitable[None]]
    ask: Callable[[int], Awaitable[int | None]]
    stopping: Flag

    async def run(self) -> bool:
        """Carry out what is noted. Returns whether all was undone. Raises as the sender and the reader do."""
        await self._settle_doubt()
        await self._fill_in()
        return self.journal.orders.undo and not self.stopping.is_set() and await self._undo()

    async def _settle_doubt(self) -> None:
        """Repeat what may have been sent before, and nothing else."""
        until = self.journal.uncertain_until
        async with self.source.batches(self.journal.cursor.mark) as batches:
            async for batch in batches:
                units = [unit for unit in units_of(batch.messages) if unit.last_id <= until]
                await self.handle(_messages(units))
                if batch.messages[-1].id > until or self.stopping.is_set():
                    break
        await self.land()

    async def _fill_in(self) -> None:
        """Copy once more what was asked for."""
        orders = self.journal.orders
        try:
            while (orders.wanted or orders.asked) and not self.stopping.is_set():
                if not orders.wanted:
                    await self.journal.raise_epoch()
                self.use_epoch(self.journal.epoch)
                await self._fill_some(sorted(orders.wanted)[: _IDS + ALBUM_PARTS])
                await self.journal.flush()
        finally:
            self.use_epoch(self.journal.base)

    async def _fill_some(self, ids: Sequence[int]) -> None:
        """The first hundred of these. An album is never cut, so that a repeat asks for the same."""
        found = await self.source.by_ids(ids)
        border = ids[min(len(ids), _IDS) - 1]
        units = [unit for unit in units_of([found[id_] for id_ in ids if id_ in found]) if unit.ids[0] <= border]
        await self._note_gone([id_ for id_ in ids if id_ not in found])
        await self.send_alone(_messages(units))
        await self.land()

    async def _note_gone(self, ids: Sequence[int]) -> None:
        """These are no posts any more; an earlier connection may have copied them before they went."""
        for source_id in ids:
            copy = await self.ask(source_id) if self.journal.contested_until else None
            if copy is None:
                self.journal.skipped([source_id], "gone")
            else:
                await self.journal.load([source_id])
                self.journal.copied({source_id: copy})

    async def _undo(self) -> bool:
        """Delete all copies, then make the pair as if it were new. False: stopped before."""
        journal = self.journal
        await self.find_gone()
        for number in journal.map.numbers:
            await journal.map.pairs_of(number)  # what is lost shows when it is read
        if journal.map.lost:
            await self.mend()
        for number in reversed(journal.map.numbers):
            removed = 0
            copies = [target_id for _, target_id in await journal.map.pairs_of(number)]
            for at in range(0, len(copies), _IDS):
                if self.stopping.is_set():
                    return False
                removed += await self.copies.remove(copies[at : at + _IDS])
            journal.counts.undone += removed
            journal.map.drop(number)
            await journal.flush()
        await journal.begin_again()
        return True


def _messages(units: Sequence[Unit]) -> list[Any]:
    return [message for unit in units for message in unit.messages]
