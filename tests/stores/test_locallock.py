"""The lease of a process on a local disk."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bybot.errors import StoreUnavailable
from bybot.stores.locallock import LocalLock

HOLD = [sys.executable, "-m", "tests.stores.children", "hold"]


def test_one_holder_at_a_time_and_the_next_learns_who(tmp_path: Path) -> None:
    first, second = LocalLock(tmp_path, "bot"), LocalLock(tmp_path, "bot")
    assert first.try_acquire({"pid": 1, "host": "a"}) is None
    assert first.held
    assert first.try_acquire({"pid": 1}) is None
    assert second.try_acquire({"pid": 2, "host": "a longer name"}) == {"pid": 1, "host": "a"}
    assert not second.held
    first.release()
    first.release()
    assert second.try_acquire({"pid": 2, "host": "a longer name"}) is None
    assert first.try_acquire({"pid": 1}) == {"pid": 2, "host": "a longer name"}
    second.release()
    assert LocalLock(tmp_path, "other").try_acquire({}) is None


def test_looking_who_has_it_takes_nothing(tmp_path: Path) -> None:
    first, looker = LocalLock(tmp_path, "bot"), LocalLock(tmp_path, "bot")
    assert looker.look() is None
    assert not (tmp_path / "bot").exists()
    assert first.try_acquire({"pid": 1}) is None
    assert looker.look() == {"pid": 1}
    assert first.look() is None
    first.release()
    assert looker.look() is None
    assert first.try_acquire({"pid": 2}) is None
    first.release()


async def test_the_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(*HOLD, str(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert await child.stdout.readline() == b"None\n"
    lock = LocalLock(tmp_path, "bot")
    assert lock.try_acquire({"pid": 0}) == {"pid": child.pid, "host": "here"}
    child.kill()
    await child.wait()
    assert child.stdin is not None
    child.stdin.close()
    assert lock.try_acquire({"pid": 0}) is None
    lock.release()


def test_a_lock_file_that_was_replaced_protects_nothing_and_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    first, second = LocalLock(tmp_path, "bot"), LocalLock(tmp_path, "bot")
    assert first.try_acquire({"pid": 1}) is None
    assert second.try_acquire({"pid": 2}) == {"pid": 1}
    first.release()
    path = tmp_path / "bot" / "instance.lock"
    path.unlink()
    path.write_bytes(b"")
    assert second.try_acquire({"pid": 2}) is None
    assert first.try_acquire({"pid": 1}) == {"pid": 2}
    second.release()


def test_the_file_stays_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    lock = LocalLock(tmp_path, "bot")
    lock.try_acquire({"pid": os.getpid()})
    lock.release()
    path = tmp_path / "bot" / "instance.lock"
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_what_cannot_be_read_of_a_holder_is_empty(tmp_path: Path) -> None:
    first, second = LocalLock(tmp_path, "bot"), LocalLock(tmp_path, "bot")
    first.try_acquire({"pid": 1})
    (tmp_path / "bot" / "instance.lock").write_bytes(b"\xff{")
    assert second.try_acquire({"pid": 2}) == {}
    first.release()


def test_a_place_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        LocalLock(tmp_path / "file", "bot").try_acquire({})
