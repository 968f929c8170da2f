"""Rules in threads of their own: what people write as patterns may take its time, and nobody else waits for it.

Every pattern has its limit of time, but a person may have many patterns, pairs and posts. So rules have a few threads
that nothing else uses, and each person has one of them at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from bybot.ids import person_of

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = ThreadPoolExecutor(4, thread_name_prefix="rules")
_TURNS: Final[WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], asyncio.Lock]] = WeakValueDictionary()


async def beside(user: str, work: Callable[P, T], *args: P.args, **facts: P.kwargs) -> T:
    """Carry out rules beside the loop, in the person's turn.

    Args:
        user: whose rules they are: a user key.
        work: a pure function.
    """
    loop = asyncio.get_running_loop()
    turn = _TURNS.setdefault((loop, person_of(user)), asyncio.Lock())
    async with turn:
        return await loop.run_in_executor(_THREADS, lambda: work(*args, **facts))
