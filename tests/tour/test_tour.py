"""The tour as it is played for people: three real processes, only smaller."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

_SECONDS = 110


async def tour(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = ["-m", "bybot", "sandbox", "--tour", "--json", "--posts", "60", "--live", "10", *arguments]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode is not None
    lines = output.decode().splitlines()
    assert len(lines) == 1, errors.decode()
    return process.returncode, json.loads(lines[0])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("store", ["local", "firestore"])
async def test_the_tour_ends_with_nothing_missing_and_nothing_doubled(store: str) -> None:
    code, result = await tour("--store", store)
    assert (result["missing"], result["doubled"], result["altered"]) == (0, 0, 0), result["differences"]
    assert result["key_violations"] == 0
    assert result["unknown_requests"] == 0
    assert result["restarts"] == 1
    assert result["skipped_protected"] == 2
    assert (result["cloned"], result["live"]) == (58, 10)
    assert result["store"] == store
    assert code == 0


@pytest.mark.timeout(120)
async def test_a_product_that_drops_and_doubles_is_found_out() -> None:
    code, result = await tour("--sabotage", "drop=1,double=1")
    assert (result["missing"], result["doubled"]) == (1, 1)
    assert code == 1


@pytest.mark.timeout(60)
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    """Every child writes into the tour's directory: whoever still has its working directory there is left over."""
    command = [sys.executable, "-m", "bybot", "sandbox", "--tour", "--posts", "20", "--live", "2"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as process:
        try:
            deadline = time.monotonic() + 30
            while not list(tmp_path.glob("bybot-tour-*/bot.log")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) != 0
        finally:
            process.kill()
    assert _working_below(tmp_path) == []


def _working_below(directory: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith(str(directory)):
            found.append(f"{entry}: {target}")
    return found
