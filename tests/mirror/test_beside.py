"""Rules beside the loop: one thread for each person, whatever they write; nobody else waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bybot.mirror.beside import beside
from bybot.mirror.planner import judged
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Matching
from tests.mirror.rules.posts import message


async def test_a_person_has_one_thread_at_a_time_over_all_accounts_and_others_have_theirs() -> None:
    go, lock, busy = threading.Event(), threading.Lock(), [0]
    most = 0

    def hold() -> None:
        nonlocal most
        with lock:
            busy[0] += 1
            most = max(most, busy[0])
        go.wait(20)
        with lock:
            busy[0] -= 1

    hostile = [asyncio.create_task(beside(user, hold)) for user in ("5", "5~77", "5", "5", "5", "5")]
    assert await asyncio.wait_for(beside("6", lambda: "done"), 10) == "done"
    go.set()
    await asyncio.gather(*hostile)
    assert most == 1


async def test_hostile_patterns_of_one_person_hold_nobody_else_up() -> None:
    hostile = Rules((Matching(r"(x+x+)+y"),))
    posts = [message("x" * 4000, id=n) for n in range(1, 6)]
    work = [asyncio.create_task(beside("5", judged, posts, hostile, "p", False)) for _ in range(3)]
    others = Rules((Matching("sale"),))
    for _ in range(5):
        verdicts = await beside("6", judged, [message("a sale", id=1)], others, "q", False)
        assert not verdicts[1].keep
    assert not all(task.done() for task in work)  # theirs are still at it
    found = await asyncio.gather(*work)
    assert {verdict.why for verdicts in found for verdict in verdicts.values()} == {"timeout"}


async def test_an_error_of_the_work_comes_back() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await beside("5", int, "x")
