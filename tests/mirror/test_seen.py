"""Posts whose content was copied before: found within their bounds, over restarts, and never taken for themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from bybot.clock import SystemClock
from bybot.mirror.journal import Journal
from bybot.mirror.pairstate import first_state, state_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Words
from bybot.mirror.seen import Seen, without_repeats
from bybot.sandbox.samples import media_of
from bybot.stores.base import Condition, Put
from bybot.stores.memory import MemoryStore
from tests.mirror.support import Ground, ground, until

DAY = datetime(2026, 3, 1, tzinfo=UTC)
RULE = Duplicates(posts=3, days=2)


def post(id: int, text: str, *, days: float = 0) -> Any:
    return types.Message(id, types.PeerChannel(5), DAY + timedelta(days=days), text)


def kept(posts: list[Any], seen: Seen, rule: Duplicates = RULE) -> list[int]:
    rules = Rules((rule,))
    verdicts = without_repeats(posts, {m.id: rules.judge((m,), "p") for m in posts}, seen, rule)
    assert {verdict.why for verdict in verdicts.values() if not verdict.keep} <= {"duplicates"}
    return [id_ for id_, verdict in verdicts.items() if verdict.keep]


def test_the_same_words_are_left_out_in_any_case_and_spacing() -> None:
    posts = [post(1, "Big  News 优惠"), post(2, "big news 优惠"), post(3, "other"), post(4, "ＢＩＧ news\n优惠")]
    assert kept(posts, Seen()) == [1, 3]


def test_what_is_too_many_posts_or_days_ago_is_new() -> None:
    posts = [post(1, "a"), *(post(n, f"other {n}") for n in (2, 3, 4)), post(5, "a")]
    assert kept(posts, Seen()) == [1, 2, 3, 4, 5]
    assert kept([post(1, "a"), post(2, "a", days=2.5), post(3, "a", days=4.4)], Seen()) == [1, 2]


def test_posts_without_anything_to_compare_are_never_duplicates() -> None:
    assert kept([post(1, ""), post(2, "")], Seen()) == [1, 2]


def test_what_is_older_than_the_rule_says_takes_no_place() -> None:
    seen = Seen()
    for n in range(3):
        seen.note(bytes(7) + bytes([n]), n + 1, DAY + timedelta(days=n), RULE)
    assert len(seen) == 3
    seen.note(b"87654321", 4, DAY + timedelta(days=3.5), RULE)
    assert len(seen) == 2


def test_what_another_rule_leaves_out_stays_out_and_is_nobodys_first() -> None:
    posts, seen = [post(1, "spam"), post(2, "spam"), post(3, "fine")], Seen()
    rules = Rules((Words(("spam",)),))
    verdicts = without_repeats(posts, {m.id: rules.judge((m,), "p") for m in posts}, seen, RULE)
    assert [id_ for id_, verdict in verdicts.items() if verdict.keep] == [3]
    assert len(seen) == 1


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40), st.integers(0, 40))
def test_a_repeat_comes_to_the_same_end(words: list[str], written: int) -> None:
    posts = [post(n, word) for n, word in enumerate(words, 1)]
    seen = Seen()
    first = kept(posts[:written], seen)
    stored = Seen.decode(seen.encode())  # written together with the cursor, and then the process died
    first += kept(posts[written:], seen)
    assert len(seen) <= RULE.posts
    again = [n for n in kept([p for p in posts if p.id in first or p.id > written], stored) if n in first]
    assert again == first


async def test_the_journal_remembers_them_and_forgets_them_when_all_is_copied_again() -> None:
    store = MemoryStore(SystemClock())
    await store.commit([Put(state_key("pair"), first_state("7", 0, end_id=None, top_id=0, total=0), Condition.ABSENT)])
    journal = Journal(store, "pair", "test", SystemClock())
    await journal.open()
    journal.seen.note(b"12345678", 5, DAY, RULE)
    await journal.close()
    again = Journal(store, "pair", "test", SystemClock())
    await again.open()
    assert again.seen.has(b"12345678", 6, DAY, RULE)
    assert not again.seen.has(b"12345678", 5, DAY, RULE)
    await again.begin_again()
    last = Journal(store, "pair", "test", SystemClock())
    await last.read()
    assert len(last.seen) == 0


@pytest.mark.parametrize(("posts", "days"), [(0, 1), (1, 0), (2001, 1), (1, 366)])
def test_what_is_remembered_has_an_end(posts: int, days: int) -> None:
    with pytest.raises(ValueError, match="remembered"):
        Duplicates(posts, days)


async def test_duplicates_are_left_out_in_history_live_and_after_a_restart() -> None:
    rules = Rules((Duplicates(),))

    def photo(g: Ground, number: int) -> Any:
        return media_of(g.world, "photo", number)

    async with ground() as g:
        picture = photo(g, 1)
        g.post("the same")
        g.post("The  same")
        g.post("", media=picture)
        g.post("", media=picture)
        client = await g.client()
        async with g.running_mirror(client, rules=rules):
            await until(lambda: len(g.copies()) == 2)
            g.post("the SAME")
            g.post("one more")
            await until(lambda: len(g.copies()) == 3)
        g.post("one more")
        g.post("", media=photo(g, 2))
        async with g.running_mirror(client, rules=rules):
            await until(lambda: len(g.copies()) == 4)
        assert [m.text for m in g.copies()] == ["the same", "", "one more", ""]


async def test_after_a_lost_answer_a_post_is_not_its_own_duplicate() -> None:
    async with ground() as g:
        for number in range(30):
            g.post(f"post {number // 2}")
        g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=1)
        async with g.running_mirror(await g.client(), rules=Rules((Duplicates(),))):
            await until(lambda: len(g.copies()) >= 15, 20)
        assert [m.text for m in g.copies()] == [f"post {number}" for number in range(15)]
