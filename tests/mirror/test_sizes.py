"""No document of a pair can grow out of what a store holds, however long the pair lives and whatever happens to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bybot.clock import ManualClock, SystemClock
from bybot.errors import DocumentTooLarge
from bybot.mirror import ByDates, New
from bybot.mirror.auditor import MOST as MOST_AUDITED
from bybot.mirror.daybook import MOST_DAYS, Day
from bybot.mirror.idmap import CHUNK_IDS
from bybot.mirror.journal import Journal
from bybot.mirror.model import ChannelPair, ChatRef, Counts, NoticeKind
from bybot.mirror.pacing import Pacing
from bybot.mirror.pairs import PairBook
from bybot.mirror.pairstate import chunk_key, first_state, state_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import MOST_SEEN, Duplicates
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.transforms import Add
from bybot.mirror.taskbook import MOST, TaskBook, TaskRecord, tasks_key
from bybot.mirror.waits import Waits, waits_key
from bybot.stores.base import MAX_DOCUMENT_BYTES, Condition, Key, Put
from bybot.stores.memory import MemoryStore
from bybot.stores.values import check_size

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Ids of a channel that posts once a second for fifty years.
FAR = 1_500_000_000


async def size_of(store: MemoryStore, key: Key) -> int:
    """Bytes as Firestore counts them. Raises DocumentTooLarge above what a document may hold."""
    document = await store.get(key)
    assert document is not None
    return check_size(key, document.data)


@asynccontextmanager
async def opened(store: MemoryStore, clock: ManualClock) -> AsyncIterator[Journal]:
    state = first_state("7", FAR, end_id=None, top_id=0, total=0)
    await store.commit([Put(state_key("p"), state, Condition.ABSENT)])
    journal = Journal(store, "p", "test", clock)
    await journal.open()
    yield journal
    await journal.close()


async def test_the_state_of_a_pair_holds_the_worst_of_everything() -> None:
    clock = ManualClock(NOON)
    store = MemoryStore(clock)
    scattered = range(FAR, FAR + 2 * MOST_AUDITED, 2)  # no two stand side by side
    async with opened(store, clock) as journal:
        rule = Duplicates(MOST_SEEN, 365)
        for n in range(MOST_SEEN + 100):
            journal.seen.note(n.to_bytes(8), FAR + n, NOON, rule)
        for n in range(MOST_DAYS + 100):
            journal.days.note(Counts(copied=10**9 * (n + 1), edited=10**9 * n), NOON + timedelta(days=n))
        for at in range(0, 40_000, 4):
            journal.skipped([FAR + at], "filtered")
        journal.audited(scattered, scattered)
        journal.orders.asked = journal.orders.wanted = set(scattered[::2])
        journal.map.stored.update(range(1_000))  # ten million posts
        journal.told = {str(kind) for kind in NoticeKind}
    assert await size_of(store, state_key("p")) < MAX_DOCUMENT_BYTES / 2
    again = Journal(store, "p", "test", clock)
    await again.read()
    assert (len(again.seen), len(again.days.days())) == (MOST_SEEN, MOST_DAYS)
    assert max(again.missing) == max(scattered)  # of what does not fit, the newest stays


async def test_a_part_of_the_map_holds_its_posts_however_they_lie() -> None:
    clock = ManualClock(NOON)
    store = MemoryStore(clock)
    first = (FAR // CHUNK_IDS + 1) * CHUNK_IDS
    async with opened(store, clock) as journal:
        found = {first + n: FAR + n * 7 % CHUNK_IDS for n in range(CHUNK_IDS)}  # no two copies stand in order
        await journal.load(found)
        journal.copied(found)
    assert await size_of(store, chunk_key("p", first // CHUNK_IDS)) < MAX_DOCUMENT_BYTES / 2


async def test_ended_tasks_and_their_days_stay_few_and_add_up() -> None:
    store = MemoryStore(SystemClock())
    book, chat = TaskBook(store), ChatRef(-1001, "s")
    numbers = Counts(**dict.fromkeys(Counts().to_value(), 10**9))
    today = NOON.date()
    for n in range(MOST + 5):
        task = ChannelPair(f"task {n}", "7", chat, chat, ByDates(NOON, NOON), NOON, parent="p", role="task")
        await book.note(task, TaskRecord.of(task, "finished", numbers, NOON))
        await book.keep(task, {today + timedelta(days=at): Day(n, n, n, n) for at in range(0, -500, -1)})
    assert await size_of(store, tasks_key("p")) < MAX_DOCUMENT_BYTES / 10
    assert [record.id for record in await book.of("p")] == [f"task {n}" for n in range(MOST + 4, 4, -1)]
    total = sum(range(MOST + 5))
    days = await book.days("p")
    assert len(days) == MOST_DAYS
    assert days[today] == Day(total, total, total, total)


async def test_waits_of_an_account_stay_few() -> None:
    clock = ManualClock(NOON)
    store, pacing = MemoryStore(clock), Pacing(clock)
    waits = Waits(store, 5, clock, pacing)
    for n in range(5_000):
        pacing.hold(f"chat {-1_000_000_000_000 - n}", 1_000 + n)
    await waits.close()
    assert await size_of(store, waits_key(5)) < MAX_DOCUMENT_BYTES / 10


async def test_pairs_and_rules_that_are_too_large_together_are_refused_and_the_others_stay() -> None:
    book, long = PairBook(MemoryStore(SystemClock())), Rules(transforms=(Add(Rich("x" * 19_000), "below"),))

    async def add(count: int) -> None:
        for n in range(count):
            ends = ChatRef(-1000 - n, "s"), ChatRef(-5000 - n, "t", can_post=True)
            await book.add(ChannelPair(f"p{n}", "7", *ends, New(), NOON, rules=long, own=frozenset({"below"})))

    with pytest.raises(DocumentTooLarge):
        await add(60)
    kept = await book.of(7)
    assert len(kept) > 40
    await book.remove(7, kept[0].id)
    assert [pair.id for pair in await book.of(7)] == [pair.id for pair in kept[1:]]
