"""What kills and sequences of chance have found, each as a plain test."""

from __future__ import annotations

import pytest

from tests.force.sequences import Step, play
from tests.mirror.support import ground, until
from tests.mirror.test_exactly_once import killed

#: Posts that are written down, posts that are not, and a crash after which one of them is gone before anybody looks.
_IN_DOUBT: tuple[Step, ...] = (("post", 3), ("quiet", 0), ("restart", 0), ("many", 3), ("quiet", 0), ("crash", 3))


@pytest.mark.parametrize("nth", [1, 2])
async def test_what_is_sent_again_after_a_reconnect_goes_before_what_waits(nth: int) -> None:
    async with ground() as g, g.running_mirror(await g.client(), pace="off") as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=nth)
        for number in range(30):
            g.post(f"post {number}")
        await g.wait_same()


@pytest.mark.parametrize("then", [("rules", 0), ("restart", 0), ("crash", 1), ("again", 1)], ids=lambda step: step[0])
@pytest.mark.parametrize("deletions", ["delete", "keep"])
async def test_the_copy_of_a_post_that_is_gone_is_found_though_looking_for_it_was_broken_off(
    then: Step, deletions: str
) -> None:
    assert await play([*_IN_DOUBT, then, ("many", 3)], deletions=deletions) == []


async def test_the_copy_of_a_post_that_is_gone_is_found_beside_the_copy_of_one_that_came_late() -> None:
    steps: list[Step] = [("post", 1), ("hurried", 65), ("late", 28), ("post", 53), ("post", 52), ("reply", 75)]
    steps += [("delete", 25), ("post", 64), ("many", 33), ("crash", 84), ("crash", 51)]
    assert await play(steps, repeated="refuse") == []


async def test_a_post_that_was_heard_and_is_gone_before_it_is_read_comes_after_nothing() -> None:
    steps: list[Step] = [("post", 49), ("reply", 96), ("delete", 97), ("album", 61), ("quiet", 58)]
    assert [await play(steps, repeated="refuse", edits="ignore", deletions="keep") for _ in range(3)] == [[]] * 3


#: A process dies before it wrote anything down, and the author deletes or edits the post that it copied.
_STOPS: tuple[tuple[Step, ...], ...] = (
    (("post", 1), ("crash", 50), ("crash", 57), ("edit", 50), ("crash", 91)),
    (("post", 1), ("crash", 50), ("crash", 54), ("edit", 50), ("crash", 91)),
)


@pytest.mark.parametrize("steps", _STOPS, ids=["deleted", "edited"])
async def test_what_changes_after_the_very_first_stop_is_carried_over(steps: tuple[Step, ...]) -> None:
    assert await play(steps) == []


#: What the store has lost, and what the author did meanwhile.
_LOST: dict[str, tuple[Step, ...]] = {
    "a post is deleted": (("many", 3), ("by_hand", 2), ("lose", 84)),
    "a post that was copied twice is edited": (("many", 3), ("fill_in", 2), ("by_hand", 2), ("lose", 0)),
    "first the state, then the map": (("post", 0), ("lose", 1), ("post", 0), ("lose", 94), ("hurried", 23)),
}


@pytest.mark.parametrize("steps", _LOST.values(), ids=_LOST)
async def test_what_the_store_has_lost_is_found_again(steps: tuple[Step, ...]) -> None:
    assert await play(steps) == []


async def test_a_post_that_goes_while_its_second_copy_is_in_doubt_takes_that_copy_along() -> None:
    steps: list[Step] = [("spam", 70), ("restart", 89), ("takeover", 32), ("post", 61), ("lost", 42), ("crash", 5)]
    steps += [("takeover", 27), ("spam", 33), ("edit", 20), ("flood", 23), ("fill_in", 9), ("lost", 5), ("hurried", 68)]
    steps += [("slow", 98), ("crash", 72), ("hurried", 8), ("delete", 15), ("again", 93)]
    assert await play(steps, deletions="keep") == []


async def test_the_copy_of_a_post_that_is_gone_is_found_above_many_that_are_certain() -> None:
    async with ground() as g:
        hole = g.post("a hole, below which the mark stays for a minute")
        g.world.delete_messages(g.editor, g.source.peer, [hole.id])
        for number in range(190):
            g.post(f"post {number}")
        async with g.running_mirror(await g.client(), pace="off"):
            await g.wait_same()
        async with killed(g, await g.client(), pace="off"):
            gone = [g.post(f"later {number}") for number in range(4)][1]
            await until(g.same)
        g.world.delete_messages(g.editor, g.source.peer, [gone.id])
        async with g.running_mirror(await g.client(), pace="off"):
            await until(lambda: len(g.copies()) == len(g.originals()))
            g.check()
