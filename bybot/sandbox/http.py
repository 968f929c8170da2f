"""An HTTP server inside the running loop, and the guard in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

START_TIMEOUT = 10.0
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]


class _Server(uvicorn.Server):
    """Leaves the signals of the process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves one ASGI application until it is stopped."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen.

        Args:
            host: address to bind.
            port: 0 for any.

        Returns:
            The port.

        Raises:
            OSError: the port is in use.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer waits 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
            listener.setblocking(False)
            self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="sandbox http")
            async with asyncio.timeout(START_TIMEOUT):
                while not self._server.started:
                    if self._task.done():
                        self._task.result()
                    await asyncio.sleep(0.002)
        except BaseException:
            listener.close()
            raise
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and every connection; requests still running get a second."""
        if self._task is None:
            return
        self._server.should_exit = True
        await asyncio.gather(self._task)
        self._task = None


def _is_local_name(name: str) -> bool:
    """Names that no public DNS server can answer for: IP literals, localhost, and names without a dot."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or ("." not in name and name != "")
    return True


class LocalOnly:
    """Refuses requests that a foreign web page could make a visitor's browser send.

    The Host must be an address or a local name (a page on a public name that points here is DNS rebinding), and
    where the browser tells the Origin, it must be this server itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        origin = headers.get("origin")
        name = urlsplit(f"//{host}").hostname or ""
        foreign = origin is not None and urlsplit(origin).netloc != host
        if not _is_local_name(name) or foreign or headers.get("sec-fetch-site") == "cross-site":
            await PlainTextResponse("Forbidden: not from this page\n", status_code=403)(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, secured)
