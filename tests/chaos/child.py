"""A process of the chaos: the session manager on a real store and a real socket, which people use without a pause.

It is forked from a server that has imported everything. It takes commands as lists over a pipe and writes an event per
line into a file, which survives its death.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from telethon.tl import types

from bybot.clock import SystemClock
from bybot.errors import BybotError
from bybot.sessions.documentlease import DocumentLease
from bybot.sessions.lease import LeaseTimes, Watchdog
from bybot.sessions.life import Life, LockedLife, TimedLife
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.telegram import DataCenter, TelegramEndpoint
from bybot.sessions.vault import Vault
from bybot.stores.base import Store
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from bybot.stores.locallock import InstanceLocks

KEY = bytes(range(32))
_EVERY = 0.06  # seconds between two requests for one session


def parts(facts: dict[str, Any]) -> tuple[Store, Life, LeaseTimes]:
    """The store that the facts name, and how others' lives are judged on it."""
    times = LeaseTimes.of(facts["lease"])
    bot_id = facts["bot_id"]
    if facts["firestore"] is None:
        directory = Path(facts["directory"])
        return (
            LocalFileStore(directory, bot_id, SystemClock()),
            LockedLife(InstanceLocks(directory, bot_id), times),
            times,
        )
    store = FirestoreStore("p", None, bot_id, emulator_host=facts["firestore"], commit_timeout=1.0, read_timeout=2.0)
    return store, TimedLife(times), times


class Child:
    """See the module."""

    def __init__(self, facts: dict[str, Any], pipe: Connection) -> None:
        self._facts = facts
        self._pipe = pipe
        self._events = os.open(facts["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._stopping = asyncio.Event()
        self._codes: dict[str, asyncio.Future[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._store, life, times = parts(facts)
        endpoint = TelegramEndpoint(
            12345,
            "0123456789abcdef0123456789abcdef",
            dc=DataCenter.parse_all(facts["dc"]),
            rsa_pem=facts["pem"],
            unsent_for=times.margin * 0.8,
        )
        lease = DocumentLease(
            self._store,
            SystemClock(),
            times,
            label=facts["label"],
            life=life,
            watchdog=Watchdog(enabled=facts["watchdog"]),
        )
        self._manager = UserSessionManager(
            self._store,
            Vault([KEY], bot_id=facts["bot_id"]),
            endpoint,
            bot_id=facts["bot_id"],
            lease=lease,
            connect_seconds=5,
            checkpoint_seconds=0.4,
            sessions_dir=facts["directory"],
        )

    def say(self, event: str, *facts: Any) -> None:
        """One line; a single write is never torn by a kill."""
        os.write(self._events, json.dumps([time.monotonic(), event, *facts]).encode() + b"\n")

    async def live(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_reader(self._pipe.fileno(), self._read)
        self._manager.on_lost(lambda user, reason: self.say("lost", user, reason))
        await self._patiently(self._store.open)
        await self._patiently(self._manager.start)
        self.say("started")
        for user in self._facts["users"]:
            self._spawn(self._speak(user))
        self._spawn(self._tell_state())
        await self._stopping.wait()
        loop.remove_reader(self._pipe.fileno())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._manager.close_all_sessions(5)
        await self._store.close()
        self.say("stopped")

    async def _patiently(self, step: Callable[[], Awaitable[object]]) -> None:
        while not self._stopping.is_set():
            try:
                await step()
                return
            except BybotError:
                await asyncio.sleep(0.1)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_state(self) -> None:
        told = ""
        while True:
            state = self._manager.state
            if state != told:
                self.say("state", state)
                told = state
            await asyncio.sleep(0.02)

    async def _speak(self, user: str) -> None:
        """Use a session without a pause, also with a client that was given out long ago."""
        client: Any = None
        count = 0
        while True:
            with contextlib.suppress(BybotError):
                client = await self._manager.get_user_client(user) or client
            if client is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(2):
                        if await client.get_me() is not None:
                            self.say("spoke", user)
                    count += 1
                    person = types.User(id=900_000 + count, access_hash=count, first_name=f"Guest {count}")
                    client.session.process_entities(person)  # something to be written at the next checkpoint
            await asyncio.sleep(_EVERY)

    # Commands ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            name, *arguments = self._pipe.recv()
        except EOFError:
            self._stopping.set()
            return
        if name == "code":
            user, code = arguments
            self._codes[user].set_result(code)
        else:
            self._spawn(self._obey(name, arguments))

    async def _obey(self, name: str, arguments: list[Any]) -> None:
        try:
            await getattr(self, f"_do_{name}")(*arguments)
        except BybotError as error:
            self.say("failed", name, *arguments, error.code)
        else:
            self.say("done", name, *arguments)

    async def _do_ask(self) -> None:
        self._manager.ask_for_handover()

    async def _do_login(self, user: str, phone: str) -> None:
        self._codes[user] = asyncio.get_running_loop().create_future()
        await self._manager.begin_login(user, phone)
        self.say("code wanted", user, phone)
        await self._manager.submit_code(user, await self._codes[user])

    async def _do_speak(self, user: str) -> None:
        self._spawn(self._speak(user))

    async def _do_delete(self, user: str) -> None:
        done = await self._manager.delete_user_session(user)
        if done.failures:
            self.say("failed", "delete", user, *done.failures)

    async def _do_backup(self) -> None:
        await self._manager.portable.backup()

    async def _do_cleanup(self) -> None:
        await self._manager.cleanup_inactive_sessions(30)


def main(facts: dict[str, Any], pipe: Connection) -> None:
    """Where a child begins."""
    with open(facts["log"], "ab") as words:
        os.dup2(words.fileno(), 2)
    logging.basicConfig(
        filename=facts["log"], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    asyncio.run(Child(facts, pipe).live())
