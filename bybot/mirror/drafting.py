"""What is to be sent of some messages, and how: the rules, then the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bybot.mirror.journal import Journal
from bybot.mirror.model import ChannelPair
from bybot.mirror.planner import Plan, judged, plan, reply_target
from bybot.mirror.protection import Protection
from bybot.mirror.requests import can_reply_with
from bybot.mirror.rules.book import Verdict

Verdicts = Mapping[int, Verdict] | None


@dataclass(frozen=True)
class Drafting:
    """Of one pair."""

    pair: ChannelPair
    journal: Journal
    protection: Protection

    async def verdicts(self, messages: Sequence[Any]) -> Verdicts:
        """What the rules make of the posts, by their last ids; None: they touch nothing."""
        rules = self.pair.rules
        if not rules.touches:
            return None
        return await asyncio.to_thread(judged, messages, rules, self.pair.id, self.protection.on)

    async def plan(
        self, messages: Sequence[Any], verdicts: Verdicts, will_copy: Callable[[int], bool], alone_until: int
    ) -> Plan:
        """The steps; the journal keeps the messages in mind and knows what is left out. Raises StoreUnavailable.

        Args:
            will_copy: whether a source id is under way.
            alone_until: posts up to this id share no request with others.
        """
        journal = self.journal
        ids = [message.id for message in messages]
        replied = [to for to in map(reply_target, messages) if to is not None]
        await journal.load([*ids, *replied])
        journal.cursor.pin(ids)
        made = plan(
            messages,
            copied=lambda source_id: journal.target_of(source_id) is not None or will_copy(source_id),
            may_reply=can_reply_with,
            uncertain_until=alone_until,
            chat_protected=self.protection.on,
            verdicts=verdicts,
        )
        journal.planned(made)
        return made
