"""Rules that a person's pairs have in common: inherited slot by slot, changed while they run, over all accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bybot.clock import SystemClock
from bybot.errors import Forbidden
from bybot.mirror import New
from bybot.mirror.model import ChannelPair, ChatRef
from bybot.mirror.pairs import PairBook, users_key
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Duplicates, Kinds, Languages, Matching, Words
from bybot.mirror.rules.post import Media
from bybot.mirror.rules.rich import Rich
from bybot.mirror.rules.schedule import Schedule
from bybot.mirror.rules.slots import SLOTS, differing, in_order, merged, value_of
from bybot.mirror.rules.transforms import Add, RemoveLinks, Replace
from bybot.sandbox.server import Sandbox
from bybot.stores.base import Condition, Put
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import post, process, sandbox, store, texts
from tests.sessions.support import ANN, LI_WEI, plant_session, until

__all__ = ["sandbox", "store"]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE, TARGET = ChatRef(-1001, "s"), ChatRef(-1002, "t", can_post=True)

FILTERS = [Words(("casino",)), Matching("x+"), Kinds(frozenset({Media.POLL}), allow=False),
           Languages(frozenset({"en"})), Duplicates()]  # fmt: skip
TRANSFORMS = [RemoveLinks(), Replace("a", "b"), Replace("c", "d"), Add(Rich("head"), "above"), Add(Rich("foot"))]


@st.composite
def books(draw: st.DrawFn) -> Rules:
    return Rules(
        tuple(draw(st.lists(st.sampled_from(FILTERS), unique=True))),
        in_order(draw(st.lists(st.sampled_from(TRANSFORMS), unique=True))),
        edits=draw(st.sampled_from(["edit", "new", "ignore"])),
        pins=draw(st.sampled_from(["follow", "ignore"])),
        schedule=draw(st.sampled_from([Schedule(), Schedule(delay=5)])),
    )


@given(books(), books(), st.sets(st.sampled_from(SLOTS)))
def test_own_slots_are_the_pairs_and_all_others_the_persons(defaults: Rules, rules: Rules, own: set[str]) -> None:
    both = merged(defaults, rules, own)
    for slot in SLOTS:
        assert value_of(both, slot) == value_of(rules if slot in own else defaults, slot)
    assert merged(defaults, both, own) == both
    assert merged(Rules(), rules, SLOTS) == rules
    assert differing(both, defaults) <= own


@given(books(), books())
def test_what_a_pair_sets_is_stored_and_what_it_inherits_is_not(defaults: Rules, rules: Rules) -> None:
    pair = ChannelPair("p", "5", SOURCE, TARGET, New(), NOW, rules=rules).under(defaults)
    again = ChannelPair.from_value(pair.to_value())
    assert again.own_slots == differing(rules, Rules())
    assert again.under(defaults).rules == pair.rules
    assert again.under(Rules()).rules == merged(Rules(), rules, again.own_slots)


def test_an_own_value_that_is_the_usual_one_is_not_taken_for_an_inherited_one() -> None:
    defaults = Rules(edits="ignore")
    pair = ChannelPair("p", "5", SOURCE, TARGET, New(), NOW, own=frozenset({"edits"}))
    assert ChannelPair.from_value(pair.to_value()).under(defaults).rules.edits == "edit"


async def test_pairs_stored_by_older_versions_keep_what_they_set_and_inherit_the_rest() -> None:
    store = MemoryStore(SystemClock())
    old = ChannelPair("p", "5", SOURCE, TARGET, New(), NOW).to_value()
    old["rules"] = Rules((Words(("casino",)),), deletions="keep").to_value()
    await store.commit([Put(users_key(5), {"channel_pairs": [old], "config": {"language": "zh"}}, Condition.ABSENT)])
    book = PairBook(store)
    await book.set_defaults(5, Rules((Words(("other",)),), (RemoveLinks(),), edits="new", deletions="delete"))
    (pair,) = await book.of(5)
    assert pair.rules == Rules((Words(("casino",)),), (RemoveLinks(),), edits="new", deletions="keep")
    assert (await book.all())[0].rules == pair.rules
    document = await store.get(users_key(5))
    assert document is not None
    assert document.data["config"] == {"language": "zh"}
    await book.enable(5, ["p"], False)
    assert (await book.of(5))[0].rules == pair.rules


async def test_the_defaults_of_a_person_hold_for_the_pairs_of_further_accounts() -> None:
    store = MemoryStore(SystemClock())
    book = PairBook(store)
    await book.set_defaults(5, Rules(edits="new"))
    await book.add(ChannelPair("p", "5~77", SOURCE, TARGET, New(), NOW))
    await book.add(ChannelPair("q", "6", SOURCE, TARGET, New(), NOW))
    assert [pair.rules.edits for pair in await book.of("5~77")] == ["new"]
    assert [pair.rules.edits for pair in await book.of(6)] == ["edit"]
    assert {pair.id: pair.rules.edits for pair in await book.all()} == {"p": "new", "q": "edit"}
    assert await book.defaults("5~77") == Rules(edits="new")


async def test_defaults_that_cannot_be_read_are_passed_over() -> None:
    store = MemoryStore(SystemClock())
    await store.commit([Put(users_key(5), {"default_rules": {"filters": [{"kind": "newer"}]}}, Condition.ABSENT)])
    assert await PairBook(store).defaults(5) == Rules()


async def test_changed_defaults_reach_running_pairs_and_leave_what_is_their_own(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        mine = p.mirror.acting_as(ANN)
        first = await mine.add_pair(ANN, "@source", "@target", New())
        second = await mine.add_pair(ANN, "@source", "@second_copy", New())
        await mine.set_rules(ANN, second.id, Rules(transforms=(Replace("old", "own"),)))
        post(sandbox, "old 1 https://a.example")
        await until(lambda: (len(texts(sandbox)), len(texts(sandbox, "@second_copy"))) == (1, 1))
        await mine.set_default_rules(ANN, Rules(transforms=(RemoveLinks(), Replace("old", "new"))))
        post(sandbox, "old 2 https://a.example")
        await until(lambda: (len(texts(sandbox)), len(texts(sandbox, "@second_copy"))) == (2, 2))
        await mine.set_own(ANN, second.id, [])
        await mine.set_own(ANN, first.id, ["replace"])
        await mine.set_default_rules(ANN, Rules())
        post(sandbox, "old 3 https://a.example")
        await until(lambda: (len(texts(sandbox)), len(texts(sandbox, "@second_copy"))) == (3, 3))
        with pytest.raises(Forbidden):
            await mine.set_default_rules(LI_WEI, Rules())
        with pytest.raises(Forbidden):
            await mine.default_rules(LI_WEI)
    assert texts(sandbox) == ["old 1 https://a.example", "new 2", "new 3 https://a.example"]
    assert texts(sandbox, "@second_copy") == ["own 1 https://a.example", "own 2", "old 3 https://a.example"]


async def test_a_pair_that_is_not_concerned_goes_on_undisturbed(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        await p.mirror.set_rules(ANN, pair.id, Rules(edits="ignore"))
        person = p.mirror._person(ANN)
        await until(lambda: person.runs[pair.id].engine is not None)
        engine = person.runs[pair.id].engine
        await p.mirror.set_default_rules(ANN, Rules(edits="new"))
        assert person.runs[pair.id].engine is engine
        await p.mirror.set_default_rules(ANN, Rules(edits="new", deletions="keep"))
        assert person.runs[pair.id].pair.rules == replace(Rules(), edits="ignore", deletions="keep")
