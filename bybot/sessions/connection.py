"""Telethon's connections, on a socket that asks for its permit.

Only the way a socket is opened differs from Telethon: transports, framing and obfuscation are its own. A client gets
its connections from :func:`connection_factory`, which takes the place of ``client._connection`` after the client was
built (a class per client would cost memory for each).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy as SocksProxy
from telethon.network.connection import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpMTProxyRandomizedIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.network.connection.connection import Connection

from bybot.sessions.permit import Permit
from bybot.sessions.socket import PermitSocket

_PROXY_TYPES: Final = {"socks5": ProxyType.SOCKS5, "socks4": ProxyType.SOCKS4, "http": ProxyType.HTTP}
#: Seconds after which the kernel gives up on unacknowledged bytes; below the margin of a takeover.
UNSENT_FOR: Final = 8.0


class PermitConnection(Connection):
    """Opens its socket under a permit. Stands just above Telethon's own base in each class below."""

    permit: Permit
    unsent_for: float = UNSENT_FOR

    async def _connect(self, timeout: float | None = None, ssl: Any = None) -> None:
        self.permit.check()
        self._forget_packets()
        async with asyncio.timeout(timeout):
            sock = await (self._through_proxy(timeout) if self._proxy else self._direct())
            try:
                self._reader, self._writer = await asyncio.open_connection(sock=sock)
            except BaseException:
                sock.close()
                raise
        self.permit.attach(self)
        try:
            self.permit.check()  # it may have been revoked while the connection was made
        except ConnectionError:
            self.abort()
            raise
        self._codec = self.packet_codec(self)
        self._init_conn()
        await self._writer.drain()

    def _forget_packets(self) -> None:
        """What an earlier connection left unsent or unread must not be taken for part of this one.

        Telethon sends its requests again in a new session. A packet of the old one would go before them, and Telegram
        would carry it out although what it was to follow was lost.
        """
        self._send_queue: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._recv_queue: asyncio.Queue[Any] = asyncio.Queue(1)

    def send(self, data: bytes) -> Any:
        self.permit.traffic.messages_sent += 1
        return super().send(data)

    async def recv(self) -> Any:
        message = await super().recv()
        self.permit.traffic.messages_received += 1
        return message

    async def _direct(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._ip else socket.AF_INET
        sock = PermitSocket(self.permit, family, unsent_for=self.unsent_for)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (self._ip, self._port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def _through_proxy(self, timeout: float | None) -> socket.socket:
        kind, host, port, rdns, username, password = self._proxy
        proxy = SocksProxy(_PROXY_TYPES[kind], host, port, username, password, rdns)
        try:
            sock = await proxy.connect(self._ip, self._port, timeout=timeout)
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError) as error:
            raise ConnectionError(f"the proxy refused: {type(error).__name__}") from error
        # The handshake with the proxy carries nothing of the account; from here on every send needs the permit.
        family = sock.family
        return PermitSocket(self.permit, family, unsent_for=self.unsent_for, fileno=sock.detach())

    def abort(self) -> None:
        """End the connection at once: nothing that was written before is sent any more."""
        if self._writer is not None:
            self._writer.transport.abort()

    def go_to(self, ip: str, port: int, dc_id: int) -> None:
        """Connect to another data centre from the next time on."""
        self._ip, self._port, self._dc_id = ip, port, dc_id


class PermitFull(ConnectionTcpFull, PermitConnection):
    """The full transport."""


class PermitAbridged(ConnectionTcpAbridged, PermitConnection):
    """The abridged transport."""


class PermitIntermediate(ConnectionTcpIntermediate, PermitConnection):
    """The intermediate transport."""


class PermitObfuscated(ConnectionTcpObfuscated, PermitConnection):
    """The obfuscated transport."""


class PermitMTProxy(ConnectionTcpMTProxyRandomizedIntermediate, PermitConnection):
    """Through an MTProto proxy, which is told the data centre's number."""

    def go_to(self, ip: str, port: int, dc_id: int) -> None:
        self._dc_id = dc_id


#: What TelegramEndpoint accepts as its transport.
TRANSPORTS: Final[dict[str, type[PermitConnection]]] = {
    "full": PermitFull,
    "abridged": PermitAbridged,
    "intermediate": PermitIntermediate,
    "obfuscated": PermitObfuscated,
}


def connection_factory(cls: type[PermitConnection], permit: Permit, unsent_for: float) -> Callable[..., Connection]:
    """What a client calls for each connection it opens: to its data centre, to file servers."""
    return partial(_open, cls, permit, unsent_for)


def _open(
    cls: type[PermitConnection], permit: Permit, unsent_for: float, *args: Any, **kwargs: Any
) -> PermitConnection:
    connection = cls(*args, **kwargs)
    connection.permit = permit
    connection.unsent_for = unsent_for
    return connection
