"""uvicorn inside a loop that somebody else owns: no signal handlers, a clear word when the port is taken."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

from bybot.errors import ConfigurationError, Problem

_log = logging.getLogger(__name__)
#: Seconds for requests under way when stopping.
_GOODBYE: Final = 5


class _Quiet(uvicorn.Server):
    """uvicorn without its own handling of signals: the deployment owns those."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves an app on one address.

    Args:
        app: what is served.
        host: address to bind.
        port: 0 takes any free port; :attr:`port` tells which.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self.host = host
        self.port = port
        # Logs go through the logging of the process, which keeps secrets out; the webhook's path is one.
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_GOODBYE, ws="none"
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; returns when requests are answered.

        Raises:
            ConfigurationError: the port is taken, or may not be used; names PORT.
        """
        listener = self._bind()
        self.port = int(listener.getsockname()[1])
        self._task = asyncio.create_task(self._serve(listener), name="web")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("the web server ended while starting")
            await asyncio.sleep(0.005)
        _log.info("listening on %s:%s", self.host, self.port)

    async def stop(self) -> None:
        """Finish the requests under way, within a few seconds. May be called twice."""
        task, self._task = self._task, None
        if task is None:
            return
        self._server.should_exit = True
        try:
            async with asyncio.timeout(_GOODBYE + 2):
                await task
        except TimeoutError:
            _log.warning("requests under way were cut off")

    async def _serve(self, listener: socket.socket) -> None:
        try:
            await self._server.serve(sockets=[listener])
        finally:
            listener.close()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer waits 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(256)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            raise _problem(error, self.host, self.port) from error
        return listener


def _problem(error: OSError, host: str, port: int) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        fact, step = f"port {port} is in use by another program", "Stop that program, or set PORT to a free port."
    elif error.errno == errno.EACCES:
        fact, step = f"port {port} may not be used by this user", "Set PORT to a number from 1024 on."
    elif error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return ConfigurationError([Problem("HOST", f"{host} is no address of this machine", "Use 127.0.0.1.")])
    else:
        fact, step = f"cannot listen on port {port} ({error.strerror})", "Set PORT to a free port."
    return ConfigurationError([Problem("PORT", fact, step)])
