"""Who may speak: leases, claims and permits on a store whose answers are lost, late or missing, and a clock in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bybot.clock import ManualClock
from bybot.errors import Fenced, OwnedElsewhere, StaleWrite, StoreUnavailable
from bybot.sessions.claims import Claims
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import LeaseTimes
from bybot.sessions.model import INSTANCES, LEADER, session_key
from bybot.sessions.ownership import Ownership
from bybot.sessions.permit import Instant, Permit, PermitRevoked, Term
from bybot.stores.base import Condition, Key, Patch, Put
from tests.sessions.support import FaultyStore

TIMES = LeaseTimes(30, 10, 10)


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(60):
        await asyncio.sleep(0)


class Process:
    """One process: its ownership, and what it was told."""

    def __init__(self, store: FaultyStore, clock: ManualClock) -> None:
        self.lease = DocumentLease(store, clock, TIMES, label="p")
        self.gained: list[Claims] = []
        self.lost: list[Claims] = []
        self.adopted: list[str] = []

        async def gained(claims: Claims) -> None:
            self.gained.append(claims)

        async def lost(claims: Claims) -> None:
            self.lost.append(claims)

        async def adopted(owned: object) -> None:
            self.adopted += [claim.user for claim, _ in owned]  # type: ignore[attr-defined]

        self.ownership = Ownership(store, self.lease, clock, gained=gained, lost=lost, adopted=adopted)

    @property
    def active(self) -> bool:
        return self.ownership.active


class Room:
    """A store, a clock, and processes that share both."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = FaultyStore(self.clock)
        self.processes: list[Process] = []

    async def process(self) -> Process:
        process = Process(self.store, self.clock)
        self.processes.append(process)
        process.ownership.start()
        await settle()
        return process

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Move time in steps, letting everybody act in between."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await settle()

    async def session(self, user: str = "1", token: int = 5) -> None:
        await self.store.inner.commit([Put(session_key(user), {"state": "ready", "owner": None, "token": token})])

    async def owner(self, user: str = "1") -> tuple[object, object]:
        document = await self.store.inner.get(session_key(user))
        assert document is not None
        return document.data.get("owner"), document.data.get("token")

    async def instance(self, id_: str) -> object:
        document = await self.store.inner.get(Key(INSTANCES, id_))
        return None if document is None else document.data["state"]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    room.store.down = False
    for process in room.processes:
        await process.ownership.stop()


def term(clock: ManualClock, seconds: float | None = 30) -> Term:
    return Term("me", clock=clock, seconds=seconds, sent=Instant.of(clock))


# Permits and the holder's clock -----------------------------------------------------------------------------------


def test_a_permit_holds_until_its_term_ends_and_never_again() -> None:
    clock = ManualClock()
    held = term(clock)
    permit = Permit(held, "1", 1)
    clock.advance(29.9)
    permit.check()
    clock.advance(0.2)
    with pytest.raises(PermitRevoked):
        permit.check()
    assert held.extend(Instant.of(clock)) is False
    with pytest.raises(PermitRevoked):
        permit.check()


def test_the_term_counts_from_before_the_renewal_was_sent() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.advance(10)
    sent = Instant.of(clock)
    clock.advance(15)  # the answer took that long
    assert held.extend(sent) is True
    assert held.left() == pytest.approx(15)


def test_a_forward_jump_of_the_wall_clock_ends_the_term() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.jump_wall(31)
    assert not held.alive()


def test_a_backward_jump_of_the_wall_clock_does_not_prolong_the_term() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.jump_wall(-1000)
    clock.advance(30)
    assert not held.alive()


def test_an_acknowledgement_after_the_end_does_not_bring_the_term_back() -> None:
    clock = ManualClock()
    held = term(clock)
    clock.advance(29)
    sent = Instant.of(clock)
    clock.advance(2)
    assert held.extend(sent) is False
    assert not held.alive()


def test_revoking_a_permit_aborts_its_connections() -> None:
    class Connection:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    connection = Connection()
    permit = Permit(term(ManualClock()), "1", 1)
    permit.attach(connection)
    permit.revoke()
    assert connection.aborted
    with pytest.raises(PermitRevoked):
        permit.check()


# The lease ----------------------------------------------------------------------------------------------------------


async def test_the_first_process_acts_and_the_second_waits_and_knows_who_holds(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    assert first.active
    assert not second.active
    with pytest.raises(OwnedElsewhere) as caught:
        second.ownership.require()
    assert caught.value.holder == "p"
    assert caught.value.since is not None


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


def freeze(room: Room, process: Process) -> None:
    """No task of this process runs any more."""
    task = process.ownership._task
    assert task is not None
    process.ownership._task = None
    room.processes.remove(process)
    task.cancel()  # its last act is not to write anything: keep() only forgets
    process.ownership.claims = None


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
    claimed, _ = await again.take_one("1") or pytest.fail("not taken")
    assert claimed.token > claim.token
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


# Claims -------------------------------------------------------------------------------------------------------------


async def take(claims: Claims, user: str = "1"):  # type: ignore[no-untyped-def]
    taken = await claims.take_one(user)
    assert taken is not None
    return taken[0]


async def test_a_claim_grows_the_token_and_names_the_owner(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claim = await take(first.gained[0])
    assert claim.token == 6
    assert await room.owner() == (first.gained[0].term.instance, 6)


async def test_a_claim_whose_answer_was_lost_gives_no_permit_until_a_newer_one_is_acknowledged(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claims = first.gained[0]
    room.store.lose_next = 1
    with pytest.raises(StoreUnavailable):
        await claims.take_one("1")
    assert "1" not in claims.held
    assert claims.uncertain == {"1"}
    claim = await take(claims)
    assert claim.token == 7
    assert claims.uncertain == set()


async def test_a_late_claim_is_refused_after_a_newer_one(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claims = first.gained[0]
    room.store.delay_next = 1
    with pytest.raises(StoreUnavailable):
        await claims.take_one("1")
    claim = await take(claims)
    assert claim.token == 6
    assert all(isinstance(outcome, StaleWrite) for outcome in await room.store.deliver())
    assert await room.owner() == (claims.term.instance, 6)


async def test_an_orphan_of_a_late_claim_is_adopted_at_the_next_renewal(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claims = first.gained[0]
    room.store.delay_next = 1
    with pytest.raises(StoreUnavailable):
        await claims.take_one("1")
    await room.store.deliver()
    assert await room.owner() == (claims.term.instance, 6)
    await room.advance(TIMES.renew_every + 1)
    assert first.adopted == ["1"]
    assert claims.held["1"].token == 7


async def test_a_session_of_a_dead_process_is_claimed_by_the_next(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    await room.session()
    old = await take(first.gained[0])
    freeze(room, first)
    await room.advance(60)
    new = await take(second.gained[0])
    assert new.token == old.token + 1


async def test_a_session_of_a_living_process_is_not_claimed(room: Room) -> None:
    first = await room.process()
    await room.session()
    other = Key(INSTANCES, "other")
    facts = {"state": "alive", "renewed_at": await room.store.now(), "lease_seconds": 30, "margin_seconds": 10}
    await room.store.commit([Put(other, facts, if_=Condition.ABSENT)])
    await room.store.commit([Patch(session_key("1"), {"owner": "other"})])
    assert await first.gained[0].take_one("1") is None


async def test_a_write_of_a_former_owner_is_refused(room: Room) -> None:
    first = await room.process()
    second = await room.process()
    await room.session()
    claims = first.gained[0]
    old = await take(claims)
    permit = old.permit()
    freeze(room, first)
    await room.advance(60)
    await take(second.gained[0])
    with pytest.raises(Fenced):
        await claims.save(old, {"session_data": b"stale"})
    assert not permit.valid
    document = await room.store.get(session_key("1"))
    assert document is not None
    assert "session_data" not in document.data


async def test_a_save_whose_answer_was_lost_does_not_fence_its_own_process(room: Room) -> None:
    first = await room.process()
    await room.session()
    claims = first.gained[0]
    claim = await take(claims)
    room.store.lose_next = 1
    with pytest.raises(StoreUnavailable):
        await claims.save(claim, {"note": 1})
    await claims.save(claim, {"note": 2})
    document = await room.store.get(session_key("1"))
    assert document is not None
    assert document.data["note"] == 2
    assert claim.valid


async def test_a_late_save_does_not_overwrite_a_newer_one(room: Room) -> None:
    first = await room.process()
    await room.session()
    claims = first.gained[0]
    claim = await take(claims)
    room.store.delay_next = 1
    with pytest.raises(StoreUnavailable):
        await claims.save(claim, {"note": "old"})
    await claims.save(claim, {"note": "new"})
    assert all(isinstance(outcome, StaleWrite) for outcome in await room.store.deliver())


async def test_the_token_survives_deletion(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claims = first.gained[0]
    claim = await take(claims)
    await claims.bury("1", {"state": "deleted"})
    assert not claim.valid
    assert await room.owner() == (None, 7)
    assert await claims.take_one("1") is None
    again = await claims.create("1", {"state": "ready"})
    assert again.token == 8


async def test_many_sessions_are_claimed_in_few_commits_although_one_is_disputed(room: Room) -> None:
    first = await room.process()
    for user in range(40):
        await room.session(str(user))
    documents = await room.store.query("user_sessions")
    await room.store.inner.commit([Patch(session_key("7"), {"note": "moved"})])
    room.store.commits.clear()
    taken = await first.gained[0].take(documents)
    assert len(taken) == 40
    assert len(room.store.commits) < 14


async def test_a_second_client_of_a_claim_makes_the_first_one_mute(room: Room) -> None:
    first = await room.process()
    await room.session()
    claim = await take(first.gained[0])
    one, two = claim.permit(), claim.permit()
    assert not one.valid
    assert two.valid


# A random walk ------------------------------------------------------------------------------------------------------


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
