"""What a file that is uploaded anew costs in memory: the product moves it while the kernel notes its highest mark."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Final

from bench.ours import Bell, mirroring, until_live
from bench.raw import until_stdin_ends
from bench.spec import Spec, emit, resident_bytes
from bybot.mirror.model import New
from bybot.mirror.rules.book import Rules

_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")
#: Resets the highest mark of resident memory (proc(5), clear_refs).
_HIGHEST: Final = "5"


async def reupload(spec: Spec) -> None:
    """Mirror new posts, files uploaded anew, until standard input ends; then tell by how much memory rose meanwhile.

    Only where the kernel keeps such a mark: on Linux.
    """
    async with mirroring(spec, Bell()) as (mirror, _):
        pair = await mirror.add_pair(spec.account, f"@{spec.source}", f"@{spec.target}", New())
        await mirror.set_rules(spec.account, pair.id, Rules(files="upload"))
        await until_live(mirror, spec)
        await asyncio.sleep(spec.settle)
        gc.collect()
        idle = resident_bytes()
        await asyncio.to_thread(_CLEAR.write_text, _HIGHEST)
        emit(ready=True)
        await until_stdin_ends()
        emit(result={"bytes": _highest_bytes() - idle})


def _highest_bytes() -> int:
    """The most that was resident since the mark was reset."""
    (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
