"""The event loop only waits: files, databases and sleeps are for other threads."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bybot.sandbox.server import Sandbox
from bybot.stores.base import Store
from tests.sessions.support import ANN_PHONE, LI_WEI, live_client, log_in, plant_session, running, until

#: What Python itself reports before it is done, and what blocks whatever it is done to.
_OF_FILES: Final = {"open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.listdir", "os.scandir", "os.truncate"}
_ALWAYS: Final = {"time.sleep", "fcntl.flock", "sqlite3.connect", "socket.getaddrinfo", "subprocess.Popen"}


class _Watch:
    """Python's audit hooks stay for ever: there is one, and it is asleep most of the time."""

    thread: int | None = None
    folder = ""
    seen: list[str] = []  # noqa: RUF012

    @classmethod
    def hear(cls, event: str, args: tuple[Any, ...]) -> None:
        if cls.thread != threading.get_ident():
            return
        if event in _ALWAYS or (event in _OF_FILES and str(args[0]).startswith(cls.folder)):
            cls.seen.append(f"{event} {args[:1]}")


_hooked: list[bool] = []


@contextmanager
def blocking_calls(folder: Path) -> Iterator[list[str]]:
    """What the present thread does meanwhile that may block, files below a folder included."""
    if not _hooked:
        sys.addaudithook(_Watch.hear)
        _hooked.append(True)
    _Watch.seen, _Watch.folder, _Watch.thread = [], str(folder), threading.get_ident()
    try:
        yield _Watch.seen
    finally:
        _Watch.thread = None


async def test_the_watch_hears_what_would_hold_the_loop_up(tmp_path: Path) -> None:
    with blocking_calls(tmp_path) as seen:
        (tmp_path / "a").write_bytes(b"")
        os.listdir(tmp_path)
        await asyncio.to_thread((tmp_path / "b").write_bytes, b"")
    assert [entry.split()[0] for entry in seen] == ["open", "os.listdir"]


async def test_a_sessions_whole_life_does_nothing_that_blocks_on_the_loop(
    sandbox: Sandbox, any_store: Store, tmp_path: Path
) -> None:
    await plant_session(sandbox, any_store, 2, LI_WEI)
    with blocking_calls(tmp_path) as seen:
        async with running(sandbox, any_store, sessions_dir=str(tmp_path), checkpoint_seconds=0.2) as manager:
            await log_in(manager, sandbox, 1, ANN_PHONE)
            client = await live_client(manager)
            await client.get_dialogs()
            await manager.force_refresh(1)
            await manager.get_session_stats()
            await until(lambda: manager._core.recount is False)
            await manager.portable.backup(tmp_path / "copy")
            await manager.portable.restore(tmp_path / "copy")
            await manager.portable.rotate_keys()
            string = (await manager.portable.export_session(2, "telethon-string")).data
            await manager.delete_user_session(2)
            await manager.portable.import_session(3, string, other_copy_stopped=True)
            assert (await manager.get_session_info(3))["account_id"] == LI_WEI
            await manager.delete_user_session(1)
    assert seen == []
