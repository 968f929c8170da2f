"""The memory of a pair: small documents, a ceiling that is durable before a send, and one holder at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bybot.clock import ManualClock, SystemClock
from bybot.errors import StaleWrite, StoreUnavailable
from bybot.mirror.idmap import CHUNK_IDS
from bybot.mirror.journal import Journal
from bybot.mirror.pairstate import first_state, state_key
from bybot.stores.base import Committed, Condition, Document, Put, Write
from bybot.stores.memory import MemoryStore
from tests.sessions.support import FaultyStore

PAIR = "pair"


async def new_pair(store: MemoryStore | FaultyStore, mark: int = 0, end_id: int | None = None, top_id: int = 0) -> None:
    state = first_state("7", mark, end_id=end_id, top_id=top_id, total=0)
    await store.commit([Put(state_key(PAIR), state, Condition.ABSENT)])


async def opened(store: MemoryStore | FaultyStore) -> Journal:
    journal = Journal(store, PAIR, "test", SystemClock())
    await journal.open()
    return journal


async def stored(store: MemoryStore | FaultyStore) -> Document:
    document = await store.get(state_key(PAIR))
    assert document is not None
    return document


async def test_a_long_history_stays_in_small_documents_and_every_copy_is_found() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    copies = {source: source * 2 + source % 3 for source in range(1, 5 * CHUNK_IDS) if source % 7}
    ids = list(copies)
    for at in range(0, len(ids), 1000):
        batch = ids[at : at + 1000]
        await journal.load(batch)
        journal.copied({source: copies[source] for source in batch})
        await journal.flush()
    assert len(journal.map) <= 4
    await journal.close()
    for document in await store.query("pair_states"):
        assert sum(len(value) for value in document.data.values() if isinstance(value, bytes)) < 100_000
    again = await opened(store)
    assert again.counts.copied == len(copies)
    for source in ids[:: len(ids) // 200]:
        await again.load([source])
        assert again.target_of(source) == copies[source]
    assert again.cursor.highest == ids[-1]


async def test_a_late_copy_goes_into_the_chunk_that_was_stored_before() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    journal.copied({1: 11, 3: 13})
    await journal.close()
    again = await opened(store)
    await again.load([2])
    again.copied({2: 99})
    await again.close()
    last = await opened(store)
    await last.load([1])
    assert [last.target_of(n) for n in (1, 2, 3)] == [11, 99, 13]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(0, 39))
def test_what_may_have_been_sent_is_below_the_stored_ceiling(steps: list[int], crash_at: int) -> None:
    async def run() -> None:
        store = MemoryStore(SystemClock())
        await new_pair(store)
        journal = await opened(store)
        sent = done = 0
        for at, step in enumerate(steps):
            await journal.reserve(sent + step)
            sent += step
            document = await stored(store)
            assert document.data["ceiling"] >= sent
            if at >= crash_at:
                break
            journal.copied({source: source for source in range(done + 1, sent + 1)})
            done = sent
        after = await opened(store)
        assert after.uncertain_until >= sent
        assert all(source not in after.cursor for source in range(done + 1, sent + 1))

    asyncio.run(run())


async def test_a_clean_end_leaves_no_uncertain_window() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    await journal.reserve(5)
    journal.copied({n: n for n in range(1, 6)})
    await journal.close()
    assert (await opened(store)).uncertain_until == 5


async def test_an_end_with_something_in_doubt_keeps_the_window() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    await journal.reserve(9)
    journal.copied({1: 1})
    journal.uncertain(9)
    await journal.close()
    assert (await opened(store)).uncertain_until == 9


async def held(store: MemoryStore | FaultyStore, *, floor: int | None = 7, **start: int | None) -> None:
    """A pair that was begun, and stopped in order. ``floor``: where its target ended, as far as it came to ask."""
    await new_pair(store, **start)  # type: ignore[arg-type]
    journal = await opened(store)
    journal.floor = floor
    await journal.close()


@pytest.mark.parametrize(("end_id", "reserved"), [(None, True), (900, True), (300, False)])
async def test_the_write_that_takes_a_pair_over_reserves_the_first_ids_of_its_history(
    end_id: int | None, reserved: bool
) -> None:
    store = MemoryStore(SystemClock())
    await held(store, mark=300, end_id=end_id, top_id=900)
    journal = await opened(store)
    taken_over = await stored(store)
    assert (taken_over.data["ceiling"] > 300) is reserved
    await journal.reserve(301)
    assert ((await stored(store)).version == taken_over.version) is reserved
    assert journal.uncertain_until == 300


async def test_taking_a_pair_over_without_history_puts_nothing_in_doubt() -> None:
    store = MemoryStore(SystemClock())
    await held(store, mark=900, top_id=900)
    await opened(store)
    assert (await opened(store)).uncertain_until == 900


async def test_nothing_is_reserved_before_it_is_known_where_the_target_ended() -> None:
    store = MemoryStore(SystemClock())
    await held(store, floor=None, mark=300, top_id=900)
    await opened(store)
    assert (await opened(store)).uncertain_until == 300  # after a kill there is no tail to be read, and none is needed


async def test_a_new_pair_is_taken_over_by_the_write_before_its_first_send_which_only_one_holder_can_make() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store, top_id=900)
    begun = await stored(store)
    one, other = await opened(store), await opened(store)
    assert (await stored(store)).version == begun.version
    one.floor = 7
    await one.reserve(1)
    data = (await stored(store)).data
    assert (data["ceiling"] >= 1, data["floor"]) == (True, 7)  # a tail can be read from there, if it dies now
    with pytest.raises(StaleWrite):
        await other.reserve(1)


async def test_the_writes_of_an_older_holder_are_refused() -> None:
    store = MemoryStore(SystemClock())
    await held(store)
    old = await opened(store)
    new = await opened(store)
    old.copied({1: 1})
    with pytest.raises(StaleWrite):
        await old.flush()
    with pytest.raises(StaleWrite):
        await old.reserve(10_000)
    with pytest.raises(StaleWrite):
        await old.close()
    new.copied({1: 1})
    await new.flush()


async def test_a_removed_pair_cannot_be_written_any_more() -> None:
    store = MemoryStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    await journal.remove()
    with pytest.raises(StaleWrite):
        await journal.flush()
    assert await store.get(state_key(PAIR)) is None
    with pytest.raises(StaleWrite):
        await opened(store)


@pytest.mark.parametrize("fault", ["lose_next", "drop_next"])
async def test_a_lost_answer_is_looked_up_and_not_taken_for_another_holder(fault: str) -> None:
    store = FaultyStore()
    await new_pair(store)
    journal = await opened(store)
    journal.copied({1: 1})
    setattr(store, fault, 2)
    await journal.flush()
    journal.copied({2: 2})
    await journal.flush()
    assert (await stored(store)).data["mark"] == 2


async def test_while_the_store_is_away_nothing_above_the_ceiling_is_sent() -> None:
    store = FaultyStore()
    await new_pair(store)
    journal = await opened(store)
    await journal.reserve(1)
    ceiling = int((await stored(store)).data["ceiling"])
    store.down = True
    await journal.reserve(ceiling)  # covered already
    waiting = asyncio.create_task(journal.reserve(ceiling + 1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    store.down = False
    await asyncio.wait_for(waiting, 10)


async def test_closing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bybot.mirror.journal._CLOSE_SECONDS", 0.1)
    store = FaultyStore(ManualClock())
    await new_pair(store)
    journal = await opened(store)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await journal.close()


class SlowStore(MemoryStore):
    """Writes at once, and takes its time to say so."""

    pause = 0.0

    async def commit(self, writes: Sequence[Write]) -> Committed:
        committed = await super().commit(writes)
        await asyncio.sleep(self.pause)
        return committed


async def test_a_write_that_was_given_up_is_not_taken_for_another_holder() -> None:
    store = SlowStore(SystemClock())
    await new_pair(store)
    journal = await opened(store)
    journal.copied({1: 1})
    store.pause = 60.0
    flushing = asyncio.create_task(journal.flush())
    await asyncio.sleep(0.01)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    store.pause = 0.0
    journal.copied({2: 2})
    await journal.close()
    assert (await stored(store)).data["ceiling"] == 2
    await opened(store)
    with pytest.raises(StaleWrite):
        await journal.flush()
