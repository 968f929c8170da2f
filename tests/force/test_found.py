"""What kills and sequences of chance have found, each as a plain test."""

from __future__ import annotations

import pytest

from tests.mirror.support import ground, until


@pytest.mark.parametrize("nth", [1, 2])
async def test_what_is_sent_again_after_a_reconnect_goes_before_what_waits(nth: int) -> None:
    async with ground() as g, g.running_mirror(await g.client(), pace="off") as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live")
        g.faults.add(kind="cut", account=g.ann.id, method="forwardMessages", nth=nth)
        for number in range(30):
            g.post(f"post {number}")
        await g.wait_same()
