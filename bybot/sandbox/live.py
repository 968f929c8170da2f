"""What changes, told to browsers as Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from bybot.sandbox.world.events import (
    ChannelChanged,
    DeletedMessages,
    EditedMessage,
    Event,
    MembershipChanged,
    NewMessage,
    Typing,
)
from bybot.sandbox.world.model import SERVICE_ACCOUNT, Account
from bybot.sandbox.world.world import World

QUEUE_LIMIT = 1000
KEEP_ALIVE_SECONDS = 15.0


class Live:
    """Watches the world for any number of browsers.

    Each event is ``{"kind", "chat", "ids"}``: what happened (new, edited, deleted, typing, membership, code), and
    in which chat: ``{"kind": "user" or "channel", "id"}`` as the watching person addresses it.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._watchers: dict[asyncio.Queue[dict[str, Any] | None], int] = {}
        self._stop_observing = world.events.observe(self._on_event)

    def close(self) -> None:
        """End every stream."""
        self._stop_observing()
        for queue in self._watchers:
            queue.put_nowait(None)

    async def stream(self, person: Account) -> AsyncIterator[bytes]:
        """Events that concern a person, in the wire format of Server-Sent Events, until :meth:`close`."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._watchers[queue] = person.id
        try:
            yield b"retry: 1000\nevent: ready\ndata: {}\n\n"
            while True:
                try:
                    item = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if item is None:
                    return
                yield b"data: " + json.dumps(item).encode() + b"\n\n"
        finally:
            self._watchers.pop(queue, None)

    def _on_event(self, event: Event) -> None:
        if not self._watchers:
            return
        told = self._described(event)
        if told is None:
            return
        for queue, person_id in self._watchers.items():
            if self._concerns(event, person_id) and queue.qsize() < QUEUE_LIMIT:
                queue.put_nowait(told)

    def _concerns(self, event: Event, person_id: int) -> bool:
        if event.box.kind == "user":
            return event.box.id == person_id
        if isinstance(event, MembershipChanged):
            return event.account.id == person_id
        return person_id in self._world.channel(event.box.id).members

    def _described(self, event: Event) -> dict[str, Any] | None:
        chat: Any = {"kind": event.box.kind, "id": event.box.id}
        if isinstance(event, NewMessage | EditedMessage):
            message = event.message
            kind = "new" if isinstance(event, NewMessage) else "edited"
            if message.peer.kind == "user" and message.peer.id == SERVICE_ACCOUNT:
                kind = "code"
            chat = {"kind": message.peer.kind, "id": message.peer.id}
            return {"kind": kind, "chat": chat, "ids": [message.id]}
        if isinstance(event, DeletedMessages):
            # A private chat is not named in a deletion: the browser reads the chat on screen again.
            return {"kind": "deleted", "chat": chat, "ids": list(event.ids)}
        if isinstance(event, Typing):
            return {"kind": "typing", "chat": {"kind": event.peer.kind, "id": event.peer.id}, "ids": []}
        if isinstance(event, MembershipChanged | ChannelChanged):
            return {"kind": "membership", "chat": chat, "ids": []}
        return None
