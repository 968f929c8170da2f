"""What an engine works with while it is awake: made when there is work, and let go while its pair is quiet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bybot.mirror import ending
from bybot.mirror.albums import until_whole
from bybot.mirror.changes import Changes
from bybot.mirror.chats import input_peer
from bybot.mirror.drafting import Drafting
from bybot.mirror.errands import Errands
from bybot.mirror.gate import Gate
from bybot.mirror.lane import ChainedLane, Lane, PacedLane
from bybot.mirror.links import Links
from bybot.mirror.model import NoticeKind
from bybot.mirror.moving import check
from bybot.mirror.pacing import chat_key
from bybot.mirror.passage import Passage
from bybot.mirror.random_ids import random_ids
from bybot.mirror.reader import Reader
from bybot.mirror.reconcile import Reconciliation, Tail
from bybot.mirror.requests import RandomId
from bybot.mirror.sender import Sender
from bybot.mirror.topics import Topics
from bybot.mirror.transfer import Transfer

if TYPE_CHECKING:
    from bybot.mirror.engine import Engine


@dataclass(slots=True)
class Tools:
    """Of one engine, on one connection. ``close`` them in the end."""

    engine: Engine
    reader: Reader
    lane: Lane
    gate: Gate
    changes: Changes
    sender: Sender
    passage: Passage

    @classmethod
    def of(cls, engine: Engine, tail: Tail | None) -> Tools:
        """Make them.

        Args:
            tail: what an earlier set of them knew of the target's end.
        """
        client, pacing = engine.account.client, engine.account.pacing
        reader = Reader(client, input_peer(engine.pair.source), pacing, engine.tell.waits)
        lane: Lane = (ChainedLane if pacing.unpaced else PacedLane)(client)
        random_id = random_ids(engine.pair.id, engine.journal.base, engine.pair.source.id)
        transfer = Transfer(
            engine.account, reader, input_peer(engine.pair.target), engine.protection.ask, engine.tell.waits
        )
        gate = Gate(engine.pair.rules.schedule, engine.journal, engine.clock, engine.ring, engine.threads)
        changes = _changes(engine, reader, random_id, transfer)
        sender = _sender(engine, lane, random_id, transfer)
        passage = _passage(engine, gate, changes, sender, tail)
        return cls(engine, reader, lane, gate, changes, sender, passage)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, held back, or waits for a word of the user."""
        return not self.sender.busy and not self.gate.shut and self.changes.idle

    async def read_on(self, after: int) -> None:
        """Copy everything above an id that is not done yet. Raises as the reader and the sender do.

        What the gate held back meanwhile may go already when this ends, and was still not read: that is another turn's.
        """
        engine, holds = self.engine, self.gate.holds
        self.passage.past_end = False
        async with self.reader.batches(after, self.passage.drafting.judge) as batches:
            async for batch in batches:
                over = engine.stopping.is_set() or engine.at_end() or self.passage.past_end
                if over or self.gate.shut or self.gate.holds > holds:
                    break
                if batch.open_end:
                    await self.sender.drain()
                    async for messages in until_whole(batch.messages, self.reader, engine.clock, engine.patience):
                        await self.passage.handle(messages)
                        if self.gate.holds > holds:
                            break
                else:
                    await self.passage.handle(batch.messages, judged=batch.prepared)
        await self.land()
        if self.gate.holds == holds:
            self.reach_end()

    async def land(self) -> None:
        """Wait for what is under way, and tell how far that came. Raises as the sender does."""
        await self.sender.drain()
        self.engine.look_back()

    def reach_end(self) -> None:
        """Everything up to the newest post was seen: a range with an end may be done with it."""
        engine = self.engine
        if not engine.stopping.is_set() and not self.gate.shut:
            ending.close(engine.journal, engine.clock, past_end=self.passage.past_end)

    def errands(self) -> Errands:
        """What the person asked for, to be carried out with these."""
        return Errands(
            self.engine.journal,
            self.reader,
            self.changes.copies,
            handle=partial(self.passage.handle, now=True),
            send_alone=self.passage.again,
            land=self.land,
            use_epoch=self.use_epoch,
            mend=self.passage.mend,
            find_gone=self._find_gone,
            ask=lambda source_id: self.passage.doubt.ask(source_id, self.sender.random_id),
            stopping=self.engine.stopping,
        )

    async def _find_gone(self) -> None:
        """Find the copies of posts that are gone, also where the target was not looked at yet."""
        doubt = self.passage.doubt
        if doubt.tail is None:
            await doubt.run()
        await doubt.find_gone()

    def use_epoch(self, epoch: int) -> None:
        """Posts go with the random ids of this epoch from now on."""
        pair = self.engine.pair
        self.sender.random_id = random_ids(pair.id, epoch, pair.source.id)

    async def close(self) -> None:
        """What is under way stays uncertain, and nothing rings any more."""
        self.gate.close()
        self.sender.abandon()
        await self.lane.close()


def _changes(engine: Engine, reader: Reader, random_id: RandomId, transfer: Transfer) -> Changes:
    return Changes(
        engine.pair,
        engine.account,
        reader,
        engine.journal,
        engine.clock,
        random_id,
        transfer,
        lacks=engine.tell.lacks,
        lacking=engine.tell.lacking,
        asks=lambda count: engine.report.notice(engine, NoticeKind.BULK_DELETION, {"count": count}),
        on_wait=engine.tell.waits,
    )


def _sender(engine: Engine, lane: Lane, random_id: RandomId, transfer: Transfer) -> Sender:
    pair, client, tell = engine.pair, engine.account.client, engine.tell
    source, target, pacing = input_peer(pair.source), input_peer(pair.target), engine.account.pacing
    assert engine.inbox is not None
    return Sender(
        source=source,
        target=target,
        random_id=random_id,
        lane=lane,
        pacing=pacing,
        ledger=engine.journal,
        chat_key=chat_key(pair.target),
        source_protected=engine.protection.ask,
        topics=Topics(client, source, target, random_id, pacing, tell.waits, tell.lacks),
        on_wait=tell.waits,
        on_answer=engine.inbox.wake,
        on_refused=lambda messages: tell.left_out(messages, "refused"),
        on_lacking=tell.lacking,
        lost_buttons=pair.rules.lost_buttons,
        sabotage=engine.sabotage,
        stopping=engine.stopping.is_set(),
        carry=transfer.carry,
        check_target=partial(check, client, pair, ("target",)),
        may_send=lambda posts: engine.account.allowance.take(posts, tell.day_is_over),
    )


def _passage(engine: Engine, gate: Gate, changes: Changes, sender: Sender, tail: Tail | None) -> Passage:
    journal, copies = engine.journal, changes.copies
    drafting = Drafting(engine.pair, journal, engine.protection, Links(engine.pair), engine.clock, engine.threads)
    passage = Passage(journal, drafting, gate, sender, copies.reader, engine.tell, engine.look_back)
    passage.doubt = Reconciliation(
        journal,
        changes.source,
        copies,
        drafting,
        sender.random_id,
        repeat=passage.repeat,
        shared=engine.shared,
        stopping=engine.stopping,
        tail=tail,
    )
    return passage
