"""What is to be sent of some messages, and how: the rules, then the links, then the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import is_
from typing import Any

from bybot.clock import Clock
from bybot.mirror.beside import beside
from bybot.mirror.comments import Threads
from bybot.mirror.journal import Journal
from bybot.mirror.links import Links, may_name
from bybot.mirror.living import made_anew
from bybot.mirror.model import ChannelPair
from bybot.mirror.planner import Plan, Unit, is_service, judged, plan, reply_target, sort_out, units_of
from bybot.mirror.protection import Protection
from bybot.mirror.requests import can_reply_with, carries_files
from bybot.mirror.rules.book import Verdict, Written
from bybot.mirror.rules.post import takes_text
from bybot.mirror.seen import duplicates_rule, note_all, without_repeats

Verdicts = Mapping[int, Verdict] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules make of messages, by the last ids of their posts, found out before it is their turn.

    Attributes:
        protected: whether the source forbade forwarding then.
    """

    messages: Sequence[Any]
    protected: bool
    verdicts: Mapping[int, Verdict]

    def holds(self, messages: Sequence[Any], protected: bool) -> bool:
        """Whether it is about exactly these."""
        same = len(messages) == len(self.messages) and all(map(is_, messages, self.messages))
        return same and protected == self.protected


@dataclass(frozen=True, slots=True)
class Drafting:
    """Of one pair."""

    pair: ChannelPair
    journal: Journal
    protection: Protection
    links: Links
    clock: Clock
    threads: Threads | None = None

    async def judge(self, messages: Sequence[Any]) -> Judged | None:
        """What the rules make of messages; it depends on nothing else. None: there are no rules."""
        rules, protected = self.pair.rules, self.protection.on
        if not rules.touches:
            return None
        verdicts = await beside(self.pair.user, judged, messages, rules, self.pair.id, protected)
        return Judged(messages, protected, verdicts)

    async def verdicts(self, messages: Sequence[Any], known: Judged | None = None) -> Verdicts:
        """What becomes of the posts, by their last ids; None: all go as they are.

        Args:
            known: what the rules make of them, if that was found out already.
        """
        rules, protected = self.pair.rules, self.protection.on
        verdicts: Verdicts = None
        if known is not None and known.holds(messages, protected):
            verdicts = known.verdicts
        elif (now := await self.judge(messages)) is not None:
            verdicts = now.verdicts
        elif not any(may_name(m.message, m.entities) for m in messages if not is_service(m)):
            return None
        posts = sort_out(messages, Plan(), chat_protected=protected)
        if verdicts is not None and (rule := duplicates_rule(rules.filters)) is not None:
            verdicts = await beside(self.pair.user, without_repeats, posts, verdicts, self.journal.seen.copy(), rule)
        return await self._linked(posts, verdicts)

    async def _linked(self, posts: Sequence[Any], verdicts: Verdicts) -> Verdicts:
        """The same, with links to posts that were copied pointing at the copies, where a post can be written anew."""
        made = {id_: each for verdict in (verdicts or {}).values() for id_, each in verdict.texts.items()}
        own = [m for m in posts if m.id not in made and may_name(m.message, m.entities) and takes_text(m)]
        written = {m.id: Written(m.message or "", tuple(m.entities or ())) for m in own}
        written |= {id_: each for id_, each in made.items() if may_name(each.text, each.entities)}
        if not written:
            return verdicts
        changed = await self.links.changed(written, self.journal)
        if not changed:
            return verdicts
        result = dict(verdicts or {})
        for unit in units_of(posts):
            verdict = result.setdefault(unit.last_id, Verdict())
            if verdict.fixed:
                continue
            texts = {id_: changed[id_] for id_ in unit.ids if id_ in changed}
            if texts and can_reply_with(unit):
                result[unit.last_id] = replace(verdict, texts={**verdict.texts, **texts})
        return result

    def _instead(self, unit: Unit) -> int | None:
        return None if self.threads is None else self.threads.instead(unit)

    async def load(self, messages: Sequence[Any], will_copy: Callable[[int], bool]) -> None:
        """Have in memory what :meth:`plan` asks for. Raises StoreUnavailable.

        Args:
            will_copy: whether a source id is under way.
        """
        journal = self.journal
        replied = [to for to in map(reply_target, messages) if to is not None]
        await journal.load([*(message.id for message in messages), *replied])
        await journal.kin.load([to for to in replied if journal.target_of(to) is None and not will_copy(to)])

    def plan(
        self, messages: Sequence[Any], verdicts: Verdicts, will_copy: Callable[[int], bool], alone_until: int
    ) -> Plan:
        """The steps; the journal keeps the messages in mind and knows what is left out.

        Args:
            will_copy: whether a source id is under way.
            alone_until: posts up to this id share no request with others.
        """
        journal = self.journal
        journal.cursor.pin(message.id for message in messages)
        made = plan(
            messages,
            copied=lambda source_id: journal.nearest(source_id) is not None or will_copy(source_id),
            may_reply=can_reply_with,
            uncertain_until=alone_until,
            chat_protected=self.protection.on,
            verdicts=verdicts,
            made_anew=lambda unit: made_anew(unit, self.clock),
            instead=self._instead,
            carries=carries_files if self.pair.rules.files == "upload" else lambda _: False,
        )
        journal.planned(made)
        self.note(messages, verdicts)
        return made

    def note(self, messages: Sequence[Any], verdicts: Verdicts) -> None:
        """These posts are copied, or left out: later ones may be duplicates of them."""
        rule = duplicates_rule(self.pair.rules.filters)
        if rule is None:
            self.journal.seen.clear()
        elif verdicts is not None:
            note_all(messages, verdicts, self.journal.seen, rule)
