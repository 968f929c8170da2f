"""Loops that last as long as the right to act: a mistake in one of them ends neither it nor the others."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from bybot.clock import Clock
from bybot.sessions.backoff import Backoff

log = logging.getLogger(__name__)


async def lasting(name: str, work: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Do what does not end by itself, and begin it anew whenever an error ends it.

    Args:
        name: for the log.
        work: begins it; when it returns, it is done.
    """
    backoff = Backoff(1.0, 60.0)
    while True:
        try:
            return await work()
        except Exception:
            log.exception("The %s ended with an error and begins anew.", name)
        await clock.sleep(backoff.next())
