"""What went over the connections of one session: counted where the bytes pass."""

from __future__ import annotations

#: Share of the newest answer in the running mean of the latency.
_NEWEST = 0.2


class Traffic:
    """Counts since this process claimed the session; they go on when its client is built anew.

    Attributes:
        messages_sent, messages_received: MTProto messages of any kind (a container counts as one).
        bytes_sent, bytes_received: through the sockets, with everything that the transport adds.
        requests: requests that were answered.
        reconnects: how often Telethon repaired a broken connection.
        latency: seconds from a request to its answer, a running mean; None: no answer yet.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "latency",
        "messages_received",
        "messages_sent",
        "reconnects",
        "requests",
    )

    def __init__(self) -> None:
        self.messages_sent = 0
        self.messages_received = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.requests = 0
        self.reconnects = 0
        self.latency: float | None = None

    def answered(self, seconds: float) -> None:
        """A request was answered after that many seconds."""
        self.requests += 1
        before = self.latency
        self.latency = seconds if before is None else before + (seconds - before) * _NEWEST

    def facts(self) -> dict[str, int | float | None]:
        """As plain values; the latency in milliseconds."""
        return {
            "messages_sent": self.messages_sent,
            "messages_received": self.messages_received,
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
            "requests": self.requests,
            "reconnects": self.reconnects,
            "latency_ms": None if self.latency is None else round(self.latency * 1000, 3),
        }
