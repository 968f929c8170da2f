"""One MTProto session: its message ids, sequence numbers, and the answers it may ask for again."""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from bybot.sandbox.world.model import SessionRef

if TYPE_CHECKING:
    from bybot.sandbox.mtproto.connection import Connection
    from bybot.sandbox.mtproto.keys import AuthKey

_KEPT_BYTES = 128 << 10
_KEPT_ANSWERS = 1024


class Session:
    """What the server remembers of a session, whatever connection it comes over.

    Attributes:
        connection: over which it spoke last; None once that is closed.
        subscribed: the account whose updates it gets, since it made a request that asked for them; None: no updates.
        running: requests in progress, by message id.
        layer: the TL layer that the client announced in it.
    """

    __slots__ = (
        "_answers",
        "_kept",
        "_last_id",
        "_sequence",
        "connection",
        "key",
        "layer",
        "ref",
        "running",
        "subscribed",
        "unique_id",
    )

    def __init__(self, key: AuthKey, session_id: int) -> None:
        self.key = key
        self.ref = SessionRef(key.id, session_id)
        self.unique_id = int(struct.unpack("<q", os.urandom(8))[0])
        self.connection: Connection | None = None
        self.subscribed: int | None = None
        self.layer: int | None = None
        self.running: dict[int, asyncio.Task[None]] = {}
        self._answers: OrderedDict[int, bytes] = OrderedDict()
        self._kept = 0
        self._last_id = 0
        self._sequence = 0

    def next_id(self, skew: float, *, answer: bool) -> int:
        """A message id of the server: near real time, rising, 1 modulo 4 for answers, 3 for pushes."""
        now = time.time() + skew
        base = int(now * (1 << 32)) & ~3
        if base <= self._last_id:
            base = (self._last_id & ~3) + 4
        self._last_id = base
        return base | (1 if answer else 3)

    def next_sequence(self, *, content: bool) -> int:
        """The sequence number of the next message: odd when it wants an acknowledgement."""
        number = self._sequence * 2 + content
        self._sequence += content
        return number

    def answer_to(self, msg_id: int) -> bytes | None:
        """The stored answer to a request that was carried out before."""
        return self._answers.get(msg_id)

    def keep_answer(self, msg_id: int, body: bytes) -> None:
        """Store an answer for repeats of its request; the oldest fall out above the limits."""
        self._answers[msg_id] = body
        self._kept += len(body)
        while len(self._answers) > 1 and (self._kept > _KEPT_BYTES or len(self._answers) > _KEPT_ANSWERS):
            _, dropped = self._answers.popitem(last=False)
            self._kept -= len(dropped)
