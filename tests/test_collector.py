"""What lives long is looked at seldom, and what was given up goes all the same."""

from __future__ import annotations

import asyncio
import gc
import weakref

from bybot.clock import ManualClock
from bybot.collector import Collector
from tests.waiting import until


class _Thing:
    def __init__(self) -> None:
        self.itself = self


async def test_what_survived_is_frozen_and_a_given_up_thing_goes_within_an_hour() -> None:
    clock = ManualClock()
    collector = Collector(clock)
    before = gc.get_threshold()
    collector.start()
    try:
        thing = _Thing()
        gone = weakref.ref(thing)
        await asyncio.sleep(0)  # it waits by the clock now
        clock.advance(20)
        await until(lambda: gc.get_freeze_count() > 0)
        del thing
        gc.collect()
        assert gone() is not None
        await asyncio.sleep(0)
        clock.advance(3600)
        await until(lambda: gone() is None)
    finally:
        await collector.stop()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
