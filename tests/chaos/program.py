"""The whole program as a process of the chaos: bot, sessions, mirror and HTTP service, as in production."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from multiprocessing.connection import Connection
from typing import Any

from bybot.config import load_settings
from bybot.deployment import Deployment
from bybot.mirror.model import Everything


class Program:
    """See the module. It takes one command, ``pair``, and tells its state."""

    def __init__(self, facts: dict[str, Any], pipe: Connection) -> None:
        self._facts = facts
        self._pipe = pipe
        self._events = os.open(facts["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._stopping = asyncio.Event()
        self._commands: asyncio.Queue[list[Any]] = asyncio.Queue()

    def say(self, event: str, *facts: Any) -> None:
        """One line."""
        os.write(self._events, json.dumps([time.monotonic(), event, *facts]).encode() + b"\n")

    async def live(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_reader(self._pipe.fileno(), self._read)
        async with Deployment(load_settings("/nonexistent/env"), watchdog=self._facts["watchdog"]) as deployment:
            await deployment.ready()
            self.say("started")
            work = [asyncio.create_task(self._tell_state(deployment)), asyncio.create_task(self._obey(deployment))]
            await self._stopping.wait()
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        self.say("stopped")

    def _read(self) -> None:
        try:
            self._commands.put_nowait(self._pipe.recv())
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._stopping.set()

    async def _obey(self, deployment: Deployment) -> None:
        while True:
            _, user, source, target = await self._commands.get()
            await deployment.mirror.add_pair(user, source, target, Everything())
            self.say("done", "pair")

    async def _tell_state(self, deployment: Deployment) -> None:
        told: tuple[str, str] = ("", "")
        while True:
            state = (deployment.manager.state, deployment.runner.state)
            if state != told:
                self.say("state", *state)
                told = state
            await asyncio.sleep(0.02)


def main(facts: dict[str, Any], pipe: Connection) -> None:
    """Where a child begins."""
    with open(facts["log"], "ab") as words:
        os.dup2(words.fileno(), 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.environ.update(facts["variables"])
    asyncio.run(Program(facts, pipe).live())
