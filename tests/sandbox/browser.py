"""A headless Chromium, steered over its pipe; for tests that look at the page as a visitor does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-sync", "--disable-component-update", "--disable-extensions", "--mute-audio", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--remote-debugging-pipe",
]  # fmt: skip
# The browser reads commands on descriptor 3 and writes answers on 4.
_EXEC = (
    "import fcntl, os, sys; r, w = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 50) for fd in sys.argv[1:3]); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


class Page:
    """One tab."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._ids = itertools.count(1)
        self._session: str | None = None
        self.problems: list[str] = []

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol."""
        id_ = next(self._ids)
        message: dict[str, Any] = {"id": id_, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._writer.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(20):
            while True:
                answer = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if answer.get("id") == id_:
                    assert "error" not in answer, answer["error"]
                    return dict(answer["result"])
                if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                    self.problems.append(json.dumps(answer["params"])[:500])

    async def open(self, url: str, *, width: int = 1500, height: int = 900, dark: bool = False) -> None:
        """A new tab at that address."""
        self._session = None
        target = (await self.command("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            await self.command(f"{domain}.enable")
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.command("Emulation.setEmulatedMedia", features=scheme)
        await self.command("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, script: str, seconds: float = 10.0) -> Any:
        """Wait until an expression is true."""
        value = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (value := await self.run(script)):  # noqa: ASYNC110  (another process)
                    await asyncio.sleep(0.05)
        assert value, f"{script} did not come true; the page says {self.problems}"
        return value

    async def click(self, selector: str, text: str = "") -> None:
        """Click the last element that matches and has the text."""
        script = (
            f"(() => {{ const found = [...document.querySelectorAll({json.dumps(selector)})]"
            f".filter((e) => e.textContent.includes({json.dumps(text)})).at(-1); found?.click(); return !!found; }})()"
        )
        assert await self.run(script), f"nothing to click: {selector} {text}"

    async def screenshot(self, path: Path) -> None:
        """What is on the screen, as PNG."""
        shot = await self.command("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """A browser of its own, ended and wiped afterwards."""
    assert CHROMIUM is not None
    loop = asyncio.get_running_loop()
    to_child, our_write = os.pipe()
    our_read, from_child = os.pipe()
    with tempfile.TemporaryDirectory(prefix="page-test-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _EXEC, str(to_child), str(from_child)),
            *(CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"),
            pass_fds=(to_child, from_child),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        reader = asyncio.StreamReader(limit=2**26)
        protocol = asyncio.StreamReaderProtocol(reader)
        read_transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(our_read, "rb"))
        write_transport, write_protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(our_write, "wb")
        )
        writer = asyncio.StreamWriter(write_transport, write_protocol, reader, loop)
        page = Page(reader, writer)
        try:
            yield page
        finally:
            with contextlib.suppress(Exception):
                page._session = None
                writer.write(b'{"id":0,"method":"Browser.close","params":{}}\0')
            write_transport.close()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()
            read_transport.close()
            await asyncio.sleep(0)
