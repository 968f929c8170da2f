"""The locks by which processes of one machine know who of them lives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bybot.errors import StoreUnavailable
from bybot.stores.locallock import InstanceLocks

HOLD = [sys.executable, "-m", "tests.stores.children", "hold"]


@pytest.fixture
def ours(tmp_path: Path) -> InstanceLocks:
    return InstanceLocks(tmp_path, "bot")


@pytest.fixture
def theirs(tmp_path: Path) -> InstanceLocks:
    return InstanceLocks(tmp_path, "bot")


def test_an_instance_lives_while_its_lock_is_held(ours: InstanceLocks, theirs: InstanceLocks) -> None:
    assert not theirs.lives("a")
    ours.hold("a")
    assert theirs.lives("a")
    assert ours.lives("a")
    assert not theirs.lives("b")
    ours.drop("a")
    ours.drop("a")
    assert not theirs.lives("a")


def test_several_who_look_do_not_take_each_other_for_the_holder(ours: InstanceLocks, theirs: InstanceLocks) -> None:
    from bybot.stores.locallock import _looking_at

    ours.hold("a")
    path = ours._path("a")
    ours._held.pop("a").close()
    with _looking_at(path) as first, _looking_at(path) as second:
        assert (first, second) == (True, True)


async def test_the_lock_ends_with_its_process_however_that_ends(tmp_path: Path, ours: InstanceLocks) -> None:
    child = await asyncio.create_subprocess_exec(*HOLD, str(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert await child.stdout.readline() == b"held\n"
    assert ours.lives("child")
    child.kill()
    await child.wait()
    assert child.stdin is not None
    child.stdin.close()
    assert not ours.lives("child")


def test_sweeping_removes_what_nobody_holds_and_leaves_the_rest(
    ours: InstanceLocks, theirs: InstanceLocks, tmp_path: Path
) -> None:
    for instance in ("held", "known", "left"):
        ours.hold(instance)
    for instance in ("known", "left"):
        ours._held.pop(instance).close()  # as if the process had been killed
    theirs.sweep({"known"})
    assert sorted(path.name for path in (tmp_path / "bot" / "locks").iterdir()) == ["held.lock", "known.lock"]
    assert theirs.lives("held")
    ours.drop("held")


def test_a_lock_file_that_was_removed_by_hand_protects_nothing(ours: InstanceLocks, theirs: InstanceLocks) -> None:
    ours.hold("a")
    ours._path("a").unlink()
    assert not theirs.lives("a")
    assert not ours.lives("a")  # the holder notices too, and stops
    ours.drop("a")


def test_the_file_is_readable_by_its_owner_only_and_goes_with_the_instance(ours: InstanceLocks) -> None:
    ours.hold("a")
    path = ours._path("a")
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    ours.drop("a")
    assert not path.exists()


def test_spaces_of_two_bots_are_apart(tmp_path: Path, ours: InstanceLocks) -> None:
    ours.hold("a")
    assert not InstanceLocks(tmp_path, "other").lives("a")
    ours.drop("a")


def test_a_place_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        InstanceLocks(tmp_path / "file", "bot").hold("a")
