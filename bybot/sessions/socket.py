"""A socket that asks for its permit before every send.

The check stands here, below asyncio, because a transport goes on sending what was written to it before: asking only
when a request is made would let bytes out after the right to speak was lost.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from bybot.sessions.permit import Permit

# What the kernel may still hold when a process stops. Larger buffers gain nothing for requests of a few KB.
_SEND_BUFFER = 64 * 1024
# struct linger {on, 0 seconds}: however the socket ends, also by the death of its process, the kernel drops what it has
# not sent and resets the connection. Else it would go on sending for seconds, while another process takes over.
_RESET: Final = struct.pack("ii", 1, 0)


class PermitSocket(socket.socket):
    """A stream socket bound to a permit; counts what passes in the permit's traffic.

    Args:
        permit: checked before each send.
        family: AF_INET or AF_INET6.
        unsent_for: seconds after which the kernel gives up on bytes that the other side does not acknowledge.
        fileno: an open descriptor to take over, such as one that a proxy's handshake left; None: a new socket.
    """

    __slots__ = ("_permit",)

    def __init__(self, permit: Permit, family: int, *, unsent_for: float, fileno: int | None = None) -> None:
        super().__init__(family, socket.SOCK_STREAM, fileno=fileno)
        self._permit = permit
        self.setblocking(False)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(unsent_for * 1000)))

    def send(self, *args: Any) -> int:
        self._permit.check()
        sent = super().send(*args)
        self._permit.traffic.bytes_sent += sent
        return sent

    def recv(self, *args: Any) -> bytes:
        data = super().recv(*args)
        self._permit.traffic.bytes_received += len(data)
        return data

    def sendall(self, *args: Any) -> None:
        self._permit.check()
        super().sendall(*args)

    def sendto(self, *args: Any) -> int:
        self._permit.check()
        return super().sendto(*args)

    def sendmsg(self, *args: Any) -> int:
        self._permit.check()
        return super().sendmsg(*args)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        self._permit.check()
        return super().sendfile(*args, **kwargs)
