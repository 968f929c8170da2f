"""The oracle of the sequences is not blind."""

from __future__ import annotations

import pytest

from tests.force.oracle import Copy, Oracle


def oracle(**options: str) -> Oracle:
    """A model of three posts, the last of which answers the first."""
    model = Oracle(**({"edits": "edit", "deletions": "delete"} | options))
    model.posted(1, "p1", "p1 red")
    model.posted(2, "p2", "p2 red spam")
    model.posted(3, "p3", "p3 red", reply_to=1)
    return model


def copy(number: int, text: str, *, reply_to: str | None = None, group: int | None = None) -> Copy:
    return Copy(f"p{number}", text, group, reply_to)


ALL = [copy(1, "p1 red"), copy(2, "p2 red spam"), copy(3, "p3 red", reply_to="p1")]


@pytest.mark.parametrize(
    "copies",
    [
        ALL[:2],
        [*ALL, ALL[0]],
        [ALL[1], ALL[0], ALL[2]],
        [*ALL[:2], copy(3, "p3 red")],
        [*ALL[:2], copy(3, "p3 RED", reply_to="p1")],
        [*ALL, copy(4, "p4 red")],
    ],
    ids=["missing", "double", "another order", "no header", "another text", "foreign"],
)
def test_the_oracle_sees_whatever_is_wrong(copies: list[Copy]) -> None:
    assert oracle().wrong(ALL) == []
    assert oracle().wrong(copies) != []


def test_the_oracle_knows_what_changes() -> None:
    model = oracle()
    model.edited(1, "p1 red edit")
    model.deleted(3)
    assert model.wrong([copy(1, "p1 red edit"), ALL[1]]) == []
    assert len(model.wrong(ALL)) == 2
    model.settle([copy(1, "p1 red edit"), ALL[1]])
    model.ruled(3)  # what was copied stays
    model.posted(4, "p4", "p4 red spam")
    model.posted(5, "p5", "p5 red")
    assert model.wrong([copy(1, "p1 red edit"), ALL[1], copy(5, "p5 RED")]) == []
    assert model.wrong([copy(1, "p1 red edit"), ALL[1], copy(4, "p4 RED spam"), copy(5, "p5 RED")]) != []


def test_by_policy_the_oracle_lets_copies_stay_as_they_are() -> None:
    model = oracle(edits="ignore", deletions="keep")
    model.settle(ALL)
    model.edited(1, "p1 red edit")
    model.deleted(3)
    assert model.wrong(ALL) == []
    assert model.wrong([copy(1, "p1 red edit"), *ALL[1:]]) != []
    assert model.wrong(ALL[:2]) != []


def test_what_others_posted_stays_as_it_is() -> None:
    model = oracle()
    model.others[9] = "by hand"
    assert model.wrong(ALL, {9: "by hand"}) == []
    assert model.wrong(ALL, {9: "by hand, edited"}) != []
    assert model.wrong(ALL, {}) != []


def test_posts_that_are_all_the_same_are_counted() -> None:
    model = oracle()
    same = Copy("same", "same red", None, None)
    for id_ in (4, 5, 6):
        model.posted(id_, f"same {id_}", "same red")
    assert model.wrong([*ALL, same, same, same]) == []
    assert model.wrong([*ALL, same, same]) != []
    assert model.wrong([*ALL, same, same, same, same]) != []
    model.deleted(5)
    assert model.wrong([*ALL, same, same]) == []


def test_what_was_left_out_is_judged_anew_when_that_is_forgotten() -> None:
    model = oracle()
    model.ruled(2)
    model.posted(4, "p4", "p4 red spam")
    model.settle(ALL)
    model.ruled(0)
    assert model.wrong([*ALL, copy(4, "p4 red spam")]) != []
    model.forgotten()
    assert model.wrong(ALL) == []
    assert model.wrong([*ALL, copy(4, "p4 red spam")]) == []
