"""Logging sessions out that nobody has used for long: at once when an administrator asks, with a warning by schedule.

Mirroring is use, also while it waits. A session in use, or held by another process, is left alone; so is one whose
dates cannot be read, and one that is detached, for it can neither be used nor logged out from here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bybot.errors import BybotError
from bybot.sessions.core import Core
from bybot.sessions.deletion import delete
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import FACTS, SESSIONS, Cleanup, SessionRecord, SessionState
from bybot.sessions.news import NOTICE, NewsKind
from bybot.stores.base import SERVER_TIME

#: Why a user's session is in use, given the user's id, although no client of it may be; None: it is not.
InUse = Callable[[str], Awaitable[str | None]]

#: The daily round does not come at the same second every day.
_SLACK: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Plan:
    """What a round of cleaning up does.

    Attributes:
        days: sessions that nobody used for so long are logged out.
        dry_run: only say what would be done.
        warn: people are told a week before; without it, nobody is told and nobody is spared for that.
    """

    days: float
    dry_run: bool = False
    warn: bool = False

    @property
    def limit(self) -> timedelta:
        return timedelta(days=self.days)

    @property
    def warn_after(self) -> timedelta:
        """A week before the limit; with a short limit, at half of it."""
        return self.limit - min(NOTICE, self.limit / 2)


class Cleaner:
    """See the module.

    Args:
        uses: further reasons why a session is in use.
    """

    def __init__(self, core: Core, desk: LoginDesk, uses: Sequence[InUse] = ()) -> None:
        self._core = core
        self._desk = desk
        self._uses = uses

    async def run(self, plan: Plan) -> Cleanup:
        """See :meth:`UserSessionManager.cleanup_inactive_sessions`."""
        report = Cleanup(dry_run=plan.dry_run)
        for document in await self._core.store.query(SESSIONS, fields=FACTS):
            record = SessionRecord.of(document)
            if not record.exists:
                continue
            report.checked += 1
            try:
                await self._look_at(record, plan, report)
            except BybotError as error:
                report.failed[record.user_id] = error.message
        return report

    async def _look_at(self, record: SessionRecord, plan: Plan, report: Cleanup) -> None:
        last = self._last_use(record)
        why = self._spare(record, last)
        if why is None and last is not None:
            unused = self._core.clock.now() - last
            why = await self._wait_for(record, plan, report, unused, last)
        if why is not None:
            report.skipped[record.user_id] = why
        elif plan.dry_run:
            report.removed.append(record.user_id)
        else:
            await self._remove(record, plan, report)

    async def _wait_for(
        self, record: SessionRecord, plan: Plan, report: Cleanup, unused: timedelta, last: datetime
    ) -> str | None:
        """Why a session that could go stays for now; None: it goes."""
        warns = plan.warn and record.state is SessionState.READY
        if unused <= (plan.warn_after if warns else plan.limit):
            return "recent"
        for use in self._uses:
            reason = await use(record.user_id)
            if reason is not None:
                return reason
        if not warns:
            return None
        if record.warned_at is None or record.warned_at < last:
            if not plan.dry_run:
                await self._warn(record, plan, last)
            report.warned.append(record.user_id)
            return "warned"
        told = self._core.clock.now() - record.warned_at
        return None if unused > plan.limit and told >= NOTICE - _SLACK else "warned"

    def _spare(self, record: SessionRecord, last: datetime | None) -> str | None:
        """Why a session is left alone whatever its age; None when it may go."""
        live = self._core.pool.live.get(record.user)
        if live is not None and live.in_use:
            return "in use"
        if record.state is SessionState.DETACHED:
            return "detached"
        if record.state is None or last is None:
            return "malformed"
        return "leased" if record.owner not in (None, self._core.require().term.instance) else None

    def _last_use(self, record: SessionRecord) -> datetime | None:
        """When somebody last used it, as far as is known here and in the store; at least when it was made."""
        last = record.last_used_at or record.created_at
        live = self._core.pool.live.get(record.user)
        if last is None or live is None or live.last_used is None:
            return last
        ago = self._core.clock.elapsed() - live.last_used
        return max(last, self._core.clock.now() - timedelta(seconds=ago))

    async def _warn(self, record: SessionRecord, plan: Plan, last: datetime) -> None:
        """Write down that the owner is told, and tell. Raises StoreUnavailable, Fenced, OwnedElsewhere."""
        claims = self._core.require()
        claim = claims.held.get(record.user)
        if claim is None:
            taken = await claims.take_one(record.user)
            if taken is None:
                return
            claim = taken[0]
        await claims.save(claim, {"warned_at": SERVER_TIME, "untold": True})
        facts = {"until": max(last + plan.limit, self._core.clock.now() + NOTICE), "days": plan.days}
        self._core.supervision.tell(NewsKind.UNUSED, record.user, facts)

    async def _remove(self, record: SessionRecord, plan: Plan, report: Cleanup) -> None:
        deletion = await delete(self._core, self._desk, record.user, reason="inactive")
        if "session" in deletion.removed:
            report.removed.append(record.user_id)
            if record.state is SessionState.READY:
                self._core.supervision.tell(NewsKind.CLEANED, record.user, {"days": plan.days})
        if deletion.failures:
            report.failed[record.user_id] = " ".join(deletion.failures)
