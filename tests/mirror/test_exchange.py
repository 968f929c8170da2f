"""Pairs that leave through a file and come back: looked at first, checked as if they were added, never doubled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bybot.errors import Forbidden, NoSession
from bybot.mirror import Everything, New, PairState
from bybot.mirror.exchange.model import Fate, Report
from bybot.mirror.exchange.reading import read
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.mirror.rules.transforms import RemoveLinks
from bybot.sandbox.seed import find_account, find_channel
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.talk import talk_of
from tests.mirror.test_supervisor import Process, process, sandbox
from tests.sessions.conftest import store
from tests.sessions.support import ANN, LI_WEI, FaultyStore, plant_session, until

__all__ = ["sandbox", "store"]

SOURCE, TARGET, SECOND, CLOSED = -1001000000100, -1001000000200, -1001000000300, -1001000000400


@pytest.fixture
async def ann(sandbox: Sandbox, store: MemoryStore) -> AsyncIterator[Process]:
    """A process in which Ann is logged in."""
    await plant_session(sandbox, store, ANN)
    async with process(sandbox, store) as running:
        yield running


def post(sandbox: Sandbox, *texts: str) -> None:
    world = sandbox.world
    channel = find_channel(world, "@source")
    for text in texts:
        world.send_message(find_account(world, "@liwei"), channel.peer, text=text)


def copies(sandbox: Sandbox, channel: str) -> list[str]:
    return [m.text for m in find_channel(sandbox.world, channel).messages if m.action is None]


def pair(source: Any, target: Any, **more: Any) -> dict[str, Any]:
    ends = [end if isinstance(end, dict) else {"id": end} if isinstance(end, int) else {"name": end}
            for end in (source, target)]  # fmt: skip
    return {"source": ends[0], "target": ends[1], **more}


def file(*pairs: dict[str, Any], **settings: Any) -> bytes:
    value = {"format": "bybot-pairs", "version": 1, "settings": settings, "pairs": pairs}
    return json.dumps(value, indent=1).encode()


def told(report: Report) -> list[tuple[Fate, list[str]]]:
    return [(item.fate, [trouble.code for trouble in item.troubles]) for item in report.items]


async def test_pairs_go_through_a_file_with_their_rules_and_are_not_made_twice(sandbox: Sandbox, ann: Process) -> None:
    mirror = ann.mirror
    first = await mirror.add_pair(ANN, "@source", "@target", Everything())
    await mirror.set_default_rules(ANN, Rules(transforms=(RemoveLinks(),)))
    await mirror.set_rules(ANN, first.id, Rules((Words(("spam",)),), (RemoveLinks(),), edits="new"))
    await mirror.pause(ANN, first.id)
    before = (await mirror.list_pairs(ANN))[0].pair
    text, count = await mirror.export_pairs(ANN, "zh")
    assert (count, str(ANN) in text, "access_hash" in text) == (1, False, False)
    document = read(text.encode())
    assert told(await mirror.plan_import(ANN, document)) == [(Fate.EXISTS, [])]
    assert told(await mirror.import_pairs(ANN, document)) == [(Fate.EXISTS, [])]
    await mirror.remove(ANN, first.id)
    await mirror.set_default_rules(ANN, Rules())
    planned = await mirror.plan_import(ANN, document, "file")
    assert (told(planned), planned.preferences) == ([(Fate.NEW, [])], ("language", "rules"))
    assert await mirror.list_pairs(ANN) == [], "looking makes nothing"
    assert (planned.items[0].source, planned.items[0].paused, planned.items[0].history) == ("Source", True, True)
    done = await mirror.import_pairs(ANN, document, "file")
    (status,) = await mirror.list_pairs(ANN)
    assert (done.items[0].pair_id, status.state) == (status.pair.id, PairState.PAUSED)
    assert (status.pair.mode, status.pair.rules, status.pair.own_slots) == (
        Everything(),
        before.rules,
        before.own_slots,
    )
    assert await mirror.default_rules(ANN) == Rules(transforms=(RemoveLinks(),))
    for _ in range(2):
        assert told(await mirror.import_pairs(ANN, document, "file")) == [(Fate.EXISTS, [])]
    assert len(await mirror.list_pairs(ANN)) == 1


async def test_an_imported_pair_copies_by_its_rules_from_now_on_or_from_where_the_file_says(
    sandbox: Sandbox, ann: Process
) -> None:
    post(sandbox, "one", "spam", "two")
    rules = {"filters": [{"kind": "words", "words": ["spam"]}]}
    data = file(
        pair("@source", "@target", mode={"kind": "everything"}, rules=rules),
        pair(SOURCE, SECOND, mode={"kind": "new"}, tasks=[{"mode": {"kind": "ids", "first": 1, "last": 3}}]),
    )
    await ann.mirror.import_pairs(ANN, read(data), "file")
    await until(lambda: copies(sandbox, "@target") == ["one", "two"])
    await until(lambda: copies(sandbox, "@second_copy") == ["one", "spam"])
    post(sandbox, "spam again", "three")
    await until(lambda: copies(sandbox, "@target") == ["one", "two", "three"])
    await until(lambda: copies(sandbox, "@second_copy") == ["one", "spam", "spam again", "three"])
    second = (await ann.mirror.list_pairs(ANN))[1].pair
    assert [status.state for status in await ann.mirror.list_tasks(ANN, second.id)] == [PairState.FINISHED]


async def test_by_default_only_new_posts_are_copied(sandbox: Sandbox, ann: Process) -> None:
    post(sandbox, "old")
    data = file(pair("@source", "@target", mode={"kind": "everything"}, tasks=[{"mode": {"kind": "everything"}}]))
    await ann.mirror.import_pairs(ANN, read(data))
    (status,) = await ann.mirror.list_pairs(ANN)
    assert (status.pair.mode, await ann.mirror.list_tasks(ANN, status.pair.id)) == (New(), [])
    await until(lambda: _state(ann, PairState.LIVE))
    post(sandbox, "new")
    await until(lambda: copies(sandbox, "@target") == ["new"])


async def _state(ann: Process, state: PairState) -> bool:
    return all(status.state is state for status in await ann.mirror.list_pairs(ANN))


async def test_every_entry_is_checked_as_if_it_was_added_and_the_good_ones_are_made(
    sandbox: Sandbox, store: MemoryStore, ann: Process
) -> None:
    future = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    data = file(
        pair("@source", "@target"),
        pair("@source", "@target"),
        pair("@source", "@source"),
        pair("@nobody_here", "@target"),
        pair(CLOSED, "@target"),
        pair("@target", "@source"),
        pair("@target", "@second_copy"),
        pair("@second_copy", "@target"),
        pair({"id": CLOSED, "name": "@source"}, "@target"),
        pair({"name": "not a name !"}, "@target"),
        pair("@source", "@second_copy", mode={"kind": "dates", "since": "2020-01-01T00:00:00Z", "until": future}),
        pair("@source", "@second_copy", rules={"filters": [{"kind": "matching", "pattern": "a("}]}),
    )
    lines = data.decode().splitlines()
    wanted = [
        (Fate.NEW, []),
        (Fate.EXISTS, []),
        (Fate.FAILED, ["same_chat"]),
        (Fate.FAILED, ["chat_not_found"]),
        (Fate.FAILED, ["chat_not_found"]),
        (Fate.FAILED, ["chat_not_writable"]),
        (Fate.NEW, []),
        (Fate.FAILED, ["pair_cycle"]),
        (Fate.FAILED, ["name_moved"]),
        (Fate.FAILED, ["chat_not_found"]),
        (Fate.FAILED, ["range_ends_later"]),
        (Fate.FAILED, ["bad_pattern"]),
    ]
    planned = await ann.mirror.plan_import(ANN, read(data), "file")
    assert told(planned) == wanted
    trouble = planned.items[3].troubles[0]
    assert trouble.spot.field == "pairs[4].source"
    assert "{" in lines[trouble.spot.line - 1]
    done = await ann.mirror.import_pairs(ANN, read(data), "file")
    assert told(done) == wanted
    assert [bool(item.pair_id) for item in done.items] == [fate is Fate.NEW for fate, _ in wanted]
    assert [status.pair.target.title for status in await ann.mirror.list_pairs(ANN)] == ["Target", "Second"]


async def test_pairs_of_other_people_count_for_circles_and_are_nobodys_to_export(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    sandbox.world.join(find_account(sandbox.world, "@liwei"), find_channel(sandbox.world, "@target"))
    for user in (ANN, LI_WEI):
        await plant_session(sandbox, store, user, user)
    async with process(sandbox, store) as p:
        made = await p.mirror.import_pairs(LI_WEI, read(file(pair("@target", "@source"))))
        assert told(made) == [(Fate.NEW, [])]
        looked = await p.mirror.plan_import(ANN, read(file(pair("@source", "@target"))))
        assert told(looked) == [(Fate.FAILED, ["pair_cycle"])]
        assert json.loads((await p.mirror.export_pairs(ANN))[0])["pairs"] == []
        with pytest.raises(NoSession):
            await p.mirror.plan_import(77, read(file(pair("@source", "@target"))))
        for work in (
            p.mirror.acting_as(LI_WEI).export_pairs(ANN),
            p.mirror.acting_as(LI_WEI).plan_import(ANN, read(file())),
            p.mirror.acting_as(LI_WEI).import_pairs(ANN, read(file())),
        ):
            with pytest.raises(Forbidden):
                await work


async def test_a_file_of_many_pairs_asks_telegram_for_each_name_once_and_for_known_chats_never(
    sandbox: Sandbox, ann: Process
) -> None:
    names = [pair("@nobody_here", "@target"), pair("https://t.me/nobody_here", SECOND)] * 20
    known = [pair(SOURCE, TARGET), pair("@source", "t.me/second_copy"), pair("tg://resolve?domain=source", SECOND)] * 20
    await ann.mirror.plan_import(ANN, read(file(*names, *known)))
    assert sandbox.counters.calls_of("contacts.resolveUsername") == 1
    assert sandbox.counters.calls_of("messages.getDialogs") <= 2


async def test_what_telegram_does_not_answer_now_can_be_imported_again(sandbox: Sandbox, ann: Process) -> None:
    data = file(pair("@source", "@target"), pair("@nobody_here", "@target"), pair("@somebody_else", "@target"))
    fault = sandbox.faults.add(kind="flood", method="contacts.resolveUsername", seconds=60)
    done = await ann.mirror.import_pairs(ANN, read(data))
    assert told(done) == [
        (Fate.NEW, []),
        (Fate.FAILED, ["telegram_unreachable"]),
        (Fate.FAILED, ["telegram_unreachable"]),
    ]
    assert sandbox.counters.calls_of("contacts.resolveUsername") == 1, "a flood wait is not asked into"
    sandbox.faults.clear(fault.id)
    again = await ann.mirror.import_pairs(ANN, read(data))
    assert [item.fate for item in again.items] == [Fate.EXISTS, Fate.FAILED, Fate.FAILED]


async def test_after_the_store_went_away_nothing_more_is_made_and_the_file_can_be_imported_again(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ANN)
    faulty = FaultyStore(inner=store)
    data = file(pair("@source", "@target"), pair("@source", "@second_copy"))
    async with process(sandbox, faulty) as p:
        faulty.matches = lambda writes: any(write.key.collection == "pair_states" for write in writes)
        faulty.drop_next = 1
        done = await p.mirror.import_pairs(ANN, read(data))
        assert told(done) == [(Fate.FAILED, ["store_unavailable"])] * 2
        assert await p.mirror.list_pairs(ANN) == []
        assert told(await p.mirror.import_pairs(ANN, read(data))) == [(Fate.NEW, [])] * 2


async def test_a_tgcf_configuration_is_taken_over(sandbox: Sandbox, ann: Process) -> None:
    post(sandbox, "before")
    data = b"""
forwards:
  - source: source
    dest: [target, -1001000000300]
plugins:
  replace: {text: {Paris: London}}
"""
    report = await ann.mirror.import_pairs(ANN, read(data))
    assert [item.fate for item in report.items] == [Fate.NEW, Fate.NEW]
    await until(lambda: _state(ann, PairState.LIVE))
    post(sandbox, "Paris is far")
    await until(lambda: copies(sandbox, "@target") == copies(sandbox, "@second_copy") == ["London is far"])


async def test_comments_follow_where_the_file_says_so_and_there_are_any(sandbox: Sandbox, ann: Process) -> None:
    talk = talk_of(sandbox)
    data = file(
        pair("@source", "@target", mode={"kind": "everything"}, comments=True),
        pair("@source", "@second_copy", comments=True, enabled=False),
    )
    looked = await ann.mirror.plan_import(ANN, read(data), "file")
    assert told(looked) == [(Fate.NEW, []), (Fate.NEW, ["no_discussion"])]
    post = talk.post("a post")
    talk.say(post, "a comment")
    done = await ann.mirror.import_pairs(ANN, read(data), "file")
    assert told(done) == told(looked)
    await until(lambda: talk.shown() == [("a post", "a comment", "a post")])
    written = json.loads((await ann.mirror.export_pairs(ANN))[0])
    assert [entry.get("comments", False) for entry in written["pairs"]] == [True, False]


async def test_comments_of_a_pair_that_is_paused_in_the_file_wait_for_it(sandbox: Sandbox, ann: Process) -> None:
    talk_of(sandbox)
    done = await ann.mirror.import_pairs(ANN, read(file(pair("@source", "@target", comments=True, enabled=False))))
    made = done.items[0].pair_id
    assert made is not None
    comments = await ann.mirror.comments_of(ANN, made)
    assert comments is not None
    assert (comments.state, comments.pair.along) == (PairState.PAUSED, True)
    await ann.mirror.resume(ANN, made)
    comments = await ann.mirror.comments_of(ANN, made)
    assert comments is not None
    assert comments.pair.enabled


async def test_where_nothing_may_run_pairs_are_only_written_down(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    post(sandbox, "old")
    rules = {"transforms": [{"kind": "remove_links", "allow": []}]}
    data = file(
        pair("@source", "@target", mode={"kind": "everything"}, tasks=[{"mode": {"kind": "last", "count": 1}}]),
        rules=rules,
    )
    async with process(sandbox, store, idle=True) as p:
        assert told(await p.mirror.import_pairs(ANN, read(data), "file")) == [(Fate.NEW, [])]
        assert all(not person.runs for person in p.mirror._people.values())
        assert (await p.mirror.default_rules(ANN)).transforms == (RemoveLinks(),)
    assert copies(sandbox, "@target") == []
    async with process(sandbox, store):
        await until(lambda: copies(sandbox, "@target") == ["old", "old"])
