"""The plain programs: what somebody writes with Telethon alone who wants nothing but speed.

No pacing, no sleeps, no journal, no store. What they leave out is said in README.md.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telethon import TelegramClient, events
from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession
from telethon.tl.functions.messages import ForwardMessagesRequest, GetHistoryRequest
from telethon.tl.types import Channel, Message, User
from telethon.tl.types.updates import State

from bench.spec import Spec, emit, resident_bytes

BATCH = 100
_PAGE = 100
_PAGES_AHEAD = 8
_IN_FLIGHT = 8
_AT_ONCE = 50


@asynccontextmanager
async def connected(spec: Spec) -> AsyncIterator[TelegramClient]:
    """A client of the bench's account, in memory, with a ready key."""
    rsa.add_key(spec.rsa_pem, old=False)
    client = plain_client(spec, memory_session(spec, spec.key))
    try:
        await client.connect()
        await client.get_me()
        yield client
    finally:
        await client.disconnect()


def memory_session(spec: Spec, key: bytes) -> MemorySession:
    """A session that points at the sandbox and holds a key."""
    session = MemorySession()
    number, host, port = spec.dc.split(":")
    session.set_dc(int(number), host, int(port))
    session.auth_key = AuthKey(key)
    return session


def plain_client(spec: Spec, session: MemorySession, **options: Any) -> TelegramClient:
    """A client as the plain programs use it."""
    return TelegramClient(session, 1, "0" * 32, flood_sleep_threshold=0, raise_last_call_error=True, **options)


# Cloning -------------------------------------------------------------------------------------------------------


async def clone(spec: Spec) -> None:
    """Copy a whole channel: pages are read ahead while batches of 100 are sent, four in flight, in order."""
    async with connected(spec) as client:
        source = await client.get_input_entity(spec.source)
        target = await client.get_input_entity(spec.target)
        pages: asyncio.Queue[list[Message]] = asyncio.Queue(_PAGES_AHEAD)
        emit(ready=True)
        began = time.perf_counter()
        reading = asyncio.create_task(_read(client, source, pages))
        copied = await _send(client, source, target, pages)
        seconds = time.perf_counter() - began
        await reading
        emit(result={"seconds": seconds, "posts": copied})


async def _read(client: TelegramClient, source: Any, pages: asyncio.Queue[list[Message]]) -> None:
    """Pages of the history, oldest first; an empty one is the end."""
    after = 0
    while True:
        answer = await client(
            GetHistoryRequest(
                peer=source,
                offset_id=after + 1,
                offset_date=None,
                add_offset=-_PAGE,
                limit=_PAGE,
                max_id=0,
                min_id=after,
                hash=0,
            )
        )
        found = [message for message in reversed(answer.messages) if message.id > after]
        await pages.put([message for message in found if isinstance(message, Message)])
        if not found:
            return
        after = found[-1].id


async def _send(client: TelegramClient, source: Any, target: Any, pages: asyncio.Queue[list[Message]]) -> int:
    waiting: list[Message] = []
    copied = 0
    more = True
    while more or waiting:
        while more and (len(waiting) < BATCH * _IN_FLIGHT + 10):
            page = await pages.get()
            more = bool(page)
            waiting.extend(page)
        calls: list[ForwardMessagesRequest] = []
        while waiting and len(calls) < _IN_FLIGHT:
            batch = waiting[: _cut(waiting)]
            del waiting[: len(batch)]
            copied += len(batch)
            calls.append(forward(source, target, [message.id for message in batch]))
        if calls:
            await client(calls, ordered=True)
    return copied


def _cut(waiting: Sequence[Message]) -> int:
    """How many posts go into the next batch: at most 100, an album whole."""
    size = min(BATCH, len(waiting))
    if size == len(waiting):
        return size
    album = waiting[size].grouped_id
    while album is not None and size > 1 and waiting[size - 1].grouped_id == album:
        size -= 1
    return size


def forward(source: Any, target: Any, ids: list[int]) -> ForwardMessagesRequest:
    """The request that copies posts without naming their source."""
    return ForwardMessagesRequest(
        from_peer=source,
        id=ids,
        to_peer=target,
        random_id=[random.getrandbits(63) for _ in ids],
        drop_author=True,
    )


# Live ----------------------------------------------------------------------------------------------------------


async def live(spec: Spec) -> None:
    """Copy each new post as it comes, until standard input ends."""
    async with connected(spec) as client:
        source = await client.get_input_entity(spec.source)
        target = await client.get_input_entity(spec.target)

        async def copy(event: Any) -> None:
            await client(forward(source, target, [event.message.id]))

        client.add_event_handler(copy, events.NewMessage(chats=source))
        emit(ready=True)
        await until_stdin_ends()
        emit(result={})


async def until_stdin_ends() -> None:
    """Wait until the harness closes this process's standard input."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


# Many sessions -------------------------------------------------------------------------------------------------


async def sessions(spec: Spec) -> None:
    """Bring up all stored sessions, 50 at a time, each read from its file into a MemorySession."""
    rsa.add_key(spec.rsa_pem, old=False)
    files = await asyncio.to_thread(stored_files, spec)
    limit = asyncio.Semaphore(_AT_ONCE)
    clients: list[TelegramClient] = []
    emit(ready=True)
    gc.collect()
    before = resident_bytes()
    began = time.perf_counter()

    async def bring_up(file: Path) -> None:
        async with limit:
            client = plain_client(spec, stored_session(spec, file), catch_up=True)
            clients.append(client)
            await client.connect()

    try:
        await asyncio.gather(*(bring_up(file) for file in files))
        seconds = time.perf_counter() - began
        await asyncio.sleep(spec.settle)
        gc.collect()
        grown = resident_bytes() - before
        emit(result={"seconds": seconds, "bytes": grown / len(files), "sessions": len(files)})
    finally:
        for client in clients:
            await client.disconnect()


def stored_files(spec: Spec) -> list[Path]:
    """The files of all stored sessions."""
    return sorted(Path(spec.directory).glob("*.json"))


def stored_session(spec: Spec, file: Path) -> MemorySession:
    """Read one stored session: key, entities, states of the account and of its channels."""
    stored = json.loads(file.read_text())
    session = memory_session(spec, bytes.fromhex(stored["key"]))
    session._entities.update(tuple(row) for row in stored["entities"])
    for entity, pts, date in stored["states"]:
        session.set_update_state(entity, State(pts, 0, datetime.fromtimestamp(date, UTC), 0, 0))
    return session


def entity_rows(users: Iterable[User], channels: Iterable[Channel]) -> list[tuple[Any, ...]]:
    """Rows as Telethon keeps them, from its own conversion."""
    session = MemorySession()
    session.process_entities([*users, *channels])
    return list(session._entities)
