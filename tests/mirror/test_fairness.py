"""Turns: a huge history holds up neither other pairs of its account nor other people's; measured in requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from bybot.clock import ManualClock
from bybot.mirror import Everything, New, PairState
from bybot.mirror.pacing import OFF, PACES, SAFE, Pace, Pacing, chat_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.seed import find_account
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import post, process, sandbox, store, texts
from tests.sessions.support import ANN, LI_WEI, plant_session, until

__all__ = ["sandbox", "store"]

#: Sends of others that may come between a post and its copy: the one under way, and one that waited before.
BETWEEN = 2
ALONE = Rules(transforms=(Replace("history", "past"),))  # every post of a history is a request of its own


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paced, so that there are turns, but in milliseconds."""
    monkeypatch.setitem(PACES, "off", Pace(per_request=0.004, per_post=0.0, per_part=0.0, burst=0.0))


async def hand_out(pacing: Pacing, clock: ManualClock, names: dict[str, int], posts: dict[str, int]) -> list[str]:
    """The order in which pairs got their turns; each asks for the next one when it had one."""
    order: list[str] = []

    async def pair(name: str) -> None:
        for _ in range(names[name]):
            async with pacing.turn("ForwardMessages", posts=posts.get(name, 1)):
                order.append(name)

    work = [asyncio.create_task(pair(name)) for name in names]
    while not all(task.done() for task in work):
        for _ in range(6):
            await asyncio.sleep(0)
        clock.advance(0.5)
    await asyncio.gather(*work)
    return order


async def test_pairs_of_one_account_take_turns_however_much_one_of_them_has() -> None:
    clock = ManualClock()
    order = await hand_out(Pacing(clock, SAFE), clock, {"huge": 40, "one": 5, "two": 5}, {"huge": 100})
    for name in ("one", "two"):
        places = [at for at, who in enumerate(order) if who == name]
        assert max(after - before for before, after in pairwise(places)) <= 3
    assert len(order) == 50


async def test_a_live_post_waits_for_no_more_than_the_batch_that_is_under_way() -> None:
    clock = ManualClock()
    pacing = Pacing(clock, SAFE)
    history = asyncio.create_task(hand_out(pacing, clock, {"huge": 60}, {"huge": 100}))
    await asyncio.sleep(0)
    for _ in range(20):
        asked = clock.elapsed()
        async with pacing.turn("SendMessage", posts=1):
            waited = clock.elapsed() - asked
        # One batch of a hundred costs six seconds, and what was lent at the beginning is paid back first.
        assert waited <= SAFE.per_post * 100 * 2 + SAFE.burst
    history.cancel()
    await asyncio.gather(history, return_exceptions=True)


async def test_live_posts_of_one_pair_pass_the_history_of_another_of_the_same_account(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ANN)
    more = sandbox.world.create_channel(find_account(sandbox.world, "@liwei"), "More", username="more_news")
    sandbox.world.join(find_account(sandbox.world, "@ann"), more)
    for n in range(400):
        post(sandbox, f"history {n}")
    async with process(sandbox, store) as p:
        live = await p.mirror.add_pair(ANN, "@more_news", "@second_copy", New())
        await until(lambda: state(p.mirror, live.id) == "live")
        await p.mirror.set_default_rules(ANN, ALONE)
        await p.mirror.add_pair(ANN, "@source", "@target", Everything())
        await until(lambda: len(texts(sandbox)) > 5)
        turns = watched(p.mirror._person(ANN).pacing)
        for n in range(5):
            post(sandbox, f"live {n}", to="@more_news")
            await until(lambda n=n: f"live {n}" in texts(sandbox, "@second_copy"))  # type: ignore[misc]
        assert len(texts(sandbox)) < 400
    assert texts(sandbox, "@second_copy") == [f"live {n}" for n in range(5)]
    between = others_between(turns, chat_key(live.target))
    assert len(between) >= 5
    assert max(between) <= BETWEEN


def watched(pacing: Pacing) -> list[tuple[str, str]]:
    """Who asks for a turn and who has it, by target, from now on."""
    log: list[tuple[str, str]] = []
    turn = pacing.turn

    @asynccontextmanager
    async def noted(*keys: str, posts: int) -> AsyncIterator[None]:
        log.append(("asks", keys[-1]))
        async with turn(*keys, posts=posts):
            log.append(("has", keys[-1]))
            yield

    pacing.turn = noted  # type: ignore[method-assign]
    return log


def others_between(log: list[tuple[str, str]], key: str) -> list[int]:
    """How many others had a turn while one waited for it, each time."""
    found, others = [], 0
    for what, who in log:
        if who != key:
            others += what == "has"
        elif what == "asks":
            others = 0
        else:
            found.append(others)
    return found


def state(mirror: object, pair_id: str) -> str:
    person = mirror._person(ANN)  # type: ignore[attr-defined]
    run = person.runs.get(pair_id)
    return "" if run is None or run.engine is None else str(run.engine.phase)


async def test_the_wait_of_one_person_and_the_slow_chat_of_one_pair_hold_up_nobody_else(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    world = sandbox.world
    for user in (ANN, LI_WEI):
        await plant_session(sandbox, store, user, user)
    world.create_channel(find_account(world, "@liwei"), "Third", username="third_copy")
    async with process(sandbox, store) as p:
        await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.add_pair(ANN, "@source", "@second_copy", New())
        await p.mirror.add_pair(LI_WEI, "@source", "@third_copy", New())
        ann = p.mirror._person(ANN).pacing
        slow = next(run.pair for run in p.mirror._person(ANN).runs.values() if run.pair.target.username == "target")
        ann.hold(f"chat {slow.target.id}", 600)
        post(sandbox, "one")
        await until(lambda: texts(sandbox, "@second_copy") == texts(sandbox, "@third_copy") == ["one"])
        assert texts(sandbox) == []
        ann.flooded("ForwardMessages", 600)
        post(sandbox, "two")
        await until(lambda: texts(sandbox, "@third_copy") == ["one", "two"])
        assert texts(sandbox, "@second_copy") == ["one"]
        states = {status.pair.target.username: status.state for status in await p.mirror.list_all(ANN)}
        assert states == {"target": PairState.WAITING, "second_copy": PairState.WAITING}


def test_pacing_is_on_unless_it_is_switched_off_for_the_sandbox() -> None:
    assert not Pacing(ManualClock(), SAFE).unpaced
    assert Pacing(ManualClock(), OFF).unpaced
