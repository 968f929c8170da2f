"""A process that holds sessions: ``python -m tests.sessions.holder JSON``. It prints a JSON line per event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bybot.clock import SystemClock
from bybot.errors import BybotError
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import Lease, LeaseTimes, Watchdog
from bybot.sessions.life import LockedLife
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.telegram import DataCenter, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Store
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from bybot.stores.locallock import InstanceLocks

BOT_ID = "bybot_test"


def say(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


async def speak(manager: UserSessionManager, user: str, every: float) -> None:
    """Use the session without a pause, also a client that was given out long ago."""
    client = None
    while True:
        with contextlib.suppress(BybotError):
            client = await manager.get_user_client(user) or client
        if client is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    me = await client.get_me()
                    if me is not None:
                        say("spoke", token=manager.token(user), at=time.monotonic())
        await asyncio.sleep(every)


async def hang(user: str) -> None:
    say("parting", user=user)
    await asyncio.sleep(3600)


def parts(facts: dict[str, Any]) -> tuple[Store, Lease]:
    clock = SystemClock()
    if "directory" in facts:
        directory = Path(facts["directory"])
        local = LocalFileStore(directory, BOT_ID, clock)
        times = LeaseTimes.of(facts.get("lease", 1.5))
        life = LockedLife(InstanceLocks(directory, BOT_ID), times)
        return local, DocumentLease(local, clock, times, label=facts["label"], life=life)
    store = FirestoreStore("p", None, BOT_ID, emulator_host=facts["firestore"], commit_timeout=1.0, read_timeout=2.0)
    times = LeaseTimes.of(facts["lease"])
    watchdog = Watchdog(enabled=bool(facts.get("watchdog")))
    return store, DocumentLease(store, clock, times, label=facts["label"], watchdog=watchdog)


async def main(facts: dict[str, Any]) -> None:
    store, lease = parts(facts)
    await store.open()
    telegram = TelegramEndpoint(
        12345,
        "0123456789abcdef0123456789abcdef",
        dc=DataCenter.parse_all(facts["dc"]),
        rsa_pem=facts["pem"],
        unsent_for=0.5,
    )
    manager = UserSessionManager(
        store, Vault([bytes(range(32))], bot_id=BOT_ID), telegram, bot_id=BOT_ID, lease=lease, connect_seconds=5
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    manager.on_ready(lambda user: say("ready", user=user))
    manager.on_lost(lambda user, reason: say("lost", user=user, reason=reason))
    if facts.get("hang"):
        manager.on_parting(hang)
    await manager.start()
    if facts.get("ask"):
        manager.ask_for_handover()
    say("started")
    speaking = asyncio.create_task(speak(manager, facts["user"], facts.get("every", 0.03)))
    await stop.wait()
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    await manager.close_all_sessions(5)
    await store.close()
    say("stopped")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
