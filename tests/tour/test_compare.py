"""The checker's judgement, on worlds made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bybot.sandbox.tour.compare import Post, Report, compare

SOURCE = [
    Post(2, "one", entities=(("Bold", 0, 3, ""),)),
    Post(3, "two"),
    Post(5, "a picture", media="photo", file="f1", group=7),
    Post(6, "", media="photo", file="f2", group=7),
    Post(7, "secret", protected=True),
    Post(9, "answer", reply_to=3),
    Post(10, "answer to a secret", reply_to=7),
]

COPY = [
    Post(101, "one", entities=(("Bold", 0, 3, ""),)),
    Post(102, "two"),
    Post(103, "a picture", media="photo", file="f1", group=70),
    Post(104, "", media="photo", file="f2", group=70),
    Post(105, "answer", reply_to=102),
    Post(106, "answer to a secret"),
]


def kinds(report: Report) -> list[str]:
    return [difference.kind for difference in report.differences]


def changed(index: int, **fields: object) -> list[Post]:
    copies = list(COPY)
    copies[index] = replace(copies[index], **fields)  # type: ignore[arg-type]
    return copies


def test_a_faithful_copy_is_accepted_and_protected_posts_are_counted() -> None:
    report = compare(SOURCE, COPY)
    assert report.ok
    assert (report.expected, report.found, report.skipped_protected) == (6, 6, 1)


def test_a_missing_post_is_named_by_its_source_id() -> None:
    report = compare(SOURCE, [post for post in COPY if post.id != 102])
    assert report.missing == [3]
    assert not report.doubled


def test_a_doubled_post_is_named_by_its_target_id() -> None:
    report = compare(SOURCE, [*COPY, Post(107, "two")])
    assert report.doubled == [107]
    assert not report.missing
    assert not report.differences


def test_equal_posts_of_the_source_are_not_taken_for_doubles() -> None:
    source = [Post(1, "same"), Post(2, "same")]
    assert compare(source, [Post(11, "same"), Post(12, "same")]).ok
    assert compare(source, [Post(11, "same")]).missing == [2]


def test_a_post_at_another_place_is_found_and_only_that_one() -> None:
    moved = [post for post in COPY if post.id != 101] + [replace(COPY[0], id=200)]
    report = compare(SOURCE, moved)
    assert [(d.kind, d.source_id) for d in report.differences] == [("order", 2)]


@pytest.mark.parametrize(
    ("index", "fields", "kind"),
    [
        (0, {"entities": ()}, "entities"),
        (0, {"entities": (("Italic", 0, 3, ""),)}, "entities"),
        (2, {"file": "other"}, "file"),
        (3, {"group": None}, "album"),
        (3, {"group": 71}, "album"),
        (1, {"group": 70}, "album"),
        (4, {"reply_to": 101}, "reply"),
        (4, {"reply_to": None}, "reply"),
        (5, {"reply_to": 101}, "reply"),
        (2, {"media": "document"}, "media"),
        (2, {"text": "another caption"}, "text"),
    ],
)
def test_an_altered_copy_is_found(index: int, fields: dict[str, object], kind: str) -> None:
    report = compare(SOURCE, changed(index, **fields))
    assert kind in kinds(report)
    assert not report.missing
    assert not report.doubled
    assert not report.ok


def test_a_leaked_protected_post_is_found() -> None:
    assert kinds(compare(SOURCE, [*COPY, Post(107, "secret")])) == ["protected"]


def test_a_post_that_was_never_in_the_source_is_found() -> None:
    assert kinds(compare(SOURCE, [*COPY, Post(107, "advertisement")])) == ["foreign"]


def test_an_empty_target_misses_everything() -> None:
    report = compare(SOURCE, [])
    assert report.missing == [2, 3, 5, 6, 9, 10]


def test_the_report_is_plain_json() -> None:
    data = compare(SOURCE, changed(0, entities=())).as_dict()
    assert data["ok"] is False
    assert data["differences"][0]["kind"] == "entities"


@settings(deadline=None)
@given(count=st.integers(1, 40), dropped=st.sets(st.integers(0, 39)), doubled=st.sets(st.integers(0, 39)))
def test_every_dropped_and_doubled_post_is_counted(count: int, dropped: set[int], doubled: set[int]) -> None:
    source = [Post(10 + n, f"post {n % 7}", file=f"file {n % 5}") for n in range(count)]
    drop = {n for n in dropped if n < count}
    double = {n for n in doubled if n < count} - drop
    copies: list[Post] = []
    for n, post in enumerate(source):
        for _ in range(0 if n in drop else 2 if n in double else 1):
            copies.append(replace(post, id=1000 + len(copies)))
    report = compare(source, copies)
    assert len(report.missing) - len(report.doubled) == len(drop) - len(double)
    if len({(p.text, p.file) for p in source}) == count:
        assert (len(report.missing), len(report.doubled)) == (len(drop), len(double))
