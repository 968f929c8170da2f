"""Waiting for a condition, with a bound."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], *, seconds: float = 10.0) -> None:
    """Wait until a condition (a plain or async function) is true; fails after that many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if inspect.isawaitable(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)
