"""The local store when its process dies in the middle, and when several processes share it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bybot.clock import SystemClock
from bybot.stores.base import Key, Patch, Put
from bybot.stores.local import LocalFileStore
from tests.stores.children import AFTER, BEFORE

CHILD = [sys.executable, "-m", "tests.stores.children"]


def files_below(directory: Path) -> list[str]:
    return [path.name for path in directory.rglob("*") if path.is_file()]


def crashed_below(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.name not in ("start", "done"))


async def state_of(directory: Path) -> tuple[dict[Key, object], list[str]]:
    """All documents of the store, and the names of all files that it left."""
    store = LocalFileStore(directory, "bot", SystemClock())
    await store.open()
    state: dict[Key, object] = {}
    for key in BEFORE:
        read = await store.get(key)
        state[key] = None if read is None else dict(read.data)
    found = {d.key for collection in ("user_sessions", "things", "fresh") for d in await store.query(collection)}
    assert found == {key for key, data in state.items() if data is not None}
    await store.commit([Put(Key("things", "after"), {})])  # it can be written to again
    await store.close()
    return state, files_below(directory)


async def test_a_crash_before_any_file_operation_leaves_all_of_the_old_or_all_of_the_new(tmp_path: Path) -> None:
    await asyncio.to_thread(subprocess.run, [*CHILD, "crash", str(tmp_path)], check=True, timeout=50)
    crashed = crashed_below(tmp_path)
    assert len(crashed) > 60
    seen: dict[int, list[bool]] = {}
    for path in crashed:
        state, files = await state_of(path)
        assert state in (BEFORE, AFTER), path.name
        assert not [name for name in files if name.startswith(".tmp-") or name.endswith("journal")], path.name
        seen.setdefault(int(path.name.partition("-")[0]), []).append(state == AFTER)
    assert (await state_of(tmp_path / "done"))[0] == AFTER
    outcomes = [outcome for _, outcome in sorted(seen.items())]
    assert all(len(set(outcome)) == 1 for outcome in outcomes)  # however the recovery itself was interrupted
    decided = [outcome[0] for outcome in outcomes]
    assert decided == sorted(decided)  # old up to one operation, new from there on
    assert set(decided) == {False, True}


async def test_two_processes_that_count_lose_nothing(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path, "bot", SystemClock())
    await store.open()
    session, thing = Key("user_sessions", "1"), Key("things", "a")
    await store.commit([Put(session, {"session_data": b"x", "n": 0}), Put(thing, {"n": 0})])
    children = [await asyncio.create_subprocess_exec(*CHILD, "count", str(tmp_path), "60") for _ in range(2)]
    # And this process writes other sessions into the same metadata.json meanwhile.
    for n in range(40):
        await store.commit([Put(Key("user_sessions", f"other{n}"), {"session_data": b"y", "n": n})])
    assert [await child.wait() for child in children] == [0, 0]
    for key in (session, thing):
        read = await store.get(key)
        assert read is not None
        assert read.data["n"] == 120
    assert len(await store.query("user_sessions")) == 41
    await store.close()


async def test_a_change_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    first = LocalFileStore(tmp_path, "bot", SystemClock())
    second = LocalFileStore(tmp_path, "bot", SystemClock())
    await first.open()
    await second.open()
    key = Key("user_sessions", "1")
    await first.commit([Put(key, {"session_data": b"a", "n": 1})])
    for n in range(30):
        writer, reader = (first, second) if n % 2 else (second, first)
        done = await writer.commit([Patch(key, {"n": n, "session_data": b"%d" % n})])
        read = await reader.get(key)
        assert read is not None
        assert dict(read.data) == {"n": n, "session_data": b"%d" % n}
        assert read.version == done.versions[key]
    await first.close()
    await second.close()


@pytest.mark.parametrize("name", ["store.lock"])
async def test_a_lock_file_that_somebody_removes_is_noticed(tmp_path: Path, name: str) -> None:
    first = LocalFileStore(tmp_path, "bot", SystemClock())
    second = LocalFileStore(tmp_path, "bot", SystemClock())
    await first.open()
    await second.open()
    (tmp_path / "bot" / name).unlink()
    await first.commit([Put(Key("things", "1"), {"n": 1})])
    before = (await first.now(), await second.now())
    done = await second.commit([Put(Key("things", "2"), {"n": 1})])
    assert done.time > before[0]
    await first.close()
    await second.close()
