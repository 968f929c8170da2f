"""The supervisor's calls about what a target lacks or has twice, and about undoing it all."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from typing import Any, Final

from bybot.errors import BybotError, PairNotFound, StaleWrite
from bybot.mirror import chats
from bybot.mirror.audit import Audit
from bybot.mirror.auditor import LAST, WINDOW, Auditor, sample_start
from bybot.mirror.calls import Calls
from bybot.mirror.copies import Copies
from bybot.mirror.copymap import CopyMap
from bybot.mirror.engine import Engine
from bybot.mirror.figures import Figures, figures_of
from bybot.mirror.journal import Journal
from bybot.mirror.model import ChannelPair, NoticeKind
from bybot.mirror.reader import Reader
from bybot.mirror.runs import NO_IDS
from bybot.mirror.sender import Unsure

log = logging.getLogger(__name__)

#: Seconds between two looks at a part of every pair.
SAMPLE_SECONDS: Final = 1_800.0


class AuditCalls(Calls):
    """A part of :class:`bybot.mirror.supervisor.Supervisor`."""

    async def audit(self, user: int | str, pair_id: str, last: int = LAST) -> Audit:
        """Compare a pair's target with its source. Nothing is sent.

        Args:
            last: so many messages of the source.

        Raises:
            PairNotFound, StoreUnavailable, SessionError, ChatNotReadable: as they say.
        """
        pair = await self._book.get(user, pair_id)
        async with self._client(user) as client:
            return await self._audit(pair, client, last)

    async def _audit(self, pair: ChannelPair, client: Any, last: int) -> Audit:
        protected = (await chats.refresh(client, pair.source)).protected
        auditor = await self._auditor(pair, client, protected=protected)
        found = await auditor.last(last)
        engine = self._engine(pair)
        if engine is not None:
            engine.journal.audited(found.missing, found.doubled)
        return found

    async def _auditor(self, pair: ChannelPair, client: Any, *, protected: bool) -> Auditor:
        pacing = self._person(pair.user).pacing
        siblings = [each for each in await self._book.all() if each.target.id == pair.target.id and each.id != pair.id]
        return Auditor(
            pair,
            Reader(client, chats.input_peer(pair.source), pacing),
            Reader(client, chats.input_peer(pair.target), pacing),
            await self._memory(pair),
            protected,
            [await self._map(sibling) for sibling in siblings],
        )

    def _engine(self, pair: ChannelPair) -> Engine | None:
        """The pair's engine, while its journal is open."""
        for person in self._people.values():
            run = person.runs.get(pair.id)
            if run is not None and run.open_engine is not None:
                return run.open_engine
        return None

    async def _memory(self, pair: ChannelPair) -> Journal:
        engine = self._engine(pair)
        if engine is not None:
            return engine.journal
        journal = Journal(self._store, pair.id, "audit", self._clock)
        try:
            await journal.read()
        except StaleWrite as error:
            raise PairNotFound("There is no such pair.") from error
        return journal

    async def _map(self, pair: ChannelPair) -> CopyMap:
        try:
            return (await self._memory(pair)).map
        except PairNotFound:
            return CopyMap(self._store, pair.id)

    async def fill_in(self, user: int | str, pair_id: str, last: int = LAST) -> int:
        """Copy what is missing once more, before anything else. Raises as :meth:`audit`.

        Returns:
            So many posts are filled in, as soon as the pair runs.
        """
        missing = (await self.audit(user, pair_id, last)).missing
        if missing:
            person = self._person(user)
            await person.order(pair_id, lambda orders: orders.ask(missing))
            await person.start()
        return len(missing)

    async def remove_doubles(self, user: int | str, pair_id: str, last: int = LAST) -> int:
        """Delete second copies from the target; the first ones stay. Raises as :meth:`audit`, and:

        Raises:
            ChatNotWritable, AccountLimited: the account may not delete there.
            StoreUnavailable: as it says.

        Returns:
            How many were deleted.
        """
        pair = await self._book.get(user, pair_id)
        async with self._client(user) as client:
            doubled = (await self._audit(pair, client, last)).doubled
            try:
                removed = await Copies(client, pair, self._person(user).pacing).remove(doubled)
            except Unsure as error:
                raise ConnectionError("no answer to a deletion") from error
        engine = self._engine(pair)
        if engine is not None:
            engine.journal.audited(engine.journal.missing, engine.journal.doubled - set(doubled))
        return removed

    async def undo(self, user: int | str, pair_id: str) -> None:
        """Delete all copies of a pair, its tasks and comments, or of one task, which takes its time, and pause it.

        Resumed, it copies from its beginning.

        Raises:
            PairNotFound, StoreUnavailable, SessionError: as they say.
        """

        def noted(orders: Any) -> None:
            orders.undo, orders.undone, orders.asked = True, False, NO_IDS  # what is wanted may have been sent

        await self._book.get(user, pair_id)
        async with self._client(user):
            person = self._person(user)
            children = await self._book.children(user, pair_id)
            parts = [pair_id, *(child.id for child in children if child.ended != "undone")]
            for each in parts:
                await person.order(each, noted)
            await self._book.change(user, parts, lambda pair: replace(pair, ended=None, enabled=True, along=False))
            await person.start()

    # Samples --------------------------------------------------------------------------------------------------

    def figures(self) -> Figures:
        """Numbers about the pairs that run here."""
        runs = [run for person in self._people.values() for run in person.runs.values()]
        return figures_of(engine for run in runs if (engine := run.running_engine) is not None)

    async def sample_for_ever(self) -> None:
        """Compare a part of every live pair at long intervals, until cancelled."""
        while True:
            await self._clock.sleep(SAMPLE_SECONDS)
            await self.sample_all()

    async def sample_all(self) -> None:
        """Compare a hundred ids of every live pair, chosen at random, and tell what is missing or double."""
        for person in list(self._people.values()):
            for engine in [run.engine for run in person.runs.values() if run.engine is not None]:
                if engine.phase != "live" or engine.pair.role == "comments":  # most of a group is no comment
                    continue
                try:
                    await self._sample(engine)
                except (BybotError, OSError) as error:
                    log.info("pair %s: not compared (%s)", engine.pair.id, type(error).__name__)
                except Exception:  # one pair's trouble is none of the others'
                    log.exception("pair %s: comparing it failed", engine.pair.id)

    async def _sample(self, engine: Engine) -> None:
        journal = engine.journal
        first = sample_start(journal, random.randint)
        if first is None:
            return
        async with self._client(engine.pair.user) as client:
            auditor = await self._auditor(engine.pair, client, protected=engine.protected)
            found = await auditor.window(first)
        if journal.sampled(range(first, first + WINDOW), found.missing, found.doubled):
            engine.tell.once(NoticeKind.GAPS, missing=len(found.missing), doubled=len(found.doubled))
