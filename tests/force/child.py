"""A process that mirrors, until it is killed: by its parent at any moment, or by itself at a chosen point.

It is forked from a server that has imported everything, so that a life begins within milliseconds. A point is the
place between two steps where an end hurts most; the process counts how often it comes there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from telethon import TelegramClient
from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession

from bybot.clock import SystemClock
from bybot.mirror import Everything, Mirror, NoticeKind
from bybot.mirror.copies import Copies
from bybot.mirror.journal import Journal
from bybot.mirror.pacing import PACES, Pace
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.mirror.sender import Sender
from bybot.stores.base import Committed, Write
from bybot.stores.files import Files
from bybot.stores.local import LocalFileStore

#: What the rule of a round replaces, and by what: as long as it was, so that no entity moves.
WORD: Final = ("the", "THE")
RULES: Final = Rules(transforms=(Replace(*WORD, ignore_case=False),))
#: So many posts are looked at again after each death: all that a round has.
WINDOW: Final = 2_000
DC: Final = 2


class Counted:
    """Kills this process when it comes somewhere for the nth time; never for 0."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def here(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DeadlyFiles(Files):
    """Ends the process before an operation on the disk."""

    def __init__(self, point: Counted) -> None:
        self._point = point

    def before(self, operation: str, path: Path) -> None:
        self._point.here()


def _between_reservation_and_send(point: Counted) -> None:
    reserve = Journal.reserve

    async def reserved(self: Journal, source_id: int) -> None:
        await reserve(self, source_id)
        point.here()

    Journal.reserve = reserved  # type: ignore[method-assign]


def _between_answer_and_note(point: Counted) -> None:
    note = Sender._note

    def noted(self: Sender, flight: Any, answer: Any) -> bool:
        point.here()
        return note(self, flight, answer)

    Sender._note = noted  # type: ignore[method-assign]


def _after_a_change_of_copies(point: Counted) -> None:
    do = Copies.do

    async def done(self: Copies, make: Callable[[], Any], kind: str) -> bool:
        result = await do(self, make, kind)
        point.here()
        return result

    Copies.do = done  # type: ignore[method-assign]


class DeadlyStore(LocalFileStore):
    """Ends the process before a commit, or after it, before anybody learns of it."""

    def __init__(self, facts: Mapping[str, Any], point: Counted) -> None:
        files = DeadlyFiles(point) if facts["point"] == "disk" else None
        super().__init__(facts["directory"], "force", SystemClock(), files=files)
        self._point, self._where = point, facts["point"]

    async def commit(self, writes: Sequence[Write]) -> Committed:
        if self._where == "noted":
            self._point.here()
        committed = await super().commit(writes)
        if self._where == "flushed":
            self._point.here()
        return committed


#: Places between two steps of the mirror.
_PLACES: Final[Mapping[str, Callable[[Counted], None]]] = {
    "reserved": _between_reservation_and_send,
    "answered": _between_answer_and_note,
    "changed": _after_a_change_of_copies,
}
#: Where a process may end itself; "disk" is every single operation of a flush.
POINTS: Final = (*_PLACES, "noted", "flushed", "disk")


def _client(facts: Mapping[str, Any]) -> TelegramClient:
    rsa.add_key(facts["pem"], old=False)
    session = MemorySession()
    session.set_dc(DC, *facts["address"])
    session.auth_key = AuthKey(facts["key"])
    return TelegramClient(
        session,
        12345,
        "0123456789abcdef0123456789abcdef",
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        connection_retries=5,
        retry_delay=0,
        timeout=5,
        request_retries=1,
    )


async def live(facts: Mapping[str, Any]) -> None:
    """Mirror until SIGTERM."""
    point = Counted(facts["nth"])
    if facts["point"] in _PLACES:
        _PLACES[facts["point"]](point)
    PACES["quick"] = Pace(per_request=0.0005, per_post=0.0)
    store = DeadlyStore(facts, point)
    await store.open()
    client = _client(facts)
    await client.connect()

    def heard(kind: NoticeKind, _: Mapping[str, Any]) -> None:
        if kind is NoticeKind.BULK_DELETION:
            mirror.confirm_deletions(True)

    mirror = Mirror(
        client,
        "@source",
        "@target",
        store=store,
        mode=Everything(),
        rules=replace(RULES if facts["rules"] else Rules(), window=WINDOW),
        pace=facts["pace"],
        poll_seconds=0.3,
        on_notice=heard,
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    os.close(os.open(facts["ready"], os.O_CREAT, 0o600))
    running = asyncio.create_task(mirror.run())
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        await mirror.stop()
        await running
    finally:
        asked.cancel()
        await client.disconnect()
        await store.close()


def main(facts: Mapping[str, Any]) -> None:
    """Where a child begins."""
    with open(facts["log"], "ab") as words:
        os.dup2(words.fileno(), 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(live(facts))
