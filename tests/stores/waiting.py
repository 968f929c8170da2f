"""Waiting for a condition, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool]], within: float = 5.0) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it does not within that many seconds.
    """
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what is waited for is beyond a socket and sets no event
            await asyncio.sleep(0.02)
