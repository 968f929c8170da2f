"""What the mirror's tests share: a sandbox with a source and a target, and the comparison of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telethon import TelegramClient

from bybot.clock import SystemClock
from bybot.mirror import Everything, Mirror, Mode, NoticeKind, Progress
from bybot.sandbox.corpus import Corpus
from bybot.sandbox.samples import media_of
from bybot.sandbox.seed import plant_corpus
from bybot.sandbox.world.messages import Draft
from bybot.sandbox.world.model import Account, Channel, Message
from bybot.sessions.connection import UNSENT_FOR, PermitFull, connection_factory
from bybot.sessions.permit import Instant, Permit, Term
from bybot.stores.memory import MemoryStore
from tests.sandbox.support import Running, connected, make_client, ready_session, running_server, until

__all__ = ["Ground", "ground", "until"]


def connects_as_the_product(client: TelegramClient) -> None:
    """Give a stock client, before it connects, the connections that the session manager gives to its own."""
    clock = SystemClock()
    permit = Permit(Term("here", clock=clock, seconds=None, sent=Instant.of(clock)), "ann", 1)
    client._connection = connection_factory(PermitFull, permit, UNSENT_FOR)


@dataclass
class Ground:
    """An editor writes the source; Ann reads it and owns the target."""

    running: Running
    editor: Account
    ann: Account
    source: Channel
    target: Channel
    stack: AsyncExitStack
    store: MemoryStore
    notices: list[tuple[NoticeKind, Mapping[str, Any]]] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.running.world

    @property
    def faults(self) -> Any:
        return self.running.faults

    async def client(self) -> TelegramClient:
        """A connected client of Ann's, with an own key."""
        client = make_client(
            self.running,
            ready_session(self.running, self.ann),
            flood_sleep_threshold=0,
            raise_last_call_error=True,
            connection_retries=5,
        )
        connects_as_the_product(client)
        return await self.stack.enter_async_context(connected(client))

    def mirror(
        self,
        client: TelegramClient,
        mode: Mode | None = None,
        source: str = "@source",
        target: str = "@target",
        **options: Any,
    ) -> Mirror:
        """A mirror from the source (or another chat) to the target."""
        settings: dict[str, Any] = {"pace": "off", "poll_seconds": 0.3, "store": self.store}
        return Mirror(
            client,
            source,
            target,
            mode=mode or Everything(),
            on_notice=lambda kind, facts: self.notices.append((kind, facts)),
            on_progress=self.progress.append,
            **settings | options,
        )

    @asynccontextmanager
    async def running_mirror(self, client: TelegramClient, **options: Any) -> AsyncIterator[Mirror]:
        """A mirror at work; stopped in order at the end."""
        mirror = self.mirror(client, **options)
        task = asyncio.create_task(mirror.run())
        try:
            yield mirror
        finally:
            await mirror.stop()
            await asyncio.gather(task)

    async def corpus(self, count: int = 200, **options: Any) -> None:
        """Write a history into the source."""
        await plant_corpus(self.world, self.editor, self.source, Corpus(count=count, **options), days=30)

    def post(self, text: str = "", **options: Any) -> Message:
        """One post in the source, now."""
        return self.world.send_message(self.editor, self.source.peer, text=text, **options)

    def album(self, *numbers: int, text: str = "") -> list[Message]:
        """An album in the source, now."""
        parts = [
            Draft(text=text if at == 0 else "", media=media_of(self.world, "album", n)) for at, n in enumerate(numbers)
        ]
        return self.world.send_album(self.editor, self.source.peer, parts)

    def originals(self) -> list[Message]:
        """What should be copied."""
        return [m for m in self.source.messages if m.action is None and not m.noforwards]

    def copies(self) -> list[Message]:
        """What was copied."""
        return [m for m in self.target.messages if m.action is None]

    def same(self, originals: list[Message] | None = None) -> bool:
        """Whether as many posts were copied as there should be."""
        return len(self.copies()) >= len(self.originals() if originals is None else originals)

    async def wait_same(self, seconds: float = 15.0) -> None:
        """Wait until everything is copied, and check that it is equal."""
        await until(self.same, seconds)
        self.check()

    def check(self, originals: list[Message] | None = None) -> None:
        """Order, texts, entities, media, albums and reply targets are the source's."""
        originals = self.originals() if originals is None else originals
        copies = self.copies()
        assert [m.text for m in copies] == [m.text for m in originals]
        for original, copy in zip(originals, copies, strict=True):
            was, is_now = _facts(original, originals), _facts(copy, copies)
            assert is_now == was, f"the copy of {original.id} is {is_now}, not {was}"
        assert all(m.fwd is None for m in copies)


def _facts(message: Message, among: list[Message]) -> tuple[Any, ...]:
    place = {m.id: at for at, m in enumerate(among)}
    group = next((at for at, m in enumerate(among) if m.grouped_id and m.grouped_id == message.grouped_id), None)
    entities = [bytes(entity) for entity in message.entities]
    return message.text, entities, message.media, group, place.get(message.reply_to or 0)


@asynccontextmanager
async def ground(**options: Any) -> AsyncIterator[Ground]:
    """A running sandbox with an empty source and an empty target."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_server(**options))
        world = running.world
        editor = world.create_account("Editor", phone="447700900010", username="the_editor")
        ann = world.create_account("Ann", phone="447700900011", username="ann_mirror")
        source = world.create_channel(editor, "Source", username="source")
        target = world.create_channel(ann, "Target", username="target")
        world.join(ann, source)
        yield Ground(running, editor, ann, source, target, stack, MemoryStore(SystemClock()))
