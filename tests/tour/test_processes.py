"""Children of the tour: none outlives it, and each shows its last words when it fails."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bybot.sandbox.tour.model import Sabotage, TourFailed, TourResult
from bybot.sandbox.tour.processes import Child, Children

SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(600)"
)


def child(directory: Path, code: str, **settings: str) -> Child:
    return Child("helper", ["-c", code], directory=directory, log=directory / "helper.log", environment=settings)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def awake(children: Children, process: Child) -> None:
    async def wrote() -> bool:
        return "awake" in process.log.read_text()

    await children.until(wrote, "waking up", seconds=10, alive=[process])


async def test_leaving_the_block_ends_a_child(tmp_path: Path) -> None:
    async with Children() as children:
        process = await children.start(child(tmp_path, SLEEPER))
        await awake(children, process)
        pid = process.process.pid
    assert not exists(pid)


async def test_an_error_kills_even_a_child_that_ignores_sigterm(tmp_path: Path) -> None:
    process = child(tmp_path, STUBBORN)

    async def play() -> None:
        async with Children() as children:
            await children.start(process)
            await awake(children, process)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await play()
    assert not exists(process.process.pid)


async def test_cancellation_ends_the_children(tmp_path: Path) -> None:
    process = child(tmp_path, SLEEPER)
    started = asyncio.Event()

    async def play() -> None:
        async with Children() as children:
            await children.start(process)
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(play())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not exists(process.process.pid)


async def test_a_child_that_ends_early_shows_its_last_lines_and_its_log(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async with Children() as children:
        process = await children.start(child(tmp_path, "raise SystemExit('the reason')"))
        with pytest.raises(TourFailed, match="the reason") as caught:
            await children.until(never, "something", seconds=10, alive=[process])
    assert "exit code 1" in caught.value.message
    assert str(process.log) in caught.value.next_step


async def test_waiting_is_bounded_and_names_what_did_not_happen(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async with Children() as children:
        process = await children.start(child(tmp_path, SLEEPER))
        with pytest.raises(TourFailed, match="the moon rises"):
            await children.until(never, "the moon rises", seconds=0.1, alive=[process])


async def test_a_child_does_not_see_the_operators_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "the operator's")
    code = "import os; print(os.environ.get('BOT_TOKEN'), os.environ['PORT'])"
    async with Children() as children:
        process = await children.start(child(tmp_path, code, PORT="1"))
        await process.process.wait()
    assert process.log.read_text().split() == ["None", "1"]


def test_the_checker_imports_nothing_of_the_product() -> None:
    code = (
        "import sys, bybot.sandbox.tour.checker;"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] == 'bybot'))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    own = "bybot bybot.sandbox bybot.sandbox.tour bybot.sandbox.tour.checker bybot.sandbox.tour.compare"
    assert answer.stdout.split() == own.split()


def test_sabotage_is_read_from_its_text() -> None:
    assert Sabotage.parse("drop=1,double=2") == Sabotage(1, 2)
    assert not Sabotage.parse(None)
    with pytest.raises(ValueError, match="drop=N"):
        Sabotage.parse("lose=1")


def test_only_a_faithful_copy_ends_with_exit_code_0() -> None:
    assert TourResult("local").exit_code == 0
    assert TourResult("local", missing=1).exit_code == 1
    assert TourResult("local", doubled=1).exit_code == 1
    assert TourResult("local", altered=1).exit_code == 1
