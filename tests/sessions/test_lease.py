"""Leases on a store whose answers are lost, late or missing."""

from __future__ import annotations

import pytest

from bybot.errors import Fenced, OwnedElsewhere, StaleWrite, StoreUnavailable
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.model import INSTANCES, LEADER
from bybot.sessions.permit import PermitRevoked
from bybot.stores.base import Key
from tests.sessions.room import TIMES, Process, Room, freeze


async def test_the_first_process_acts_and_the_second_waits_and_knows_who_holds(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    assert first.active
    assert not second.active
    with pytest.raises(OwnedElsewhere) as caught:
        second.ownership.require()
    assert caught.value.holder == "p"
    assert caught.value.since is not None


async def test_somebody_who_only_looks_finds_the_holder_and_where_it_answers_and_writes_nothing(room: Room) -> None:
    looker = DocumentLease(room.store, room.clock, TIMES)
    assert await looker.look() is None
    first = await room.process(address="http://127.0.0.1:8080")
    second = await room.process()
    commits = len(room.store.commits)
    holder = await looker.look()
    assert holder is not None
    assert (holder.label, holder.address) == ("p", "http://127.0.0.1:8080")
    assert len(room.store.commits) == commits
    with pytest.raises(OwnedElsewhere) as caught:
        second.ownership.require()
    assert caught.value.address == "http://127.0.0.1:8080"
    await second.ownership.stop()
    await first.ownership.stop()
    assert await looker.look() is None


async def test_a_holder_that_lapsed_is_no_holder_to_who_looks(room: Room) -> None:
    first = await room.process()
    freeze(room, first)
    await room.advance(TIMES.seconds + TIMES.margin + 1)
    assert await DocumentLease(room.store, room.clock, TIMES).look() is None


async def test_a_healthy_holder_keeps_the_lease_for_hours(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    await room.advance(7200, step=5)
    assert first.active
    assert not second.active
    assert len(first.gained) == 1


async def test_a_released_lease_is_taken_over_soon(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    await first.ownership.stop()
    await room.advance(TIMES.renew_every + 1)
    assert second.active


async def test_a_frozen_process_lost_its_lease_before_another_one_acts(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    claims = first.gained[0]
    freeze(room, first)
    acted_until = acted_from = None
    for _ in range(60):
        await room.advance(1)
        if acted_until is None and not claims.term.alive():
            acted_until = room.clock.elapsed()
        if acted_from is None and second.active:
            acted_from = room.clock.elapsed()
    assert acted_until is not None
    assert acted_from is not None
    assert acted_until <= TIMES.seconds < acted_from
    # Nobody waits for longer than lease, margin and one look.
    assert acted_from <= TIMES.seconds + TIMES.margin + TIMES.renew_every + 1


async def test_a_late_renewal_of_a_process_declared_dead_is_refused(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    instance = first.gained[0].term.instance
    mine = Key(INSTANCES, instance)
    room.store.matches = lambda writes: any(w.key == mine and "renewals" in getattr(w, "data", {}) for w in writes)
    room.store.delay_next = 1000
    await room.advance(TIMES.seconds + TIMES.margin + TIMES.renew_every + 1)
    # Whoever was quicker marked the silent instance dead: the second, or the first under its new name.
    assert first.active + second.active == 1
    assert not first.gained[0].term.alive()
    assert all(isinstance(outcome, StaleWrite) for outcome in await room.store.deliver())
    assert await room.instance(instance) != "alive"


async def test_a_process_that_lost_its_lease_comes_back_as_another_instance_with_new_permits(room: Room) -> None:
    first = await room.process()
    await room.session()
    claims = first.gained[0]
    claim, _ = await claims.take_one("1") or pytest.fail("not taken")
    permit = claim.permit()
    room.store.down = True
    await room.advance(TIMES.seconds + 1)
    assert not first.active
    assert first.lost == [claims]
    with pytest.raises(StoreUnavailable):
        first.ownership.require()
    room.store.down = False
    await room.advance(TIMES.renew_every)
    assert first.active
    again = first.gained[1]
    assert again.term.instance != claims.term.instance
    await again.take_one("1")
    assert again.held["1"].token > claim.token
    with pytest.raises(PermitRevoked):
        permit.check()
    with pytest.raises(Fenced):
        claim.permit()


async def test_an_outage_shorter_than_the_lease_changes_nothing(room: Room) -> None:
    first = await room.process()
    room.store.down = True
    await room.advance(TIMES.seconds - TIMES.renew_every - 2)
    assert first.active
    room.store.down = False
    await room.advance(60)
    assert first.active
    assert len(first.gained) == 1


async def test_renewals_whose_answers_are_lost_do_not_count_but_the_next_does(room: Room) -> None:
    first = await room.process()
    room.store.lose_next = 2
    await room.advance(300)
    assert first.active
    assert len(first.gained) == 1


async def test_a_lease_claim_whose_answer_was_lost_is_claimed_anew_with_a_higher_token(room: Room) -> None:
    room.store.matches = lambda writes: any(w.key == LEADER for w in writes)
    room.store.lose_next = 1
    first = await room.process()
    assert not first.active  # applied, but not acknowledged: not relied on
    leader = await room.store.inner.get(LEADER)
    assert leader is not None
    assert leader.data["token"] == 1
    await room.advance(TIMES.renew_every)
    assert first.active
    leader = await room.store.inner.get(LEADER)
    assert leader is not None
    assert leader.data["token"] == 2


async def test_a_late_claim_of_the_lease_cannot_undo_another_process(room: Room) -> None:
    room.store.matches = lambda writes: any(w.key == LEADER for w in writes)
    room.store.delay_next = 1
    first = await room.process()
    assert not first.active
    second = await room.process()
    assert second.active
    assert all(isinstance(outcome, StaleWrite) for outcome in await room.store.deliver())
    await room.advance(60)
    assert second.active
    assert not first.active


async def test_two_processes_that_start_at_once_leave_one_acting(room: Room) -> None:
    processes = [Process(room.store, room.clock) for _ in range(5)]
    room.processes += processes
    for process in processes:
        process.ownership.start()
    for _ in range(120):
        await room.advance(1)
        assert sum(process.active for process in processes) <= 1
    assert sum(process.active for process in processes) == 1


async def test_a_wall_clock_jump_makes_the_holder_start_over_and_nobody_doubles(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    room.clock.jump_wall(3600)
    for _ in range(60):
        await room.advance(1)
        assert first.active + second.active <= 1
    assert first.active + second.active == 1
