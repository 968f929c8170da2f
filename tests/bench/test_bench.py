"""Every benchmark runs; how fast is nobody's business here."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from bench.figures import FIGURES


@pytest.mark.timeout(120)
async def test_every_figure_is_measured_and_printed_as_one_json_object_per_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench",
        "--small",
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(110):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    lines = [json.loads(line) for line in output.decode().splitlines()]
    assert [line["name"] for line in lines] == list(FIGURES)
    for line in lines:
        assert {"name", "unit", "ours", "raw", "ratio", "bound", "ok"} <= set(line)
        assert line["ours"] > 0 or line["name"] == "idle_writes"


async def test_an_unknown_figure_is_refused_by_name() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench", "speed_of_light", stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert "no figure is called 'speed_of_light'" in errors.decode()
