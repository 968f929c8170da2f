"""What one account hears of its sources while it listens: pushes as they come, and a look at all of them once a minute.

Pushes are hints: they get lost, come late, or come in the wrong order, and Telegram stops them for some channels. So a
message that was pushed is used only where it follows directly on what is done; everything else means "read on". The
look asks for the newest ids of all sources in one request (messages.getPeerDialogs).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from telethon import events, utils
from telethon.tl import functions, types

from bybot.mirror.lane import call
from bybot.mirror.outcome import Meaning, judge
from bybot.mirror.pacing import Pacing

#: Seconds between two looks at the newest ids. Well below a minute, so that no post waits longer than that.
POLL_SECONDS = 45.0
_POLL_TIMEOUT = 20.0
_PEERS_PER_POLL = 100
_POLL = "GetPeerDialogs"
#: Messages kept for a pair that does not come to take them; above that they are read again.
_INBOX = 1_000
_NEW = (types.UpdateNewChannelMessage, types.UpdateNewMessage)
_EDITED = (types.UpdateEditChannelMessage, types.UpdateEditMessage)
_DELETED = (types.UpdateDeleteChannelMessages, types.UpdateDeleteMessages)
_PINNED = (types.UpdatePinnedChannelMessages,)


@dataclass(frozen=True)
class Heard:
    """What an inbox held: messages in the order of their ids, its hints, what was edited and deleted, and ``pins``:
    something was pinned or unpinned."""

    messages: list[Any]
    look: bool
    settle: bool
    scan: bool = False
    edited: Mapping[int, Any] = field(default_factory=dict)
    deleted: Collection[int] = ()
    pins: bool = False


class Inbox:
    """What one pair has heard and not taken yet."""

    def __init__(self) -> None:
        self._messages: deque[Any] = deque()
        self._edited: dict[int, Any] = {}
        self._deleted: set[int] = set()
        self._woken = asyncio.Event()
        self.look = False  # read on from the cursor, whatever the messages say
        self.settle = False  # read the open window again
        self.scan = False  # edits and deletions may have been missed
        self._pins = False

    def push(self, message: Any) -> None:
        """A message that was pushed."""
        if len(self._messages) >= _INBOX:
            self._messages.clear()
            self.look = True
        self._messages.append(message)
        self._woken.set()

    def edit(self, message: Any) -> None:
        """A message that was edited."""
        self._edited[message.id] = message
        self._bound()

    def delete(self, ids: Iterable[int]) -> None:
        """Messages that were deleted."""
        self._deleted.update(ids)
        self._bound()

    def pin(self) -> None:
        """Something was pinned or unpinned."""
        self._pins = True
        self._woken.set()

    def _bound(self) -> None:
        if len(self._edited) + len(self._deleted) > _INBOX:
            self._edited.clear()
            self._deleted.clear()
            self.scan = True
        self._woken.set()

    def hint(self, *, look: bool = True, settle: bool = False, scan: bool = False) -> None:
        """There may be more than was pushed (``look``), in the open window (``settle``), or changed (``scan``)."""
        self.scan = self.scan or scan
        self.look = self.look or look
        self.settle = self.settle or settle
        self._woken.set()

    def wake(self) -> None:
        """Let the pair look up, though nothing was heard."""
        self._woken.set()

    async def wait(self) -> None:
        """Until there is something."""
        await self._woken.wait()

    def take(self) -> Heard:
        """All that was heard so far; the box is empty afterwards."""
        messages = sorted({message.id: message for message in self._messages}.values(), key=lambda m: m.id)
        heard = Heard(messages, self.look, self.settle, self.scan, self._edited, self._deleted, self._pins)
        self._messages.clear()
        self._edited, self._deleted = {}, set()
        self._woken.clear()
        self.look = self.settle = self.scan = self._pins = False
        return heard


class Ears:
    """Listens through one client for all its pairs. ``start`` before use, ``stop`` in the end."""

    def __init__(self, client: Any, pacing: Pacing, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._client = client
        self._pacing = pacing
        self._poll_seconds = poll_seconds
        self._boxes: dict[int, dict[Inbox, Any]] = {}
        self._tops: dict[Inbox, int] = {}
        self._poller: asyncio.Task[None] | None = None
        self._event = events.Raw(types=(*_NEW, *_EDITED, *_DELETED, *_PINNED))

    def start(self) -> None:
        """Begin to listen."""
        self._client.add_event_handler(self._on_update, self._event)
        self._poller = asyncio.create_task(self._poll_for_ever())

    async def stop(self) -> None:
        """Stop listening."""
        self._client.remove_event_handler(self._on_update, self._event)
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
            self._poller = None

    def open(self, chat_id: int, peer: Any) -> Inbox:
        """An inbox for one pair's source.

        Args:
            chat_id: marked id of the source.
            peer: the source as an input peer.
        """
        inbox = Inbox()
        self._boxes.setdefault(chat_id, {})[inbox] = peer
        return inbox

    def close(self, chat_id: int, inbox: Inbox) -> None:
        """No more for this pair."""
        boxes = self._boxes.get(chat_id, {})
        boxes.pop(inbox, None)
        self._tops.pop(inbox, None)
        if not boxes:
            self._boxes.pop(chat_id, None)

    async def _on_update(self, update: Any) -> None:
        if isinstance(update, _DELETED):
            self._on_deleted(update)
            return
        if isinstance(update, _PINNED):
            for inbox in self._boxes.get(utils.get_peer_id(types.PeerChannel(update.channel_id)), ()):
                inbox.pin()
            return
        message = update.message
        peer = getattr(message, "peer_id", None)
        if peer is None:
            return
        for inbox in self._boxes.get(utils.get_peer_id(peer), ()):
            if isinstance(update, _EDITED):
                inbox.edit(message)
            else:
                inbox.push(message)

    def _on_deleted(self, update: Any) -> None:
        channel = getattr(update, "channel_id", None)
        if channel is not None:
            chats = [utils.get_peer_id(types.PeerChannel(channel))]
        else:  # basic groups share their ids with the whole account, and the update names no chat
            chats = [chat for chat in self._boxes if not str(chat).startswith("-100")]
        for chat in chats:
            for inbox in self._boxes.get(chat, ()):
                inbox.delete(update.messages)

    # The look --------------------------------------------------------------------------------------------------

    async def _poll_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.poll()
            except Exception as error:
                judgement = judge(error)
                if judgement.meaning is Meaning.WAIT:
                    self._pacing.flooded(_POLL, judgement.seconds)
                self.hint_all()

    def hint_all(self, *, scan: bool = False) -> None:
        """Let every pair read on: nothing is known about what was missed; with ``scan`` nor about edits."""
        for boxes in self._boxes.values():
            for inbox in boxes:
                inbox.hint(settle=True, scan=scan)

    async def poll(self) -> None:
        """Ask for the newest ids of all sources and wake the pairs that have something to read.

        Raises:
            RPCError, OSError, TimeoutError: as Telethon raises them.
        """
        chats = list(self._boxes)
        for at in range(0, len(chats), _PEERS_PER_POLL):
            if self._pacing.not_before(_POLL) is not None:
                return
            await self._poll_some(chats[at : at + _PEERS_PER_POLL])

    async def _poll_some(self, chats: Iterable[int]) -> None:
        peers = [next(iter(self._boxes[chat].values())) for chat in chats if self._boxes.get(chat)]
        request = functions.messages.GetPeerDialogsRequest([types.InputDialogPeer(peer) for peer in peers])
        answer = await call(self._client, request, timeout=_POLL_TIMEOUT)
        seen = {utils.get_peer_id(dialog.peer): int(dialog.top_message) for dialog in answer.dialogs}
        for chat in chats:
            for inbox in self._boxes.get(chat, ()):
                top = seen.get(chat)
                if top is None or top != self._tops.get(inbox):
                    inbox.hint(settle=True)
                    if top is not None:
                        self._tops[inbox] = top
                else:
                    inbox.hint(look=False, settle=True)
