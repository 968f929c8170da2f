"""After a kill the target's tail tells what was sent: few requests, nothing missing, nothing double."""

from __future__ import annotations

from functools import partialmethod
from types import SimpleNamespace
from typing import Any

import pytest

from bybot.mirror.engine import Engine
from bybot.mirror.matching import aligned, matched, traced
from bybot.mirror.pacing import PACES, Pace
from bybot.mirror.planner import units_of
from bybot.mirror.reconcile import Tail
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.filters import Words
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.samples import media_of
from tests.mirror.support import Ground, ground, until
from tests.mirror.test_exactly_once import killed

SENDS = ("forwardMessages", "sendMessage", "sendMedia", "sendMultiMedia")
READS = ("getHistory", "getMessages")


@pytest.fixture(autouse=True)
def paced(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request under way at a time, as with the safe pace."""
    monkeypatch.setitem(PACES, "quick", Pace(per_request=0.0005, per_post=0.0))


def calls(g: Ground, names: tuple[str, ...]) -> int:
    return sum(g.running.counters.calls_of(name) for name in names)


async def kill_after(g: Ground, copies: int, **options: Any) -> None:
    """Let a mirror copy so many posts one by one, and kill it before anything of that is noted."""
    async with killed(g, await g.client(), **options):
        await until(lambda: len(g.copies()) >= copies)


async def unnoted(g: Ground, monkeypatch: pytest.MonkeyPatch, noted: int = 5, lost: int = 40, **options: Any) -> None:
    """Some posts that were copied and noted, then more, of which nobody knows after a kill."""
    for n in range(noted):
        g.post(f"noted {n}")
    async with g.running_mirror(await g.client(), **options):
        await until(g.same)
    monkeypatch.setattr("bybot.mirror.journal.FLUSH_POSTS", 100_000)
    for n in range(lost):
        g.post(f"lost {n}")
    await kill_after(g, noted + lost, **options)


async def restart(g: Ground, **options: Any) -> tuple[int, int]:
    """Bring it up again until everything is there; how many sends and how many reads that took."""
    client = await g.client()
    before = calls(g, SENDS), calls(g, READS)
    async with g.running_mirror(client, **options) as mirror:
        await until(lambda: g.same() and mirror.progress and mirror.progress.phase == "live", 30)
    return calls(g, SENDS) - before[0], calls(g, READS) - before[1]


@pytest.mark.parametrize("switch", ["replay", "refuse", "partly"])
async def test_what_was_sent_before_a_kill_is_read_and_not_sent_again(
    switch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ground(switches=Switches(repeated_forward=switch)) as g:
        await unnoted(g, monkeypatch, lost=150, pace="quick")
        for n in range(300):
            g.post(f"while it was dead {n}")
        sends, reads = await restart(g, pace="quick")
        g.check()
        # One to be sure of the last copy, one to be sure that nothing else was sent, the rest in batches.
        assert sends <= 2 + 4
        assert reads <= 20


async def test_a_first_life_that_noted_nothing_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        for n in range(20):
            g.world.send_message(g.ann, g.target.peer, text=f"lost {n}")  # an older copy of the same source
        monkeypatch.setattr("bybot.mirror.journal.FLUSH_POSTS", 100_000)
        for n in range(120):
            g.post(f"lost {n}")
        async with killed(g, await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) >= 20 + 100)
        before = calls(g, SENDS)
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) >= 20 + 120)
        assert calls(g, SENDS) - before <= 3
        assert [m.text for m in g.copies()][20:] == [m.text for m in g.originals()]


async def test_equal_posts_are_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=2, pace="quick")
        for text in ("ok", "ok", "different", "ok", "last"):
            g.post(text)
        await kill_after(g, 12, pace="quick")
        sends, _ = await restart(g, pace="quick")
        g.check()
        assert sends == 3 + 1  # three times "ok", and the last


async def test_a_copy_that_its_owner_deleted_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, pace="quick")
        gone = [m for m in g.copies() if m.text in ("lost 7", "lost 39")]
        g.world.delete_messages(g.ann, g.target.peer, [m.id for m in gone])
        g.post("new")
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: g.copies()[-1].text == "new")
        texts = [m.text for m in g.copies()]
        assert texts == [m.text for m in g.originals() if m.text not in ("lost 7", "lost 39")]


async def test_an_own_post_that_only_looks_like_a_copy_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, pace="quick")
        g.post("said by both")
        g.world.send_message(g.ann, g.target.peer, text="said by both")
        g.post("and then")
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: g.copies()[-1].text == "and then")
        texts = [m.text for m in g.copies()]
        assert texts[-3:] == ["said by both", "said by both", "and then"]
        assert len(texts) == len(g.originals()) + 1


async def test_a_run_of_own_posts_that_look_like_copies_costs_no_post(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=3, pace="quick")
        for n in range(3):
            g.post(f"by hand {n}")
            g.world.send_message(g.ann, g.target.peer, text=f"by hand {n}")
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) == 5 + 3 + 6)
        ours = [m.text for m in g.copies()][-3:]
        assert sorted(ours) == [f"by hand {n}" for n in range(3)]


async def test_an_edited_copy_and_a_foreign_post_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, pace="quick")
        copy = next(m for m in g.copies() if m.text == "lost 3")
        g.world.edit_message(g.ann, g.target.peer, copy.id, text="put right by hand")
        g.world.send_message(g.ann, g.target.peer, text="of the owner")
        for n in range(3):
            g.post(f"new {n}")
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: g.copies()[-1].text == "new 2")
        texts = [m.text for m in g.copies()]
        expected = [m.text if m.text != "lost 3" else "put right by hand" for m in g.originals()]
        expected.insert(len(expected) - 3, "of the owner")
        assert texts == expected


async def test_posts_that_rules_change_are_known_by_their_new_text(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(transforms=(Replace("lost", "found"),))
    async with ground() as g:
        await unnoted(g, monkeypatch, rules=rules, pace="quick")
        sends, _ = await restart(g, rules=rules, pace="quick")
        assert sends == 1
        assert [m.text for m in g.copies()] == [m.text.replace("lost", "found") for m in g.originals()]


async def test_albums_and_replies_of_an_uncertain_window_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=1, pace="quick")
        first = g.album(1, 2, 3, text="an album")
        second = g.album(4, 5, text="another")
        g.post("an answer", reply_to=first[0].id)
        photo = g.post("a photo", media=media_of(g.world, "photo", 9))
        await kill_after(g, 13, pace="quick")
        broken = [m for m in g.copies() if m.text == "another"]
        g.world.delete_messages(g.ann, g.target.peer, [broken[0].id])  # one part of two
        g.post("to the album", reply_to=second[1].id)
        g.post("to the photo", reply_to=photo.id)
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: g.copies()[-1].text == "to the photo")
        copies = {m.text: m for m in g.copies() if m.text}
        assert len(g.copies()) == len(g.originals()) - 1
        assert copies["an answer"].reply_to == copies["an album"].id
        assert copies["to the photo"].reply_to == copies["a photo"].id
        parts = [m for m in g.copies() if m.grouped_id == copies["an album"].grouped_id]
        assert len(parts) == 3


async def test_a_post_that_was_deleted_before_anybody_noted_its_copy_goes_with_its_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=12, pace="quick")
        doomed = [m for m in g.originals() if m.text in ("lost 4", "lost 11")]
        g.world.delete_messages(g.editor, g.source.peer, [m.id for m in doomed])
        g.world.send_message(g.ann, g.target.peer, text="of the owner")
        g.post("new")
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) == len(g.originals()) + 1)
        texts = [m.text for m in g.copies()]
        assert "lost 4" not in texts
        assert "lost 11" not in texts
        assert texts[-2:] == ["of the owner", "new"]


async def test_a_post_that_rules_leave_out_by_now_keeps_its_copy_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=12, pace="quick")
        rules = Rules(filters=(Words(("lost 5",)),))
        async with g.running_mirror(await g.client(), rules=rules, pace="quick") as mirror:
            await until(lambda: mirror.progress and mirror.progress.phase == "live")
            doomed = next(m for m in g.originals() if m.text == "lost 5")
            assert "lost 5" in [m.text for m in g.copies()]
            g.world.delete_messages(g.editor, g.source.peer, [doomed.id])
            await until(lambda: "lost 5" not in [m.text for m in g.copies()])
        assert [m.text for m in g.copies()] == [m.text for m in g.originals()]


async def test_an_answer_that_stays_away_is_looked_up_while_running(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        for n in range(350):
            g.post(f"post {n}")
        g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=2)
        before = calls(g, SENDS)
        async with g.running_mirror(await g.client(), pace="quick"):
            await g.wait_same(30)
        assert calls(g, SENDS) - before < 12  # and not a hundred, one by one


async def test_another_pair_with_the_same_target_leaves_nothing_to_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground() as g:
        await unnoted(g, monkeypatch, lost=10, pace="quick")
        # What another pair copied looks like copies of this one: in order, and from the same account.
        for n in range(20):
            g.post(f"of both sources {n}")
            g.world.send_message(g.ann, g.target.peer, text=f"of both sources {n}")

        async def shared() -> bool:
            return True

        monkeypatch.setattr(Engine, "__init__", partialmethod(Engine.__init__, shared=shared))
        async with g.running_mirror(await g.client(), pace="quick"):
            await until(lambda: len(g.copies()) == 15 + 2 * 20)
        assert [m.text for m in g.copies()][-20:] == [f"of both sources {n}" for n in range(20)]


def message(id: int, text: str = "", **fields: Any) -> Any:
    return SimpleNamespace(**{"id": id, "message": text, "media": None, "grouped_id": None, "edit_date": None} | fields)


def found(posts: list[Any], there: list[Any]) -> list[dict[int, int]]:
    return matched(traced(units_of(posts), {}), traced(units_of(there), {}))


def test_only_what_leaves_no_doubt_is_matched() -> None:
    posts = [message(n, text) for n, text in enumerate(["a", "same", "b", "same", "c", "d"], 1)]
    there = [message(n, text) for n, text in enumerate(["a", "same", "same", "c", "d", "strange"], 11)]
    assert found(posts, there) == [{1: 11}, {5: 14}, {6: 15}]
    assert found(posts, [*there, message(20, "d")]) == [{1: 11}, {5: 14}]
    there[0].edit_date = posts[4].edit_date = "now"
    assert found(posts, there) == [{6: 15}]


def test_what_stands_in_another_order_is_not_matched() -> None:
    posts = [message(n, text) for n, text in enumerate("abcdef", 1)]
    there = [message(n, text) for n, text in enumerate("cabdfe", 11)]
    assert [next(iter(each)) for each in found(posts, there)] in ([1, 2, 4, 5], [1, 2, 4, 6])


def test_an_album_is_matched_as_a_whole_or_not_at_all() -> None:
    def album(first: int, count: int, group: int) -> list[Any]:
        return [message(first + n, f"part {n}", grouped_id=group) for n in range(count)]

    posts = [*album(1, 3, 77), message(4, "after")]
    assert found(posts, [*album(11, 3, 88), message(14, "after")]) == [{1: 11, 2: 12, 3: 13}, {4: 14}]
    assert found(posts, [*album(11, 2, 88), message(13, "after")]) == [{4: 13}]


def test_a_tail_is_explained_once_every_message_has_its_post_and_the_next_id_follows() -> None:
    tail = Tail(top=10, whole=True, unexplained={8, 9}, since=0, until=100)
    assert not tail.learn([8])
    assert not tail.learn([11])  # 9 is still unexplained
    assert tail.learn([9, 12])
    assert not Tail(10, True, set(), 0, 100).learn([12])  # somebody posted in between
    assert not Tail(10, False, set(), 0, 100).learn([11])


def test_a_lost_map_is_guessed_between_what_is_beyond_doubt() -> None:
    posts = [message(n, text) for n, text in enumerate(["a", "ok", "", "ok", "b", "ok", "gone", "c"], 1)]
    there = [message(n, text) for n, text in enumerate(["a", "ok", "", "ok", "b", "ok", "strange", "c"], 11)]
    traces = traced(units_of(posts), {}), traced(units_of(there), {})
    assert aligned(*traces) == {1: 11, 2: 12, 3: 13, 4: 14, 5: 15, 6: 16, 8: 18}
    del there[3]  # one "ok" was deleted: nobody can tell which
    assert aligned(traces[0], traced(units_of(there), {})) == {1: 11, 5: 15, 6: 16, 8: 18}
