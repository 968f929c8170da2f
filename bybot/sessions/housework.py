"""What a process that holds the sessions does by itself: cleaning up, backups, and writing its audit log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bybot.sessions.cleanup import Cleaner, InUse, Plan
from bybot.sessions.core import Core
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import Cleanup
from bybot.sessions.schedule import Job, Schedule
from bybot.stores.base import DELETE_FIELD

log = logging.getLogger(__name__)

_DAY: Final = 86_400.0
_HOUR: Final = 3600.0


@dataclass(frozen=True)
class HouseworkSettings:
    """What is done by itself.

    Attributes:
        cleanup_days: sessions that nobody used for so many days are logged out, a week after a warning; 0: never.
        backup_hours: hours between two backups; 0: none.
    """

    cleanup_days: float = 0.0
    backup_hours: float = 0.0


class Housework:
    """See the module.

    Args:
        backup: makes one; raises a BybotError or OSError when it did not succeed.
    """

    def __init__(
        self, core: Core, desk: LoginDesk, backup: Callable[[], Awaitable[object]], settings: HouseworkSettings
    ) -> None:
        self.settings = settings
        self._core = core
        self.schedule = Schedule(core.store, core.clock, lambda kind, facts: core.supervision.tell(kind, facts=facts))
        self._uses: list[InUse] = []
        self._cleaner = Cleaner(core, desk, self._uses)
        if settings.cleanup_days > 0:
            self.schedule.jobs.append(Job("cleanup", _DAY, self._clean_up))
        if settings.backup_hours > 0:
            self.schedule.jobs.append(Job("backup", settings.backup_hours * _HOUR, backup))

    async def run(self, begin: asyncio.Event) -> None:
        """Do what is due until cancelled, from the moment that the sessions were brought up."""
        await begin.wait()
        await self.schedule.run()

    def keep_while(self, use: InUse) -> Callable[[], None]:
        """Leave sessions alone for which ``await use(user_id)`` names a reason. Returns what ends that."""
        self._uses.append(use)
        return lambda: self._uses.remove(use) if use in self._uses else None

    async def keep(self, user: str) -> None:
        """Somebody wants this session (a user key) to stay: it counts as used now, durably.

        Raises:
            NoSession, SessionRevoked, OwnedElsewhere, StoreUnavailable, TelegramUnreachable: it is not kept.
        """
        await self._core.pool.get(user)
        claim = self._core.pool.require_live(user).claim
        data = {"last_used_at": self._core.clock.now(), "warned_at": DELETE_FIELD, "untold": DELETE_FIELD}
        await self._core.require().save(claim, data)

    async def clean_up(self, days: float, *, dry_run: bool) -> Cleanup:
        """See :meth:`UserSessionManager.cleanup_inactive_sessions`."""
        return await self._cleaner.run(Plan(days, dry_run))

    async def _clean_up(self) -> None:
        report = await self._cleaner.run(Plan(self.settings.cleanup_days, warn=True))
        log.info(
            "Cleanup: %d sessions looked at, %d warned, %d logged out, %d failed.",
            report.checked,
            len(report.warned),
            len(report.removed),
            len(report.failed),
        )
