"""A proxy for tests: SOCKS5 (with or without user and password) and HTTP (CONNECT, and plain requests) on one port.

It counts what goes through it, so that a test can assert that nothing goes past it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import ipaddress
import logging
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)

_SOCKS5 = 5
_NO_AUTH, _USER_PASSWORD, _NONE_ACCEPTABLE = 0, 2, 0xFF
_CONNECT = 1
_IPV4, _DOMAIN, _IPV6 = 1, 3, 4
_SUCCEEDED, _UNREACHABLE, _NOT_SUPPORTED = 0, 4, 7
_HANDSHAKE_SECONDS = 10
_CHUNK = 64 << 10
_BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class _Refused(Exception):
    """The client asks for something that this proxy does not do."""


@dataclass(frozen=True)
class _Route:
    """Where a connection goes, what the client hears when it is open or cannot be, and what is sent ahead."""

    host: str
    port: int
    opened: bytes
    failed: bytes
    ahead: bytes = b""


class SocksServer:
    """A proxy on 127.0.0.1.

    Args:
        user, password: what clients must say; None lets everyone through.

    Attributes:
        connections: how many were opened through it, by (host, port).
        refused: how many were turned away.
        address: where it listens.
    """

    def __init__(self, *, user: str | None = None, password: str | None = None) -> None:
        self._credentials = None if user is None else (user.encode(), (password or "").encode())
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections: Counter[tuple[str, int]] = Counter()
        self.refused = 0
        self.address: tuple[str, int] = ("", 0)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: the port is in use.
        """
        self._server = await asyncio.start_server(self._accept, host, port)
        bound = self._server.sockets[0].getsockname()
        self.address = (str(bound[0]), int(bound[1]))
        return self.address

    async def stop(self) -> None:
        """Close everything that goes through it."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Cut what goes through it at present; new connections are accepted."""
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                first = (await reader.readexactly(1))[0]
                if first == _SOCKS5:
                    route = await self._socks(reader, writer)
                else:
                    route = await self._http(bytes([first]), reader, writer)
            await self._relay(route, reader, writer)
        except _Refused as reason:
            self.refused += 1
            _log.info("refused: %s", reason)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, asyncio.LimitOverrunError) as error:
            _log.info("a connection through the proxy ended: %s", error)
        except asyncio.CancelledError:
            # Only stop() and cut() cancel; the stream protocol would report it as an error.
            _log.debug("a connection through the proxy was cut")
        finally:
            await _close(writer)
            self._tasks.discard(task)

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Route:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = _NO_AUTH if self._credentials is None else _USER_PASSWORD
        if wanted not in methods:
            writer.write(bytes([_SOCKS5, _NONE_ACCEPTABLE]))
            raise _Refused("no common way to authenticate")
        writer.write(bytes([_SOCKS5, wanted]))
        if self._credentials is not None:
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            right = self._is_right(user, password)
            writer.write(bytes([1, 0 if right else 1]))
            if not right:
                raise _Refused("wrong user or password")
        _, command, _, kind = await reader.readexactly(4)
        host = await _read_host(reader, kind)
        port = int.from_bytes(await reader.readexactly(2), "big")
        if command != _CONNECT:
            writer.write(_socks_reply(_NOT_SUPPORTED))
            raise _Refused("only CONNECT is supported")
        return _Route(host, port, _socks_reply(_SUCCEEDED), _socks_reply(_UNREACHABLE))

    async def _http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Route:
        head = first + await reader.readuntil(b"\r\n\r\n")
        request, *headers = head.decode("latin-1").split("\r\n")
        method, target, *_ = [*request.split(" "), ""]
        if self._credentials is not None:
            given = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in headers if ": " in line)
            scheme, _, token = given.get("proxy-authorization", "").partition(" ")
            try:
                user, _, password = base64.b64decode(token).partition(b":")
            except ValueError:
                user = password = b""
            if scheme.lower() != "basic" or not self._is_right(user, password):
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                raise _Refused("wrong user or password")
        url = urlsplit(target)
        if url.scheme == "http" and url.hostname:
            return _forwarded(method, target, headers)
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or not port.isdigit():
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            raise _Refused("neither CONNECT nor an http:// address")
        return _Route(host.strip("[]"), int(port), b"HTTP/1.1 200 Connection established\r\n\r\n", _BAD_GATEWAY)

    def _is_right(self, user: bytes, password: bytes) -> bool:
        assert self._credentials is not None
        return hmac.compare_digest(user, self._credentials[0]) and hmac.compare_digest(password, self._credentials[1])

    async def _relay(self, route: _Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(route.host, route.port)
        except (OSError, TimeoutError) as error:
            writer.write(route.failed)
            raise _Refused(f"{route.host}:{route.port} cannot be reached: {error}") from error
        self.connections[(route.host, route.port)] += 1
        writer.write(route.opened)
        far_writer.write(route.ahead)
        try:
            # Either side's end ends both.
            there = asyncio.ensure_future(_pump(reader, far_writer))
            back = asyncio.ensure_future(_pump(far_reader, writer))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        finally:
            await _close(far_writer)


def _forwarded(method: str, target: str, headers: list[str]) -> _Route:
    """A plain request: sent on as the server expects it, one for each connection, without the proxy's own headers."""
    url = urlsplit(target)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    own = ("proxy-", "connection:")
    kept = [line for line in headers if line and not line.lower().startswith(own)]
    ahead = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")
    return _Route(str(url.hostname), url.port or 80, b"", _BAD_GATEWAY, ahead)


async def _read_host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _DOMAIN:
        return (await reader.readexactly((await reader.readexactly(1))[0])).decode("idna")
    if kind not in (_IPV4, _IPV6):
        raise _Refused("an unknown kind of address")
    return str(ipaddress.ip_address(await reader.readexactly(4 if kind == _IPV4 else 16)))


def _socks_reply(code: int) -> bytes:
    return bytes([_SOCKS5, code, 0, _IPV4]) + bytes(6)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(5):
            await writer.wait_closed()
