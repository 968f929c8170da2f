"""Random schedules of lost, late and frozen."""

from __future__ import annotations

import pytest

from bybot.errors import Fenced, StoreUnavailable
from bybot.sessions.permit import Permit
from tests.sessions.room import TIMES, Process, Room


@pytest.mark.parametrize("seed", range(25))
async def test_no_schedule_of_lost_late_and_frozen_ever_gives_two_permits_at_once(seed: int) -> None:
    import random

    dice = random.Random(seed)
    room = Room()
    await room.session()
    processes = [await room.process(), await room.process()]
    permits: list[tuple[Permit, int]] = []
    try:
        for _ in range(150):
            event = dice.random()
            if event < 0.08:
                room.store.lose_next += dice.randint(1, 2)
            elif event < 0.16:
                room.store.delay_next += dice.randint(1, 3)
            elif event < 0.22:
                room.store.down = not room.store.down
            elif event < 0.30:
                await room.store.deliver()
            elif event < 0.33:
                room.clock.jump_wall(dice.choice([-20, 5, 45]))
            room.store.down = room.store.down and dice.random() < 0.9
            await room.advance(dice.choice([1, 1, 3, 7]))
            for process in processes:
                await try_to_speak(process, permits)
            assert sum(permit.valid for permit, _ in permits) <= 1
        tokens = [token for _, token in permits]
        assert len(set(tokens)) == len(tokens)
        # When all is well again somebody speaks within lease, margin and a look.
        room.store.down, room.store.lose_next, room.store.delay_next = False, 0, 0
        await room.advance(TIMES.seconds + TIMES.margin + 2 * TIMES.renew_every)
        for process in processes:
            await try_to_speak(process, permits)
        assert sum(permit.valid for permit, _ in permits) == 1
    finally:
        room.store.down, room.store.lose_next, room.store.delay_next = False, 0, 0
        for process in processes:
            await process.ownership.stop()


async def try_to_speak(process: Process, permits: list[tuple[Permit, int]]) -> None:
    claims = process.ownership.claims
    if claims is None or not claims.term.alive():
        return
    claim = claims.held.get("1")
    if claim is not None and claim.valid:
        if not any(permit.valid and token == claim.token for permit, token in permits):
            permits.append((claim.permit(), claim.token))
        return
    try:
        taken = await claims.take_one("1")
    except (StoreUnavailable, Fenced):
        return
    if taken is not None:
        permits.append((taken[0].permit(), taken[0].token))
