"""A process that hangs past its lease ends itself, whatever hangs."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
    import asyncio, re, time
    from bybot.clock import SystemClock
    from bybot.sessions.documentlease import DocumentLease
    from bybot.sessions.lease import LeaseTimes, Watchdog
    from bybot.stores.memory import MemoryStore

    async def main():
        clock = SystemClock()
        watchdog = Watchdog(enabled=True)
        lease = DocumentLease(MemoryStore(clock), clock, LeaseTimes.of(1.0), label="test", watchdog=watchdog)
        term = await lease.contend()
        keeping = asyncio.create_task(lease.keep(term, asyncio.Event()))
        await asyncio.sleep(2.5)  # renewed several times: it does not end a process that is well
        print("well", flush=True)
        HANG
        print("still here", flush=True)

    asyncio.run(main())
"""


@pytest.mark.parametrize(
    "hang",
    [
        "time.sleep(30)",
        # One call in C that never gives the interpreter lock back.
        "re.match('(a+)+$', 'a' * 64 + 'b')",
    ],
    ids=["the loop", "the interpreter"],
)
def test_a_process_that_hangs_past_its_lease_ends_itself(hang: str) -> None:
    program = textwrap.dedent(PROGRAM).replace("HANG", hang)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=25, check=False
    )
    assert done.stdout.split() == ["well"]
    assert done.returncode != 0
    assert "Timeout" in done.stderr
