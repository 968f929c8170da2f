"""What a round of chaos stands on: a sandbox Telegram, one store of its own, and processes that come and go."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bybot.clock import SystemClock
from bybot.sandbox.firestore.server import FirestoreServer
from bybot.sandbox.server import Sandbox
from bybot.sessions.codec import Codec
from bybot.sessions.model import session_key
from bybot.sessions.stored import StoredSession
from bybot.sessions.vault import Vault
from bybot.stores.base import Patch, Store
from bybot.stores.firestore import FirestoreStore
from bybot.stores.local import LocalFileStore
from tests.chaos import child
from tests.sessions.support import plant_session

LEASE = 1.0
MARGIN = LEASE / 3
#: All come from one server that has imported everything, so that a start costs milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.chaos.child", "tests.chaos.program"])


async def until(condition: Callable[[], Any], seconds: float) -> bool:
    """Wait for a condition. False when it did not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


class Runner:
    """One process, and what it said."""

    def __init__(self, facts: dict[str, Any], pipe: Any, process: Any) -> None:
        self.label: str = facts["label"]
        self.stopped = False
        self.asked_to_end = False
        self.events: list[list[Any]] = []
        self._pipe = pipe
        self._process = process
        self._path = Path(facts["events"])
        self._read_to = 0

    @classmethod
    def start(cls, facts: dict[str, Any], main: Callable[[dict[str, Any], Any], None] = child.main) -> Runner:
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=main, args=(facts, theirs), daemon=True)
        process.start()
        theirs.close()
        return cls(facts, ours, process)

    @property
    def alive(self) -> bool:
        return bool(self._process.is_alive())

    @property
    def exit_code(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    @property
    def healthy(self) -> bool:
        """Does it run, neither frozen nor asked to end?"""
        return self.alive and not self.stopped and not self.asked_to_end

    def read(self) -> list[list[Any]]:
        """Everything that it has said."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read_to)
                lines = file.read()
            whole = lines[: lines.rfind(b"\n") + 1]
            self._read_to += len(whole)
            self.events += [json.loads(line) for line in whole.splitlines()]
        return self.events

    def said(self, *event: Any) -> bool:
        """Did it say that, with these first facts?"""
        return any(each[1 : 1 + len(event)] == list(event) for each in self.read())

    def times(self, *event: Any) -> list[float]:
        """When it said that."""
        return [each[0] for each in self.read() if each[1 : 1 + len(event)] == list(event)]

    @property
    def state(self) -> str:
        """The last state that it told."""
        return next((each[2] for each in reversed(self.read()) if each[1] == "state"), "")

    def send(self, *command: Any) -> None:
        """A command; a process that is gone gets none."""
        try:
            self._pipe.send(list(command))
        except OSError:
            return

    def signal(self, number: int) -> None:
        if self.alive:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.join(5)

    def end(self) -> None:
        """SIGTERM."""
        self.asked_to_end = True
        self.signal(signal.SIGTERM)

    def freeze(self) -> None:
        self.stopped = True
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.stopped = False
        self.signal(signal.SIGCONT)

    def close(self) -> None:
        """End it whatever it does."""
        self.thaw()
        self.kill()
        self._pipe.close()


@dataclass
class Ground:
    """One round's store, and who is in it.

    Attributes:
        directory: for files and logs of the round.
        users: people with a session from before, by user id: their account.
        kind: ``local`` or ``firestore``.
    """

    sandbox: Sandbox
    firestore: FirestoreServer
    directory: Path
    kind: str
    number: int
    runners: list[Runner] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)

    @property
    def bot_id(self) -> str:
        return f"chaos_{self.number}"

    @property
    def codec(self) -> Codec:
        return Codec(Vault([child.KEY], bot_id=self.bot_id))

    def store(self) -> Store:
        """Our own way to the round's store."""
        if self.kind == "local":
            return LocalFileStore(self.directory, self.bot_id, SystemClock())
        return FirestoreStore("p", None, self.bot_id, emulator_host=self.firestore.address)

    async def plant(self, user: str, account: int, *, unused_for: timedelta | None = None) -> None:
        """A person's session from before."""
        store = self.store()
        await store.open()
        try:
            self.keys[user] = await plant_session(self.sandbox, store, user, account, seal=self.codec.vault)
            if unused_for is not None:
                long_ago = SystemClock().now() - unused_for
                await store.commit([Patch(session_key(user), {"last_used_at": long_ago, "created_at": long_ago})])
        finally:
            await store.close()
        self.users[user] = account

    def facts(self, *, watchdog: bool, also: Sequence[str] = ()) -> dict[str, Any]:
        """What the next process must know."""
        label = f"{self.number}.{len(self.runners)}"
        return {
            "label": label,
            "lease": LEASE,
            "bot_id": self.bot_id,
            "directory": str(self.directory),
            "firestore": None if self.kind == "local" else self.firestore.address,
            "dc": self.sandbox.dc_spec,
            "pem": self.sandbox.rsa_public_key_pem,
            "users": [*(user for user in self.users if user != "old"), *also],
            "events": str(self.directory / f"events-{label}.jsonl"),
            "log": str(self.directory / f"log-{label}.txt"),
            "watchdog": watchdog,
        }

    def start(self, *, watchdog: bool = False, also: Sequence[str] = ()) -> Runner:
        """One more process.

        Args:
            also: people without a session from before, for whom it is to speak too.
        """
        runner = Runner.start(self.facts(watchdog=watchdog, also=also))
        self.runners.append(runner)
        return runner

    def spoke_since(self, user: str, moment: float) -> bool:
        """Has any process spoken for somebody since then?"""
        return any(when > moment for runner in self.runners for when in runner.times("spoke", user)[-1:])

    def open_stored(self, data: Any) -> StoredSession:
        """What a session's document holds. Raises what the codec raises."""
        return self.codec.unpack(data)

    def close(self) -> None:
        for runner in self.runners:
            runner.close()
