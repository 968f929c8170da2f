"""The process that is soaked: the session manager and the mirror as a deployment has them, with files as store.

It obeys its parent over a pipe and answers with what it holds: memory, tasks, file descriptors, and how many of the
mirror's own things are alive.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from telethon.crypto import AuthKey

from bybot.clock import SystemClock
from bybot.ids import user_key
from bybot.mirror import Everything
from bybot.mirror.cursor import Cursor
from bybot.mirror.engine import Engine
from bybot.mirror.journal import Journal
from bybot.mirror.live import Ears, Inbox
from bybot.mirror.model import Notice, NoticeKind, Progress
from bybot.mirror.pacing import PACES, Pace
from bybot.mirror.sender import Sender
from bybot.mirror.supervisor import Supervisor
from bybot.sessions.codec import Codec
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import LeaseTimes
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.model import auth_key_key, session_key
from bybot.sessions.registry import open_registry
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import DataCenter, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Put, Store
from bybot.stores.local import LocalFileStore

BOT_ID: Final = "soak"
_KINDS: Final = (Engine, Journal, Sender, Inbox, Ears, Cursor)


def held() -> dict[str, int]:
    """What this process holds now."""
    gc.collect()
    with open("/proc/self/statm", "rb") as file:
        pages = int(file.read().split()[1])
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "objects": len(gc.get_objects()),
        "things": sum(type(each) in _KINDS for each in gc.get_objects()),
    }


class Told:
    """What users are told: only what should not happen is kept, and deletions are confirmed."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.mirror: Supervisor | None = None

    def progress(self, user_id: int | str, pair_id: str, progress: Progress) -> None:
        """Nobody looks."""

    async def notice(self, user_id: int | str, notice: Notice) -> None:
        if notice.kind is NoticeKind.BULK_DELETION and self.mirror is not None:
            await self.mirror.confirm_deletions(user_id, notice.pair.id, True)
        elif notice.kind in (NoticeKind.FAILED, NoticeKind.SOURCE_LOST, NoticeKind.TARGET_LOST, NoticeKind.LIMITED):
            self.failures.append(f"{notice.kind}: {dict(notice.facts)}")


async def _plant(store: Store, vault: Vault, facts: dict[str, Any]) -> None:
    """A stored session for every account."""
    codec, now = Codec(vault), datetime.now(UTC)
    await open_registry(store, codec)
    for account, data in facts["keys"].items():
        session = StoredSession()
        session.set_dc(2, *facts["address"])
        session._auth_key = AuthKey(data)
        session.authorise()
        key = user_key(account)
        fields = codec.pack(key, session.snapshot(), now)
        state = {"state": "ready", "owner": None, "token": 3, "account_id": account, "created_at": now}
        known = {"user": key, "created_at": now}
        writes = [Put(session_key(key), {**state, "last_used_at": now, **fields})]
        await store.commit([*writes, Put(auth_key_key(fields["key_hmac"]), known)])


@asynccontextmanager
async def _mirroring(facts: dict[str, Any], store: Store, told: Told) -> AsyncIterator[Supervisor]:
    """A manager with all sessions, and a mirror on it."""
    vault, clock = Vault([bytes(32)], bot_id=BOT_ID), SystemClock()
    await _plant(store, vault, facts)
    endpoint = TelegramEndpoint(12345, "0" * 32, dc=DataCenter.parse(facts["dc"]), rsa_pem=facts["pem"])
    lease = DocumentLease(store, clock, LeaseTimes.of(30.0), label=BOT_ID)
    manager = UserSessionManager(store, vault, endpoint, bot_id=BOT_ID, clock=clock, lease=lease)
    # Paced as against the real Telegram, a thousand times faster.
    PACES["soak"] = Pace(per_request=0.0005, per_post=0.0)
    mirror = Supervisor(manager, store, clock, pace=facts["pace"], notices=told, poll_seconds=3.0)
    told.mirror = mirror
    await mirror.start()
    await manager.start()
    try:
        await manager.wait_active()
        await manager.wait_restored()
        yield mirror
    finally:
        await mirror.stop()
        await manager.close_all_sessions(10)


async def live(facts: dict[str, Any], pipe: Connection) -> None:
    """Obey the parent: ``pairs`` adds them, ``held`` asks what is held, ``stop`` ends it."""
    store = LocalFileStore(Path(facts["directory"]), BOT_ID, SystemClock())
    await store.open()
    told = Told()
    async with _mirroring(facts, store, told) as mirror:
        pipe.send(held())
        while (command := await asyncio.to_thread(pipe.recv))[0] != "stop":
            if command[0] == "pairs":
                for account, source, target in command[1]:
                    await mirror.add_pair(account, source, target, Everything())
            pipe.send(held())
    told.mirror = None
    del mirror
    await store.close()
    await asyncio.sleep(0.5)
    pipe.send({**held(), "failures": told.failures})


def main(facts: dict[str, Any], pipe: Connection) -> None:
    """Where the process begins."""
    logging.basicConfig(filename=facts["log"], level=logging.WARNING)
    asyncio.run(live(facts, pipe))
