"""What counts as somebody's use of a client, and what is the housekeeping of bybot and Telethon.

A client that nobody uses is closed after a while, so the questions that keep it in order must not count. They are
told apart by the context in which a request is made: tasks inherit it, so Telethon's own loops, which are started
while a client connects, are housekeeping for as long as they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_quiet: Final[ContextVar[bool]] = ContextVar("quiet", default=False)


def is_use() -> bool:
    """Is a request that is made here somebody's use of the client?"""
    return not _quiet.get()


@contextmanager
def quietly() -> Iterator[None]:
    """Requests made inside, and in tasks started inside, are housekeeping and no use."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)
