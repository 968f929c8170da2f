"""Real processes that share a local store, or die in the middle of a commit.

``python -m tests.stores.children crash DIRECTORY``: for every file operation of one commit, a process that ends right
before it, and for each of these, for every operation of the recovery, a process that ends right before that one.
``python -m tests.stores.children count DIRECTORY TIMES``: counts documents up by their versions.
``python -m tests.stores.children hold DIRECTORY``: takes the instance lock and waits for the end of its input.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from bybot.clock import SystemClock
from bybot.errors import StaleWrite
from bybot.stores.base import Delete, Key, Patch, Put, Write
from bybot.stores.files import Files
from bybot.stores.local import LocalFileStore
from bybot.stores.locallock import InstanceLocks

DIED = 99

BEFORE: dict[Key, dict[str, Any] | None] = {
    Key("user_sessions", "1"): {"session_data": b"one" * 1000, "owner": "me", "n": 1},
    Key("user_sessions", "2"): {"session_data": b"two", "n": 1},
    Key("user_sessions", "3"): {"session_data": b"three", "n": 1},
    Key("user_sessions", "4"): None,
    Key("things", "a"): {"n": 1},
    Key("things", "b"): {"n": 1},
    Key("fresh", "x"): None,
}
AFTER: dict[Key, dict[str, Any] | None] = {
    Key("user_sessions", "1"): {"session_data": b"ONE" * 1000, "owner": "me", "n": 2},
    Key("user_sessions", "2"): {"session_data": b"two", "n": 2},
    Key("user_sessions", "3"): None,
    Key("user_sessions", "4"): {"session_data": b"four"},
    Key("things", "a"): {"n": 2},
    Key("things", "b"): None,
    Key("fresh", "x"): {"n": 2},
}
COMMIT: list[Write] = [
    Patch(Key("user_sessions", "1"), {"session_data": b"ONE" * 1000, "n": 2}),
    Patch(Key("user_sessions", "2"), {"n": 2}),
    Delete(Key("user_sessions", "3")),
    Put(Key("user_sessions", "4"), {"session_data": b"four"}),
    Put(Key("things", "a"), {"n": 2}),
    Delete(Key("things", "b")),
    Put(Key("fresh", "x"), {"n": 2}),
]


class DyingFiles(Files):
    """Ends the process right before the n-th operation; a write is left half done then."""

    def __init__(self, deadly: int) -> None:
        self._left = deadly

    def before(self, operation: str, path: Path) -> None:
        self._left -= 1
        if self._left == 0:
            if operation == "write":
                path.write_bytes(b"half")
            os._exit(DIED)


async def change(directory: Path, files: Files) -> None:
    """The commit that is interrupted."""
    store = LocalFileStore(directory, "bot", SystemClock(), files=files)
    await store.open()
    await store.commit(COMMIT)
    await store.close()


async def recover(directory: Path, files: Files) -> None:
    """What the next process does first."""
    store = LocalFileStore(directory, "bot", SystemClock(), files=files)
    await store.open()
    await store.close()


async def prepare(directory: Path) -> None:
    """The state before the commit."""
    store = LocalFileStore(directory, "bot", SystemClock())
    await store.open()
    await store.commit([Put(key, data) for key, data in BEFORE.items() if data is not None])
    await store.close()


def _in_child(work: Coroutine[Any, Any, None]) -> bool:
    """Run work in a forked process; whether it got to its end."""
    child = os.fork()
    if child == 0:
        asyncio.run(work)
        os._exit(0)
    work.close()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, DIED):
        raise RuntimeError(f"the child ended with {code}")
    return code == 0


def crash(directory: Path) -> None:
    """Leave ``{n}-{m}`` for every place n of the commit and m of the recovery, ``done`` for no crash at all."""
    _in_child(prepare(directory / "start"))
    n = 0
    while True:
        n += 1
        broken = directory / f"{n}"
        shutil.copytree(directory / "start", broken)
        if _in_child(change(broken, DyingFiles(n))):
            broken.rename(directory / "done")
            return
        m = 0
        recovered = False
        while not recovered:
            m += 1
            again = directory / f"{n}-{m}"
            shutil.copytree(broken, again)
            recovered = _in_child(recover(again, DyingFiles(m)))


async def count(directory: Path, times: int) -> None:
    """Count two documents up, each by its version."""
    store = LocalFileStore(directory, "bot", SystemClock())
    await store.open()
    for key in (Key("user_sessions", "1"), Key("things", "a")):
        left = times
        while left:
            read = await store.get(key)
            assert read is not None
            try:
                await store.commit([Patch(key, {"n": read.data["n"] + 1}, if_=read.version)])
                left -= 1
            except StaleWrite:
                continue
    await store.close()


def hold(directory: Path) -> None:
    """Hold the lock of an instance, say so, and keep it until the input ends."""
    locks = InstanceLocks(directory, "bot")
    locks.hold("child")
    print("held", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    command, place = sys.argv[1], Path(sys.argv[2])
    if command == "crash":
        crash(place)
    elif command == "count":
        asyncio.run(count(place, int(sys.argv[3])))
    else:
        hold(place)
