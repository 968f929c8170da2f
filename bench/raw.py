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
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from telethon import TelegramClient, events
from telethon.crypto import AuthKey, rsa
from telethon.sessions import MemorySession
from telethon.tl.functions.messages import (
    ForwardMessagesRequest,
    GetHistoryRequest,
    SendMediaRequest,
    SendMessageRequest,
    SendMultiMediaRequest,
)
from telethon.tl.types import (
    Channel,
    InputReplyToMessage,
    InputSingleMedia,
    Message,
    MessageMediaWebPage,
    UpdateMessageID,
    User,
)
from telethon.tl.types.updates import State
from telethon.utils import get_input_media

from bench.spec import MARK, Spec, emit, resident_bytes

BATCH = 100
_PAGE = 100
_ALBUM = 10
_PAGES_AHEAD = 8
_IN_FLIGHT = 16
_AT_ONCE = 50

#: How many posts from the front of what waits go together.
Cut = Callable[[Sequence[Message]], int]
#: A request, and the random ids of its posts.
Made = tuple[Any, Sequence[int]]
MakeRequest = Callable[[Any, Any, Sequence[Message], int | None], Made]


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
    """Copy a whole channel as it is. A reply is forwarded by itself, because the reply header is one per call."""
    await _clone(spec, _batch, forwarded)


async def clone_flat(spec: Spec) -> None:
    """Copy a whole channel in full batches; what replied replies to nothing afterwards."""
    await _clone(spec, partial(_batch, replies=False), forwarded, replies=False)


async def clone_text(spec: Spec) -> None:
    """Copy a whole channel with a mark before every text: each post or album is sent anew, its media by reference."""
    await _clone(spec, _one, marked)


async def _clone(spec: Spec, cut: Cut, request: MakeRequest, *, replies: bool = True) -> None:
    """Pages are read ahead, and several sends are under way, in order on one connection."""
    async with connected(spec) as client:
        pages: asyncio.Queue[list[Message]] = asyncio.Queue(_PAGES_AHEAD)
        source = await client.get_input_entity(spec.source)
        make = partial(request, source, await client.get_input_entity(spec.target))
        copier = Copier(client, cut, make, replies=replies)
        emit(ready=True)
        began = time.perf_counter()
        reading = asyncio.create_task(_read(client, source, pages))
        waiting: list[Message] = []
        while page := await pages.get():
            waiting.extend(page)
            while len(waiting) >= BATCH + _ALBUM:
                await copier.take(waiting)
        while waiting:
            await copier.take(waiting)
        await copier.finish()
        seconds = time.perf_counter() - began
        await reading
        emit(result={"seconds": seconds, "posts": copier.copied})


class Copier:
    """Sends posts in order, up to so many requests under way.

    Args:
        client: a connected client.
        cut: how many from the front of what waits go together.
        make: the request for some posts and the id of the copy that they reply to, and its random ids.
        replies: whether replies reply to copies.
    """

    def __init__(self, client: TelegramClient, cut: Cut, make: Callable[..., Made], *, replies: bool) -> None:
        self._client = client
        self._cut = cut
        self._make = make
        self._replies = replies
        self._flying: deque[asyncio.Task[None]] = deque()
        self._answer_of: dict[int, asyncio.Task[None]] = {}
        self._copy_of: dict[int, int] = {}
        self.copied = 0

    async def take(self, waiting: list[Message]) -> None:
        """Send the next posts from the front of what waits."""
        size = self._cut(waiting)
        batch = waiting[:size]
        del waiting[:size]
        header = batch[0].reply_to if self._replies else None
        reply_to = header.reply_to_msg_id if header else None
        if reply_to in self._answer_of:
            await self._answer_of[reply_to]
        if len(self._flying) >= _IN_FLIGHT:
            await self._flying.popleft()
        task = asyncio.create_task(self._send(batch, self._copy_of.get(reply_to or 0)))
        self._flying.append(task)
        self._answer_of.update({message.id: task for message in batch})
        await asyncio.sleep(0)  # it takes its place in Telethon's queue before the next one
        self.copied += size

    async def _send(self, batch: list[Message], reply_to: int | None) -> None:
        request, random_ids = self._make(batch, reply_to)
        answer = await self._client(request)
        sent = {random_id: message.id for random_id, message in zip(random_ids, batch, strict=True)}
        for update in answer.updates:
            if isinstance(update, UpdateMessageID):
                self._copy_of[sent[update.random_id]] = update.id

    async def finish(self) -> None:
        """Wait for the last answers."""
        while self._flying:
            await self._flying.popleft()


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


def _batch(waiting: Sequence[Message], *, replies: bool = True) -> int:
    """How many posts go into the next batch: at most 100, an album whole, a reply (a post or an album) by itself."""
    size = 1
    alone = replies and waiting[0].reply_to is not None
    while size < min(BATCH, len(waiting)):
        message, before = waiting[size], waiting[size - 1]
        same_album = message.grouped_id is not None and message.grouped_id == before.grouped_id
        if not same_album and (alone or (replies and message.reply_to is not None)):
            return size
        size += 1
    if size < len(waiting):
        album = waiting[size].grouped_id
        while album is not None and size > 1 and waiting[size - 1].grouped_id == album:
            size -= 1
    return size


def _one(waiting: Sequence[Message]) -> int:
    """One post, or one album whole."""
    album, size = waiting[0].grouped_id, 1
    while album is not None and size < len(waiting) and waiting[size].grouped_id == album:
        size += 1
    return size


def forwarded(source: Any, target: Any, batch: Sequence[Message], reply_to: int | None) -> Made:
    """The request that copies posts without naming their source."""
    request = forward(source, target, [message.id for message in batch], reply_to)
    return request, request.random_id


def forward(source: Any, target: Any, ids: list[int], reply_to: int | None = None) -> ForwardMessagesRequest:
    """The same, of ids."""
    return ForwardMessagesRequest(
        from_peer=source,
        id=ids,
        to_peer=target,
        random_id=[random.getrandbits(63) for _ in ids],
        drop_author=True,
        reply_to=InputReplyToMessage(reply_to) if reply_to is not None else None,
    )


def marked(_: Any, target: Any, batch: Sequence[Message], reply_to: int | None) -> Made:
    """The request that sends a post or an album anew, with the mark before each of its texts."""
    header = InputReplyToMessage(reply_to) if reply_to is not None else None
    random_ids = [random.getrandbits(63) for _ in batch]
    silent = any(message.message for message in batch)
    texts = [_marked(message, at == 0 and not silent) for at, message in enumerate(batch)]
    if len(batch) > 1:
        parts = [
            InputSingleMedia(get_input_media(message.media), text, random_id=random_id, entities=entities)
            for message, random_id, (text, entities) in zip(batch, random_ids, texts, strict=True)
        ]
        return SendMultiMediaRequest(target, parts, reply_to=header), random_ids
    text, entities = texts[0]
    media = batch[0].media
    if media is None or isinstance(media, MessageMediaWebPage):
        request: Any = SendMessageRequest(
            target, text, random_id=random_ids[0], entities=entities, reply_to=header, no_webpage=media is None
        )
    else:
        request = SendMediaRequest(
            target, get_input_media(media), text, random_id=random_ids[0], entities=entities, reply_to=header
        )
    return request, random_ids


def _marked(message: Message, always: bool) -> tuple[str, list[Any]]:
    """A text with the mark before it, or none where there is none."""
    entities = [copy(entity) for entity in message.entities or ()]
    for entity in entities:
        entity.offset += len(MARK)
    return (MARK + message.message).strip() if message.message or always else "", entities


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


async def wake(spec: Spec) -> None:
    """Milliseconds to connect a client, one after another; its session is in memory already."""
    rsa.add_key(spec.rsa_pem, old=False)
    files = (await asyncio.to_thread(stored_files, spec))[: spec.posts]
    waiting = [stored_session(spec, file) for file in files]
    emit(ready=True)
    clients: list[TelegramClient] = []
    times = []
    try:
        for session in waiting:
            began = time.perf_counter()
            client = plain_client(spec, session, catch_up=True)
            clients.append(client)
            await client.connect()
            times.append(time.perf_counter() - began)
        emit(result={"ms": median(times) * 1000})
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
