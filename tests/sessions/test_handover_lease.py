"""The lead goes from one process to a later one, on a store whose answers are lost, late or missing."""

from __future__ import annotations

import pytest

from bybot.errors import StaleWrite
from bybot.sessions.model import LEADER
from bybot.stores.base import Key, Put
from tests.sessions.room import TIMES, Process, Room, freeze

LONG = TIMES.seconds + TIMES.margin + TIMES.renew_every + 1


async def newcomer(room: Room) -> Process:
    process = await room.process()
    process.ownership.ask()
    return process


async def holds(process: Process) -> bool:
    """Does it hold the session, or get it now?"""
    claims = process.gained[-1]
    claim = claims.held.get("1")
    return (claim is not None and claim.valid) or await claims.take_one("1") is not None


async def leader(room: Room) -> dict[str, object]:
    document = await room.store.inner.get(LEADER)
    assert document is not None
    return dict(document.data)


async def test_a_newcomer_that_asked_leads_and_the_older_one_waits_without_asking_back(room: Room) -> None:
    first = await room.process()
    first.ownership.ask()
    await room.session()
    await first.gained[0].take_one("1")
    second = await newcomer(room)
    await room.advance(2 * TIMES.renew_every + TIMES.margin, step=0.2)
    assert (first.active, second.active) == (False, True)
    assert second.ownership.acting
    assert second.adopted == ["1"]
    assert await room.owner() == (second.gained[0].term.instance, 7)
    await room.advance(600, step=5)
    assert (first.active, second.active) == (False, True)
    assert len(first.gained) == len(second.gained) == 1


async def test_a_newcomer_that_did_not_ask_gets_nothing(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    await room.advance(600, step=5)
    assert (first.active, second.active) == (True, False)


async def test_an_older_process_never_asks_a_younger_one(room: Room) -> None:
    older = await room.process()
    room.store.down = True
    await room.advance(TIMES.seconds + 1)
    room.store.down = False
    younger = Process(room.store, room.clock)
    room.processes.append(younger)
    younger.ownership.start()
    older.ownership.ask()
    await room.advance(600, step=5)
    # Whoever was quicker has it; if that is the younger one, the older one leaves it alone.
    assert older.active + younger.active == 1
    if younger.active:
        assert len(younger.gained) == 1


async def test_of_three_processes_the_youngest_ends_up_with_the_lead(room: Room) -> None:
    first = await room.process()
    second = await newcomer(room)
    third = await newcomer(room)
    await room.advance(120, step=0.2)
    assert [process.active for process in (first, second, third)] == [False, False, True]


async def test_a_newcomer_that_died_before_it_was_offered_anything_changes_nothing(room: Room) -> None:
    first = await room.process()
    second = await newcomer(room)
    room.store.matches = lambda writes: any("offered_by" in getattr(w, "data", {}) for w in writes)
    room.store.drop_next = 10_000
    await room.advance(3)
    freeze(room, second)
    await room.advance(600, step=1)
    assert first.active
    assert len(first.gained) == 1


async def test_what_a_newcomer_does_not_accept_is_taken_back_and_it_is_offered_nothing_more(room: Room) -> None:
    first = await room.process()
    second = await newcomer(room)
    await room.advance(3)
    freeze(room, second)  # it looks alive for a while yet
    seen: set[object] = set()
    for _ in range(200):
        await room.advance(0.2, step=0.2)
        seen.add((await leader(room)).get("offered_by"))
        assert first.active
    assert seen == {None, first.gained[0].term.instance}
    assert (await leader(room))["instance"] == first.gained[0].term.instance
    assert "offered_by" not in await leader(room)
    assert len(first.gained) == 1


async def test_an_offer_that_arrives_late_is_defeated_by_the_taking_back(room: Room) -> None:
    first = await room.process()
    second = await newcomer(room)
    await room.advance(3)
    freeze(room, second)
    room.store.matches = lambda writes: any("offered_by" in getattr(w, "data", {}) for w in writes)
    room.store.delay_next = 1000
    await room.advance(TIMES.renew_every + TIMES.margin + 5, step=0.5)
    outcomes = await room.store.deliver()
    assert outcomes
    assert all(isinstance(outcome, StaleWrite) for outcome in outcomes)
    assert (await leader(room))["instance"] == first.gained[0].term.instance
    assert first.active


@pytest.mark.parametrize("kind", ["lose_next", "drop_next", "delay_next"])
@pytest.mark.parametrize("which", ["wanted_by", "offered_by", "given_by", "chat_given", "reserved_for"])
async def test_any_write_of_a_handover_may_lose_its_answer(room: Room, kind: str, which: str) -> None:
    first = await room.process()
    await room.session()
    await first.gained[0].take_one("1")
    second = await newcomer(room)
    room.store.matches = lambda writes: any(
        which in getattr(w, "data", {}) and (which != "given_by" or w.data["given_by"]) for w in writes
    )
    setattr(room.store, kind, 1)
    await room.advance(LONG + TIMES.renew_every, step=0.2)
    await room.store.deliver()
    await room.advance(LONG, step=0.2)
    assert getattr(room.store, kind) == 0, "that write never came"
    assert (first.active, second.active) == (False, True)
    assert second.ownership.acting
    assert await holds(second)
    owner, token = await room.owner()
    assert owner == second.gained[-1].term.instance
    assert token == second.gained[-1].held["1"].token


async def test_the_newcomer_serves_no_chat_before_the_older_one_said_so_or_is_gone(room: Room) -> None:
    first = await room.process()
    room.store.matches = lambda writes: any("chat_given" in getattr(w, "data", {}) for w in writes)
    room.store.drop_next = 10_000
    second = await newcomer(room)
    await room.advance(2 * TIMES.renew_every, step=0.2)
    assert second.active
    assert not second.ownership.acting
    freeze(room, first)
    await room.advance(LONG)
    assert second.ownership.acting


async def test_when_the_newcomer_dies_after_accepting_the_older_one_takes_over_again(room: Room) -> None:
    first = await room.process()
    await room.session()
    await first.gained[0].take_one("1")
    second = await newcomer(room)
    while not second.active:
        await room.advance(0.2, step=0.2)
    freeze(room, second)
    await room.advance(LONG + TIMES.renew_every, step=0.5)
    assert first.active
    assert len(first.gained) == 2
    assert await holds(first)  # what was reserved for the dead one is void


async def test_when_the_older_one_dies_while_giving_its_sessions_are_free_once_it_lapsed(room: Room) -> None:
    first = await room.process()
    await room.session()
    await first.gained[0].take_one("1")
    room.store.matches = lambda writes: any(w.key == Key("user_sessions", "1") for w in writes)
    room.store.drop_next = 10_000
    second = await newcomer(room)
    while not second.active:
        await room.advance(0.2, step=0.2)
    freeze(room, first)
    room.store.drop_next = 0
    assert await second.gained[0].take_one("1") is None
    await room.advance(LONG)
    assert await holds(second)
    assert second.ownership.acting
    assert not second.ownership.taking


async def test_a_reservation_binds_while_its_instance_lives_and_not_longer(room: Room) -> None:
    first = await room.process()
    other = Key("instances", "other")
    alive = {"state": "alive", "renewed_at": room.clock.now(), "lease_seconds": 30.0, "margin_seconds": 10.0}
    session = {"state": "ready", "owner": None, "token": 3, "reserved_for": "other"}
    await room.store.inner.commit([Put(other, alive), Put(Key("user_sessions", "1"), session)])
    assert await first.gained[0].take_one("1") is None
    await room.advance(41)
    await first.gained[0].take_one("1")
    assert first.gained[0].held["1"].valid
    document = await room.store.inner.get(Key("user_sessions", "1"))
    assert document is not None
    assert "reserved_for" not in document.data


async def test_free_sessions_are_found_at_the_next_renewal(room: Room) -> None:
    first = await room.process()
    await room.session()
    await room.advance(TIMES.renew_every + 1)
    assert first.adopted == ["1"]
