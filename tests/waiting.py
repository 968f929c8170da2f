"""Waiting for a condition, with a bound."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until a condition (a plain or async function) is true, and return its value.

    Raises:
        TimeoutError: it was not within that many seconds.
    """
    async with asyncio.timeout(seconds):
        while True:
            value = condition()
            if inspect.iscoroutine(value):  # a future is a value: somebody else waits for it
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)
