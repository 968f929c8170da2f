"""Programs of the tests, run as people run them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


async def program(module: str, *arguments: str) -> tuple[int, list[str]]:
    """Run ``python -m`` to its end; its exit code and the lines that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode().splitlines()
