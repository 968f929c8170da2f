"""A small world for the conformance tests of chats: two people, a channel, a group, and stock clients."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from telethon import TelegramClient, functions, types, utils

from bybot.sandbox.world.model import Account, Channel, Media, Message
from tests.sandbox.support import Running, ready_client, running_server

PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00"
    b"\x12\x16\xf1M\x00\x00\x00\x0cIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\x0b\xd5\x9d\xc5"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass
class Chats:
    """Ann owns the public channel ``news`` and the private ``vault``; Bob reads ``news`` and talks in ``group``.

    Attributes:
        a, b: stock clients of Ann and Bob.
    """

    running: Running
    ann: Account
    bob: Account
    news: Channel
    vault: Channel
    group: Channel
    a: TelegramClient
    b: TelegramClient
    stack: AsyncExitStack

    @property
    def world(self) -> Any:
        return self.running.world

    async def client(self, account: Account, **options: Any) -> TelegramClient:
        """One more connected client of an account."""
        return await self.stack.enter_async_context(ready_client(self.running, account, **options))

    async def meet(self, client: TelegramClient, channel: Channel) -> Any:
        """The input peer of a channel that the client's account is in."""
        await client.get_dialogs()
        return await client.get_input_entity(types.PeerChannel(channel.id))

    def post(self, text: str = "", channel: Channel | None = None, **options: Any) -> Message:
        """Ann posts without a client."""
        return self.world.send_message(self.ann, (channel or self.news).peer, text=text, **options)

    def photo(self, channel: Channel | None = None, text: str = "") -> Message:
        """Ann posts a photo without a client."""
        file = self.world.store_file(PIXEL, mime="image/png", kind="photo")
        return self.post(text, channel, media=Media(file))


@asynccontextmanager
async def chats(**options: Any) -> AsyncIterator[Chats]:
    """The world with both clients connected."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_server(**options))
        world = running.world
        ann = world.create_account("Ann", phone="447700900001", username="ann_first")
        bob = world.create_account("Bob", phone="447700900002", username="bob_second")
        news = world.create_channel(ann, "News", username="news_all")
        vault = world.create_channel(ann, "Vault")
        group = world.create_channel(ann, "Group", megagroup=True, username="group_all")
        world.join(bob, news)
        world.join(bob, group)
        a = await stack.enter_async_context(ready_client(running, ann))
        b = await stack.enter_async_context(ready_client(running, bob))
        for client in (a, b):
            await client(functions.updates.GetStateRequest())
        yield Chats(running, ann, bob, news, vault, group, a, b, stack)


def picture() -> io.BytesIO:
    """A photo as Telethon's send_file takes it: the name says that it is one."""
    file = io.BytesIO(PIXEL)
    file.name = "pixel.png"
    return file


def random_id() -> int:
    """A random id as clients make them."""
    return random.randrange(1, 2**62)


def forward(source: Any, ids: list[int], target: Any, **options: Any) -> Any:
    """A raw messages.forwardMessages with ``drop_author`` and fresh random ids."""
    options = {"drop_author": True, "random_id": [random_id() for _ in ids]} | options
    return functions.messages.ForwardMessagesRequest(from_peer=source, id=ids, to_peer=target, **options)


def new_messages(updates: Any) -> list[Any]:
    """The messages that an answer or push brings."""
    kinds = (types.UpdateNewChannelMessage, types.UpdateNewMessage)
    return [update.message for update in updates.updates if isinstance(update, kinds)]


class Recorder:
    """Every raw update that a client's handlers get."""

    def __init__(self, client: TelegramClient) -> None:
        self.updates: list[Any] = []
        self._changed = asyncio.Event()
        client.add_event_handler(self._note)

    async def _note(self, update: Any) -> None:
        self.updates.append(update)
        self._changed.set()

    def of(self, kind: type) -> list[Any]:
        """Those of one TL class."""
        return [update for update in self.updates if isinstance(update, kind)]

    async def wait(self, kind: type, count: int = 1, seconds: float = 5.0) -> list[Any]:
        """Wait until that many of a class came.

        Raises:
            TimeoutError: they did not.
        """
        async with asyncio.timeout(seconds):
            while len(found := self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return found


def marked(channel: Channel) -> int:
    """The id of a channel as Telethon marks it."""
    return int(utils.get_peer_id(types.PeerChannel(channel.id)))
