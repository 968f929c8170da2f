"""The chat's state carries its schema: older ones are migrated once, newer ones are never damaged."""

from __future__ import annotations

from typing import Any

import pytest

from bybot.bot import migrations
from bybot.bot.migrations import MIGRATIONS, READABLE_FROM, SCHEMA, migrated, readable
from bybot.bot.state import COLLECTION, UserStates
from bybot.clock import SystemClock
from bybot.errors import NewerSchema
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Key, Put
from bybot.stores.memory import MemoryStore
from tests.bot.support import WEI, Person, running
from tests.sessions.support import FaultyStore

ME = 5
KEY = Key(COLLECTION, str(ME))


async def stored(store: Any) -> dict[str, Any]:
    document = await store.get(KEY)
    return {} if document is None else dict(document.data)


def test_there_is_one_step_from_each_schema_to_the_next() -> None:
    assert len(MIGRATIONS) + 1 == SCHEMA
    assert 1 <= READABLE_FROM <= SCHEMA
    assert migrated({"data": {"language": "en"}}, "5") == {"language": "en"}  # before schemas were written down
    assert migrated({}, "5") == {}


@pytest.mark.parametrize("schema", [None, 1])
async def test_an_older_state_is_migrated_once(schema: int | None) -> None:
    store = FaultyStore()
    old = {"waiting": False, "data": {"account": "Ann (@ann)", "language": "zh"}}
    await store.commit([Put(KEY, old if schema is None else {**old, "schema": schema})])
    states = UserStates(store)
    assert await states.load(ME) == {"accounts": {"5": "Ann (@ann)"}, "language": "zh"}
    assert await states.save(ME) is True  # nothing else changed: it is written in its new form
    assert await stored(store) == {
        "schema": SCHEMA,
        "readable_from": READABLE_FROM,
        "waiting": False,
        "data": {"accounts": {"5": "Ann (@ann)"}, "language": "zh"},
    }
    before = len(store.commits)
    again = UserStates(store)
    assert await again.load(ME) == {"accounts": {"5": "Ann (@ann)"}, "language": "zh"}
    assert await again.save(ME) is False
    assert len(store.commits) == before


def test_a_dialogue_of_before_is_about_the_first_account() -> None:
    before = {"schema": 1, "data": {"wizard": {"kind": "pair", "step": "target"}}}
    assert migrated(before, "5") == {"wizard": {"account": "5", "kind": "pair", "step": "target"}}
    assert before["data"] == {"wizard": {"kind": "pair", "step": "target"}}


async def test_a_migration_that_is_not_written_happens_again_without_harm() -> None:
    store = FaultyStore()
    await store.commit([Put(KEY, {"schema": 1, "data": {"account": "Ann", "accounts": {"5": "Ann Ash", "5~6": "B"}}})])
    for _ in range(2):
        assert await UserStates(store).load(ME) == {"accounts": {"5": "Ann Ash", "5~6": "B"}}


async def test_a_newer_state_is_refused_by_name_and_stays_as_it_is() -> None:
    store = FaultyStore()
    newer = {"schema": SCHEMA + 1, "readable_from": SCHEMA + 1, "waiting": True, "data": {"x": [1]}}
    await store.commit([Put(KEY, newer)])
    states = UserStates(store)
    for _ in range(2):
        with pytest.raises(NewerSchema) as caught:
            await states.load(ME)
        assert (caught.value.found, caught.value.known) == (SCHEMA + 1, SCHEMA)
    assert await states.save(ME) is False
    assert await stored(store) == newer


async def test_a_newer_state_that_says_so_is_worked_with_and_keeps_what_is_not_known_here() -> None:
    """A rollback by one version: the newer one's names survive, and it goes on with them afterwards."""
    store = FaultyStore()
    newer = {
        "schema": SCHEMA + 1,
        "readable_from": SCHEMA,
        "waiting": False,
        "data": {"language": "en", "new": {"a": 1}},
    }
    await store.commit([Put(KEY, newer)])
    states = UserStates(store)
    state = await states.load(ME)
    assert await states.save(ME) is False
    state["language"] = "zh"
    assert await states.save(ME) is True
    assert await stored(store) == {**newer, "data": {"language": "zh", "new": {"a": 1}}}


async def test_a_person_with_a_newer_state_is_told_and_nothing_is_lost(
    sandbox: Sandbox, wei: Person, control: ControlClient
) -> None:
    store = MemoryStore(SystemClock())
    newer = {"schema": SCHEMA + 5, "waiting": False, "data": {"x": 1}}
    key = Key(COLLECTION, str(WEI))
    await store.commit([Put(key, newer)])
    async with running(sandbox, store):
        await wei.say_and_wait("/start", "更高版本")
    found = await store.get(key)
    assert found is not None
    assert dict(found.data) == newer


def test_numbers_that_are_none_count_as_the_first_schema() -> None:
    for odd in (True, "2", None, -1, 2.0):
        assert migrations.schema_of({"schema": odd}) == 1
    assert readable({"schema": SCHEMA + 1, "readable_from": True}) is False
