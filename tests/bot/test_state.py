"""The durable state of the chat: loaded before handlers, written when changed, never overwritten unseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telegram import Update

from bybot.bot.processor import OrderedPerUser
from bybot.bot.profile import Profiles
from bybot.bot.state import UserStates
from bybot.bot.timeouts import Timeouts
from bybot.bot.wizard import Wizard
from bybot.clock import ManualClock, SystemClock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.ids import user_key
from bybot.stores.base import Committed, Condition, Document, Key, Patch, Put, Store, Write
from bybot.stores.local import LocalFileStore
from bybot.stores.memory import MemoryStore

NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


class Counting(MemoryStore):
    """A memory store that counts commits and can be away."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.commits = 0
        self.away = False

    async def get(self, key: Key) -> Document | None:
        if self.away:
            raise StoreUnavailable("away")
        return await super().get(key)

    async def commit(self, writes: Sequence[Write]) -> Committed:
        if self.away:
            raise StoreUnavailable("away")
        self.commits += 1
        return await super().commit(writes)


@pytest.fixture(params=["memory", "local"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = (
        MemoryStore(SystemClock()) if request.param == "memory" else LocalFileStore(tmp_path, "test", SystemClock())
    )
    await store.open()
    yield store
    await store.close()


async def test_a_state_survives_a_restart_unchanged(store: Store) -> None:
    states = UserStates(store)
    state = await states.load(5)
    content = {"n": 1, "text": "伟", "when": NOW, "nested": {"list": [1, None, True, 2.5]}}
    state.update(content)
    assert await states.save(5)
    assert await UserStates(store).load(5) == content
    assert await UserStates(store).load(6) == {}


async def test_an_unchanged_state_costs_no_write_and_an_emptied_one_is_deleted() -> None:
    store = Counting()
    states = UserStates(store)
    state = await states.load(5)
    assert not await states.save(5)
    state["a"] = 1
    assert await states.save(5)
    assert not await states.save(5)
    state.clear()
    assert await states.save(5)
    assert store.commits == 2
    assert await store.get(Key("bot_states", user_key(5))) is None
    state["a"] = 2
    assert await states.save(5)


async def test_a_failed_load_never_overwrites_what_is_stored() -> None:
    store = Counting()
    first = UserStates(store)
    (await first.load(5))["kept"] = True
    await first.save(5)
    second = UserStates(store)
    store.away = True
    with pytest.raises(StoreUnavailable):
        await second.load(5)
    store.away = False
    assert not await second.save(5)
    assert await second.load(5) == {"kept": True}


async def test_a_state_that_another_process_moved_is_not_overwritten(store: Store) -> None:
    one, two = UserStates(store), UserStates(store)
    (await one.load(5))["who"] = "one"
    (await two.load(5))["who"] = "two"
    await one.save(5)
    with pytest.raises(StaleWrite):
        await two.save(5)
    assert await two.load(5) == {"who": "one"}


async def test_a_value_that_cannot_be_stored_is_refused_by_name_and_forgotten(store: Store) -> None:
    states = UserStates(store)
    state = await states.load(5)
    state["good"] = 1
    await states.save(5)
    state["bad"] = object()
    with pytest.raises(ValueError, match="bad"):
        await states.save(5)
    assert state == {"good": 1}


async def test_people_with_a_dialogue_are_found_after_a_restart(store: Store) -> None:
    states = UserStates(store)
    for user_id in (5, 6):
        (await states.load(user_id))["n"] = 1
    Wizard("login", "code", NOW, message=7, facts={"length": 5}).save(await states.load(6))
    await states.save(5)
    await states.save(6)
    later = UserStates(store)
    assert await later.waiting() == [6]
    wizard = Wizard.of(await later.load(6))
    assert wizard is not None
    assert (wizard.kind, wizard.step, wizard.deadline, wizard.message) == ("login", "code", NOW, 7)


def update_of(user_id: int, number: int = 1) -> Update:
    message = {
        "message_id": number, "date": 0, "text": "x", "chat": {"id": user_id, "type": "private"},
        "from": {"id": user_id, "is_bot": False, "first_name": "A"},
    }  # fmt: skip
    update = Update.de_json({"update_id": number, "message": message}, None)
    assert update is not None
    return update


async def test_a_hundred_increments_of_one_person_make_a_hundred_and_others_do_not_wait() -> None:
    states = UserStates(MemoryStore(SystemClock()))
    processor = OrderedPerUser(states)
    stuck, other_done = asyncio.Event(), asyncio.Event()

    async def increment() -> None:
        state = await states.load(5)
        value = state.get("n", 0)
        await asyncio.sleep(0)
        state["n"] = value + 1

    async def wait() -> None:
        await stuck.wait()

    async def other() -> None:
        other_done.set()

    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(processor.process_update(update_of(5, number), increment()))
        group.create_task(processor.process_update(update_of(5, 100), wait()))
        group.create_task(processor.process_update(update_of(6, 101), other()))
        async with asyncio.timeout(5):
            await other_done.wait()
        stuck.set()
    assert (await states.load(5))["n"] == 100


async def test_no_handler_runs_when_the_state_cannot_be_loaded_and_the_hook_is_told() -> None:
    store = Counting()
    store.away = True
    processor = OrderedPerUser(UserStates(store))
    told: list[Exception] = []
    ran: list[int] = []

    async def report(_update: object, error: Exception) -> None:
        told.append(error)

    async def handle() -> None:
        ran.append(1)

    processor.report = report
    await processor.process_update(update_of(5), handle())
    assert ran == []
    assert [type(error) for error in told] == [StoreUnavailable]


async def test_a_failed_save_reaches_the_hook() -> None:
    store = Counting()
    states = UserStates(store)
    processor = OrderedPerUser(states)
    told: list[Exception] = []

    async def report(_update: object, error: Exception) -> None:
        told.append(error)

    async def handle() -> None:
        (await states.load(5))["n"] = 1
        store.away = True

    processor.report = report
    await processor.process_update(update_of(5), handle())
    assert [type(error) for error in told] == [StoreUnavailable]


async def test_a_profile_leaves_the_other_fields_of_its_document_alone(store: Store) -> None:
    key = Key("users", user_key(5))
    await store.commit([Put(key, {"channel_pairs": [{"id": "a"}]}, Condition.ABSENT)])
    profiles = Profiles(store)
    await profiles.consent(5, NOW)
    await store.commit([Patch(key, {"channel_pairs": [{"id": "b"}]})])
    await profiles.set_language(5, "zh")
    document = await store.get(key)
    assert document is not None
    assert document.data["channel_pairs"] == [{"id": "b"}]
    again = await Profiles(store).get(5)
    assert (again.language, again.consented, again.consent_at) == ("zh", True, NOW)


async def test_timeouts_come_by_themselves_in_the_order_of_their_deadlines() -> None:
    clock = ManualClock()
    timeouts = Timeouts(clock)
    expired: list[int] = []

    async def expire(user_id: int) -> None:
        expired.append(user_id)
        if user_id == 1:
            raise RuntimeError("one failing stops no other")

    timeouts.expire = expire
    task = asyncio.create_task(timeouts.run())
    try:
        for user_id, seconds in ((1, 10), (2, 20), (3, 30)):
            timeouts.set(user_id, clock.now() + timedelta(seconds=seconds))
        timeouts.clear(2)
        for _ in range(4):
            await _settle()
            clock.advance(10)
        await _settle()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert expired == [1, 3]


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
