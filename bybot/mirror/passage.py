"""The way of messages that were read: past the rules and the schedule, through the plan, to the sender."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bybot.mirror.drafting import Drafting, Judged, Verdicts
from bybot.mirror.gate import Gate
from bybot.mirror.journal import Journal
from bybot.mirror.moving import check, tells_of_move
from bybot.mirror.planner import units_of
from bybot.mirror.reader import Reader
from bybot.mirror.rebuild import Rebuilder
from bybot.mirror.reconcile import Reconciliation
from bybot.mirror.sender import Sender
from bybot.mirror.telling import Telling

#: Above every id: what is sent once more goes alone.
_ALL: Final = 1 << 62


@dataclass(slots=True)
class Passage:
    """Of one pair, for one connection.

    Attributes:
        target: reads the target.
        look_back: called after every step, to tell how far the pair came.
        doubt: what is known of posts that may have been sent before.
        past_end: something above the last id that is wanted was seen, and everything up to it was handled.
    """

    journal: Journal
    drafting: Drafting
    gate: Gate
    sender: Sender
    target: Reader
    tell: Telling
    look_back: Callable[[], None]
    doubt: Reconciliation = field(init=False)
    past_end: bool = False

    async def handle(self, messages: Sequence[Any], *, now: bool = False, judged: Judged | None = None) -> None:
        """Copy those of these that are not done, as far as the schedule lets them go, or all of them ``now``.

        Args:
            judged: what the rules make of them, if that was found out already.
        """
        journal, end = self.journal, self.journal.end_id
        new = [m for m in messages if m.id not in journal.cursor and (end is None or m.id <= end)]
        fresh = await self.gate.in_place(new)
        verdicts = await self.drafting.verdicts(fresh, judged) if fresh else None
        going = fresh if now else await self.gate.let_through(fresh, verdicts)
        if going:
            left = await self._one_by_one(going, verdicts)
            if left:
                await self._send(left, verdicts, journal.uncertain_until)
        if end is not None and messages and messages[-1].id > end and len(going) == len(fresh) and not self.gate.shut:
            self.past_end = True
        if any(tells_of_move(message) for message in messages) and not self.gate.shut:
            await self.sender.drain()
            await check(self.target.client, self.drafting.pair)

    async def _one_by_one(self, messages: Sequence[Any], verdicts: Verdicts) -> Sequence[Any]:
        """Repeat posts until it is certain what was sent before. Returns the messages that are left."""
        sent = 0
        for unit in units_of(messages):
            if self.doubt.tail is None or unit.last_id > self.journal.uncertain_until or self.sender.stopping:
                break
            await self._send(unit.messages, verdicts, self.journal.uncertain_until)
            await self.sender.drain()
            self.doubt.learn(unit.ids)
            sent += len(unit.messages)
        return messages[sent:]

    async def repeat(self, messages: Sequence[Any]) -> None:
        """Copy these now, whatever the schedule says: they went before. Returns when that was answered."""
        await self.handle(messages, now=True)
        await self.sender.drain()

    async def mend(self) -> None:
        """Find the copies again that a lost part of the map named. Raises as the reader does."""
        doubt = self.doubt
        found = await Rebuilder(self.journal, doubt.source, doubt.copies, self.drafting, doubt.ask).run()
        self.tell.rebuilt("map", found)

    async def again(self, messages: Sequence[Any]) -> None:
        """Copy these, each post alone, whether they are done or not."""
        if messages:
            await self._send(messages, await self.drafting.verdicts(messages), _ALL)

    async def _send(self, messages: Sequence[Any], verdicts: Verdicts, alone_until: int) -> None:
        """Give them to the sender."""
        if self.journal.floor is None and self.journal.uncertain_until <= self.journal.cursor.highest:
            self.journal.floor = await self.target.newest()
        await self.drafting.load(messages, self.sender.will_copy)
        if self.journal.map.lost:
            await self.mend()
            await self.drafting.load(messages, self.sender.will_copy)
        made = self.drafting.plan(messages, verdicts, self.sender.will_copy, alone_until)
        self.tell.left_out(made.unsendable, "rules")
        self.tell.lacking(made.headless, "reply")
        await self.sender.feed(made.steps)
        self.look_back()
