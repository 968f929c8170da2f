"""An MTProto client that sends whatever message it is told to, built from Telethon's own parts."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telethon.crypto import AuthKey
from telethon.network import ConnectionTcpFull
from telethon.network.mtprotostate import MTProtoState
from telethon.tl.core import MessageContainer, TLMessage

from tests.sandbox.support import DC_ID

_LOGGERS: Any = defaultdict(lambda: logging.getLogger("raw"))


class RawClient:
    """One connection with one session, without acknowledgements and repeats."""

    def __init__(self, running: Any, key: bytes) -> None:
        host, port = running.mtproto_address
        self.connection = ConnectionTcpFull(host, port, DC_ID, loggers=_LOGGERS)
        self.state = MTProtoState(AuthKey(key), loggers=_LOGGERS)
        self.last_size = 0
        self.state.salt = running.auth.keys.get(self.state.auth_key.key_id).salt

    async def send(self, body: bytes, msg_id: int | None = None, seq_no: int = 1) -> int:
        """Send one message; returns its id."""
        msg_id = self.state._get_new_msg_id() if msg_id is None else msg_id
        data = struct.pack("<qii", msg_id, seq_no, len(body)) + body
        await self.connection.send(self.state.encrypt_message_data(data))
        return msg_id

    async def receive(self) -> list[TLMessage]:
        """The messages of the next packet."""
        async with asyncio.timeout(5):
            packet = await self.connection.recv()
        self.last_size = len(packet)
        message = self.state.decrypt_message_data(packet)
        if isinstance(message.obj, MessageContainer):
            return list(message.obj.messages)
        return [message]

    async def receive_object(self, kind: Any) -> TLMessage:
        """The next message whose object is of a class; others are dropped."""
        while True:
            for message in await self.receive():
                if isinstance(message.obj, kind):
                    return message


@asynccontextmanager
async def raw_client(running: Any, key: bytes) -> AsyncIterator[RawClient]:
    """A connected raw client."""
    client = RawClient(running, key)
    await client.connection.connect(timeout=5)
    try:
        yield client
    finally:
        await client.connection.disconnect()
