"""Deleting sessions that nobody has used for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from bybot.errors import BybotError
from bybot.sessions.core import Core
from bybot.sessions.deletion import delete
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import FACTS, SESSIONS, Cleanup, SessionRecord


async def cleanup(core: Core, desk: LoginDesk, *, days: float, dry_run: bool) -> Cleanup:
    """See :meth:`UserSessionManager.cleanup_inactive_sessions`."""
    report = Cleanup(dry_run=dry_run)
    limit = core.clock.now() - timedelta(days=days)
    for document in await core.store.query(SESSIONS, fields=FACTS):
        record = SessionRecord.of(document)
        if not record.exists:
            continue
        report.checked += 1
        why = _spare(core, record, limit)
        if why is not None:
            report.skipped[record.user_id] = why
            continue
        if dry_run:
            report.removed.append(record.user_id)
            continue
        try:
            deletion = await delete(core, desk, record.user, reason="inactive")
        except BybotError as error:
            report.failed[record.user_id] = error.message
            continue
        if "session" in deletion.removed:
            report.removed.append(record.user_id)
        if deletion.failures:
            report.failed[record.user_id] = " ".join(deletion.failures)
    return report


def _spare(core: Core, record: SessionRecord, limit: datetime) -> str | None:
    """Why a session is left alone; None when it may go."""
    live = core.pool.live.get(record.user)
    if live is not None and live.in_use:
        return "in use"
    last = record.last_used_at or record.created_at
    if live is not None and live.last_used is not None:
        ago = core.clock.elapsed() - live.last_used
        last = max(last, core.clock.now() - timedelta(seconds=ago)) if last else None
    if record.state is None or last is None:
        return "malformed"
    claims = core.require()
    if record.owner not in (None, claims.term.instance):
        return "leased"
    return "recent" if last >= limit else None
