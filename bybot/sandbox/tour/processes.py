"""Child processes that never outlive the tour, and whose last words are shown when they fail."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import bybot
from bybot.sandbox.tour.model import TourFailed

_POLL_SECONDS = 0.02
_TAIL_LINES = 15
_LINE_BYTES = 8 << 20
# What a child inherits; the operator's own settings (tokens, projects, proxies) must not reach the tour's bot.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")


class Child:
    """One process of the tour. Its output goes to ``log``, in which a restarted child goes on writing."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        directory: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        capture: bool = False,
    ) -> None:
        """Args:
        name: as people know it, for messages.
        arguments: what follows ``python``.
        directory: its working directory.
        log: file for its output and errors.
        environment: in addition to the few variables that every child inherits.
        capture: stdout is read by the tour through :attr:`stdout` and only errors go to the log.
        """
        self.name = name
        self.log = log
        self._arguments = list(arguments)
        self._directory = directory
        self._environment = dict(environment or {})
        self._capture = capture
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it. The terminal's Ctrl-C does not reach it: the tour ends its children itself."""
        source = str(Path(bybot.__file__).parent.parent)
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment |= {"PYTHONPATH": source, "PYTHONUNBUFFERED": "1", **self._environment}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if self._capture else log,
                stderr=log,
                cwd=self._directory,
                env=environment,
                start_new_session=True,
                limit=_LINE_BYTES,
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The running process."""
        if self._process is None:
            raise TourFailed(f"{self.name} was not started")
        return self._process

    @property
    def stdout(self) -> asyncio.StreamReader:
        """What it prints, when captured."""
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    def check(self) -> None:
        """Raises TourFailed with its last lines when it has ended."""
        if not self.running:
            raise self.failure(f"{self.name} ended with exit code {self.process.returncode}")

    def failure(self, message: str) -> TourFailed:
        """An error that shows the last lines of its log and names the file."""
        return TourFailed(f"{message}.\n{self.tail()}", next_step=f"The whole log: {self.log}")

    def tail(self, lines: int = _TAIL_LINES) -> str:
        """The last lines of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        last = text.splitlines()[-lines:]
        return "\n".join(f"  {self.name}| {line}" for line in last) or f"  {self.name}| (it wrote nothing)"

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self, seconds: float = 15.0) -> int:
        """SIGTERM, and SIGKILL when it has not ended after so many seconds; returns its exit code."""
        if self._process is None:
            return 0
        if self.running:
            self._process.terminate()
            try:
                async with asyncio.timeout(seconds):
                    return await self._process.wait()
            except TimeoutError:
                await self.kill()
        return await self._process.wait()


class Children:
    """All processes of a tour: leaving the block ends every one of them, whatever happened inside."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    async def __aenter__(self) -> Children:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """After a failure nothing needs a polite end, and nobody wants to wait for one."""
        for child in reversed(self._children):
            if error is not None and child.running:
                await asyncio.shield(child.kill())
            else:
                await asyncio.shield(child.stop())

    async def start(self, child: Child) -> Child:
        """Start a child and answer for its end."""
        if child not in self._children:
            self._children.append(child)
        await child.start()
        return child

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float, alive: Sequence[Child]
    ) -> None:
        """Wait until a condition holds.

        Args:
            condition: asked again and again.
            what: the expected event, for the message.
            seconds: how long to wait.
            alive: children without which it cannot come true.

        Raises:
            TourFailed: a child ended or the time is over; with the last lines of the children's logs.
        """
        try:
            async with asyncio.timeout(seconds):
                while not await condition():
                    for child in alive:
                        child.check()
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            words = "\n".join(child.tail() for child in alive)
            logs = ", ".join(str(child.log) for child in alive)
            message = f"{what}: this did not happen within {seconds:.0f} seconds.\n{words}"
            raise TourFailed(message, next_step=f"The whole logs: {logs}") from None
