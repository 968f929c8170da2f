"""Claims on sessions: tokens that grow, answers that are lost, orphans, former owners."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bybot.errors import Fenced, StaleWrite, StoreUnavailable
from bybot.sessions.claims import Claims
from bybot.sessions.model import INSTANCES, session_key
from bybot.sessions.updates import chunks
from bybot.stores.base import Condition, Key, Patch, Put
from tests.sessions.room import TIMES, Room, freeze


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


async def test_a_claim_that_is_held_is_not_made_anew_by_another_task_that_read_before(room: Room) -> None:
    first = await room.process()
    await room.session(token=5)
    claims = first.gained[0]
    read_before = await room.store.get(session_key("1"))
    assert read_before is not None
    permit = (await take(claims)).permit()
    assert await claims.take([read_before]) == []
    assert await claims.take_one("1") is None
    assert permit.valid
    assert await room.owner() == (claims.term.instance, 6)


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
    new = second.gained[0].held["1"]
    assert new.valid
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
    assert second.gained[0].held["1"].valid
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
    await claims.lay_down("1", {"state": "deleted"})
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


async def test_two_tasks_that_claim_at_once_make_one_claim(room: Room) -> None:
    first = await room.process()
    await room.session()
    claims = first.gained[0]
    document = await room.store.get(session_key("1"))
    assert document is not None
    one, other = await asyncio.gather(claims.take([document]), claims.take([document]))
    assert [len(one), len(other)] == [1, 0]
    assert claims.held["1"].valid
    assert claims.held["1"].token == 6
    assert await claims.take([document]) == []  # read before it was claimed
    assert claims.held["1"].valid


async def test_an_answer_that_comes_late_does_not_replace_a_newer_claim(room: Room) -> None:
    first = await room.process()
    claims = first.gained[0]
    newer = claims._keep("1", 7, "v2", None)
    older = claims._keep("1", 6, "v1", None)
    assert claims.held["1"] is newer
    assert newer.valid
    assert not older.valid


@pytest.mark.parametrize("released", [True, False])
async def test_a_login_of_the_former_holder_that_is_written_late_is_found(room: Room, released: bool) -> None:
    first, second = await room.process(), await room.process()
    room.store.delay_next = 1
    with pytest.raises(StoreUnavailable):
        await first.gained[0].create("1", {"state": "ready"})
    if released:
        await first.ownership.stop()
        room.processes.remove(first)
    else:
        freeze(room, first)
    while not second.active:
        await room.advance(1)
    assert await room.store.deliver() == [None]
    await room.advance(TIMES.renew_every + 1)
    assert second.adopted == ["1"]
    assert await room.owner() == (second.gained[0].term.instance, 2)


def test_many_updates_go_in_parts_that_one_commit_holds() -> None:
    small: list[Any] = [(None, {"owner": None}) for _ in range(60)]
    assert [len(part) for part in chunks(small)] == [25, 25, 10]
    large: list[Any] = [(None, {"session_data": "x" * 1_500_000}) for _ in range(5)]
    assert [len(part) for part in chunks(large)] == [2, 2, 1]
    assert list(chunks([])) == []
