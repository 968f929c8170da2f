"""Opening again what ended: waits that Telegram asks for are kept, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from bybot.clock import ManualClock
from bybot.errors import BybotError, SessionRevoked, StoreUnavailable, TelegramRefused, TelegramUnreachable
from bybot.sessions.revival import LONGEST_PAUSE, MOST_WAITS, Revival


class Opening:
    """What is opened, and when that was tried."""

    def __init__(self, clock: ManualClock, *answers: BybotError | None) -> None:
        self.tried: list[float] = []
        self._clock = clock
        self._answers = answers

    async def get(self, user: str) -> object:
        self.tried.append(self._clock.elapsed())
        answer = self._answers[min(len(self.tried), len(self._answers)) - 1]
        if answer is not None:
            raise answer
        return user

    @property
    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.tried, self.tried[1:], strict=False)]


async def played(opening: Opening, clock: ManualClock, *, hours: float) -> bool:
    """Let so much time pass; whether it is still being tried then."""

    def spawn(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return asyncio.create_task(work, name=name)

    revival = Revival(opening.get, spawn, clock)
    revival.begin("1")
    for _ in range(int(hours * 3600)):
        for _ in range(4):
            await asyncio.sleep(0)
        clock.advance(1.0)
    going = "1" in revival
    for task in revival._tasks.values():
        task.cancel()
    await asyncio.gather(*revival._tasks.values(), return_exceptions=True)
    return going


async def test_waits_that_telegram_asks_for_are_kept_a_bounded_number_of_times() -> None:
    clock = ManualClock()
    opening = Opening(clock, TelegramUnreachable("flood", retry_after=100.0))
    assert not await played(opening, clock, hours=1)
    assert len(opening.tried) == MOST_WAITS
    assert min(opening.pauses) >= 100.0


@pytest.mark.parametrize(
    "refusal", [TelegramRefused("no", reason="ApiIdInvalid"), SessionRevoked("over", reason="revoked")]
)
async def test_a_permanent_refusal_is_not_asked_again(refusal: BybotError) -> None:
    clock = ManualClock()
    opening = Opening(clock, refusal)
    assert not await played(opening, clock, hours=0.1)
    assert len(opening.tried) == 1


@pytest.mark.parametrize("outage", [TelegramUnreachable("gone"), StoreUnavailable("gone")])
async def test_an_outage_is_waited_for_with_growing_bounded_pauses(outage: BybotError) -> None:
    clock = ManualClock()
    opening = Opening(clock, outage)
    assert await played(opening, clock, hours=0.5)
    assert opening.pauses[0] <= 2.0
    assert all(LONGEST_PAUSE / 2 <= pause <= LONGEST_PAUSE + 1 for pause in opening.pauses[8:])
    assert len(set(opening.pauses[8:])) > 1  # with jitter


async def test_what_works_again_is_left_alone() -> None:
    clock = ManualClock()
    opening = Opening(clock, TelegramUnreachable("gone"), None)
    assert not await played(opening, clock, hours=0.1)
    assert len(opening.tried) == 2
