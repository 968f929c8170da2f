"""A thousand sessions with a live pair each, plainly: every client has one handler that forwards.

With one session for each pair, which is the lightest load for a plain program: no client asks handlers of other pairs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.tl.types import InputPeerChannel

from bench.raw import forward, memory_session, plain_client
from bench.spec import Spec, cpu_seconds, emit

_AT_ONCE = 50
_FILE = "crowd.json"


def write_crowd(spec: Spec, users: list[dict[str, Any]]) -> None:
    """What both programs read: accounts with their keys, sources and targets."""
    (Path(spec.directory) / _FILE).write_text(json.dumps(users))


async def answer() -> None:
    """Tell the harness how much processor time went by, until it closes our standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        emit(cpu=cpu_seconds())


def _mirror(client: TelegramClient, pair: dict[str, Any]) -> None:
    source, target = [InputPeerChannel(pair[end]["id"], pair[end]["access_hash"]) for end in ("source", "target")]

    async def copy(event: Any) -> None:
        await client(forward(source, target, [event.message.id]))

    client.add_event_handler(copy, events.NewMessage(chats=source))


async def crowd(spec: Spec) -> None:
    """A client for each account, with a handler that forwards what its source posts."""
    rsa.add_key(spec.rsa_pem, old=False)
    users = json.loads(await asyncio.to_thread((Path(spec.directory) / _FILE).read_text))
    limit = asyncio.Semaphore(_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def follow(user: dict[str, Any]) -> None:
            client = plain_client(spec, memory_session(spec, bytes.fromhex(user["key"])))
            stack.push_async_callback(client.disconnect)
            async with limit:
                await client.connect()
                await client.get_me()
            for pair in user["pairs"]:
                _mirror(client, pair)

        await asyncio.gather(*(follow(user) for user in users))
        emit(ready=True)
        await answer()
        emit(result={})
