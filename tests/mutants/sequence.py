"""``python -m tests.mutants.sequence NAME SCENE``: steps played on the mirror without a safeguard.

``none`` as NAME: on the mirror as it is. The last line is what is wrong in the target then, as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Final

from tests.force import sequences
from tests.mutants.mirror import REMOVALS

#: Seconds after which a target that is not right is taken for wrong.
_QUIET: Final = 3.0

if __name__ == "__main__":
    name, scene = sys.argv[1:3]
    logging.disable()
    if name != "none":
        REMOVALS[name].apply()
        sequences.QUIET = _QUIET  # type: ignore[misc]
    found = asyncio.run(sequences.play(REMOVALS[scene].steps, **REMOVALS[scene].options))
    print(json.dumps(found))
