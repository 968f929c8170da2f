"""What one account hears of its sources while it listens: pushes as they come, and a look at all of them once a minute.

Pushes are hints: they get lost, come late, or come in the wrong order, and Telegram stops them for some channels. So a
message that was pushed is used only where it follows directly on what is done; everything else means "read on". The
look asks for the newest ids of all sources in one request (messages.getPeerDialogs).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from telethon import events, utils
from telethon.tl import types

from bybot.mirror.flag import Flag
from bybot.mirror.looks import MOST, POLL, Look, Looks, look_at
from bybot.mirror.outcome import Meaning, judge
from bybot.mirror.pacing import Pacing

#: Seconds between two looks at the newest ids. Well below a minute, so that no post waits longer than that.
POLL_SECONDS = 45.0
#: Messages kept for a pair that does not come to take them; above that they are read again.
_INBOX = 1_000
_NEW = (types.UpdateNewChannelMessage, types.UpdateNewMessage)
_EDITED = (types.UpdateEditChannelMessage, types.UpdateEditMessage)
_DELETED = (types.UpdateDeleteChannelMessages, types.UpdateDeleteMessages)
_PINNED = (types.UpdatePinnedChannelMessages, types.UpdatePinnedMessages)
_EVENT: Final = events.Raw(types=(*_NEW, *_EDITED, *_DELETED, *_PINNED))
_NONE: Final[Mapping[int, Any]] = {}


@dataclass(slots=True)
class Heard:
    """What an inbox held: messages in the order of their ids, its hints, what was edited and deleted, and ``pins``:
    something was pinned or unpinned."""

    messages: Sequence[Any]
    look: bool
    settle: bool
    scan: bool
    edited: Mapping[int, Any]
    deleted: Collection[int]
    pins: bool


class Sleeper(Protocol):
    """Whoever runs a pair, and can do without it running."""

    def wake(self) -> None:
        """There is something in the inbox."""


class Inbox:
    """What one pair has heard and not taken yet.

    Attributes:
        peer: its source as an input peer.
        top: the newest id when the source was looked at last.
    """

    __slots__ = (
        "_deleted",
        "_edited",
        "_messages",
        "_pins",
        "_sleeper",
        "_woken",
        "look",
        "peer",
        "scan",
        "settle",
        "top",
    )

    def __init__(self, peer: Any = None) -> None:
        self.peer = peer
        self.top: int | None = None
        self._messages: list[Any] | None = None  # made when there is something: most boxes are empty
        self._edited: dict[int, Any] | None = None
        self._deleted: set[int] | None = None
        self._woken = Flag()
        self._sleeper: Sleeper | None = None
        self.look = False  # read on from the cursor, whatever the messages say
        self.settle = False  # read the open window again
        self.scan = False  # edits and deletions may have been missed
        self._pins = False

    def push(self, message: Any) -> None:
        """A message that was pushed."""
        if self._messages is None:
            self._messages = []
        elif len(self._messages) >= _INBOX:
            self._messages.clear()
            self.look = True
        self._messages.append(message)
        self.wake()

    def edit(self, message: Any) -> None:
        """A message that was edited."""
        if self._edited is None:
            self._edited = {}
        self._edited[message.id] = message
        self._bound()

    def delete(self, ids: Iterable[int]) -> None:
        """Messages that were deleted."""
        if self._deleted is None:
            self._deleted = set()
        self._deleted.update(ids)
        self._bound()

    def pin(self) -> None:
        """Something was pinned or unpinned."""
        self._pins = True
        self.wake()

    def _bound(self) -> None:
        if len(self._edited or ()) + len(self._deleted or ()) > _INBOX:
            self._edited = self._deleted = None
            self.scan = True
        self.wake()

    def hint(self, *, look: bool = True, settle: bool = False, scan: bool = False) -> None:
        """There may be more than was pushed (``look``), in the open window (``settle``), or changed (``scan``)."""
        self.scan = self.scan or scan
        self.look = self.look or look
        self.settle = self.settle or settle
        self.wake()

    def wake(self) -> None:
        """Let the pair look up, though nothing was heard."""
        self._woken.set()
        if self._sleeper is not None:
            self._sleeper.wake()

    @property
    def stirs(self) -> bool:
        """Whether there is something to take."""
        return self._woken.is_set()

    def rest(self, sleeper: Sleeper | None, done: int) -> None:
        """Nobody waits here from now on: ``sleeper`` is told. All ids up to ``done`` are done, and none is open."""
        self._sleeper, self.top = sleeper, done

    def rouse(self) -> None:
        """Somebody waits here again."""
        self._sleeper = None

    def saw(self, top: int | None) -> None:
        """The newest id of the source, as it is now; None: nobody knows."""
        if self._sleeper is not None and top is not None and self.top is not None and top <= self.top:
            return
        known = top is not None and top == self.top
        self.top = self.top if top is None else top
        self.hint(look=not known, settle=True)

    async def wait(self) -> None:
        """Until there is something."""
        await self._woken.wait()

    def take(self) -> Heard:
        """All that was heard so far; the box is empty afterwards."""
        messages: Sequence[Any] = self._messages or ()
        if len(messages) > 1:
            messages = sorted({message.id: message for message in messages}.values(), key=lambda m: m.id)
        heard = Heard(
            messages, self.look, self.settle, self.scan, self._edited or _NONE, self._deleted or (), self._pins
        )
        self._messages = self._edited = self._deleted = None
        self._woken.clear()
        self.look = self.settle = self.scan = self._pins = False
        return heard


class Ears:
    """Listens through one client for all its pairs. ``start`` before use, ``stop`` in the end."""

    __slots__ = (
        "_boxes",
        "_client",
        "_looking",
        "_looks",
        "_pacing",
        "_poll_seconds",
        "_timer",
    )

    def __init__(self, client: Any, pacing: Pacing, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._client = client
        self._pacing = pacing
        self._poll_seconds = poll_seconds
        self._boxes: dict[int, list[Inbox]] = {}
        self._looks = Looks(client, pacing)
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._client.add_event_handler(self._on_update, _EVENT)
        # Accounts that start together do not look together.
        self._look_after(self._poll_seconds * random.uniform(0.5, 1.0))

    async def stop(self) -> None:
        """Stop listening."""
        self._client.remove_event_handler(self._on_update, _EVENT)
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._looks.close()
        self._timer = self._looking = None

    async def look(self, chat_id: int, peer: Any) -> Look | None:
        """A chat as it is now, as :meth:`Looks.at`."""
        return await self._looks.at(chat_id, peer)

    def open(self, chat_id: int, peer: Any) -> Inbox:
        """An inbox for one pair's source.

        Args:
            chat_id: marked id of the source.
            peer: the source as an input peer.
        """
        inbox = Inbox(peer)
        self._boxes.setdefault(chat_id, []).append(inbox)
        return inbox

    def close(self, chat_id: int, inbox: Inbox) -> None:
        """No more for this pair."""
        boxes = self._boxes.get(chat_id, [])
        if inbox in boxes:
            boxes.remove(inbox)
        if not boxes:
            self._boxes.pop(chat_id, None)

    async def _on_update(self, update: Any) -> None:
        if isinstance(update, _DELETED):
            self._on_deleted(update)
            return
        if isinstance(update, _PINNED):
            peer = getattr(update, "peer", None) or types.PeerChannel(update.channel_id)
            for inbox in self._boxes.get(utils.get_peer_id(peer), ()):
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

    def _look_after(self, seconds: float) -> None:
        """A timer, and no task that sleeps: there is one of it for every account."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin_to_look)

    def _begin_to_look(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            await self.poll()
        except Exception as error:
            judgement = judge(error)
            if judgement.meaning is Meaning.WAIT:
                self._pacing.flooded(POLL, judgement.seconds)
            self.hint_all()
        self._looking = None
        self._look_after(self._poll_seconds)

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
        for at in range(0, len(chats), MOST):
            if self._pacing.not_before(POLL) is not None:
                return
            await self._poll_some(chats[at : at + MOST])

    async def _poll_some(self, chats: Iterable[int]) -> None:
        peers = [self._boxes[chat][0].peer for chat in chats if self._boxes.get(chat)]
        seen = await look_at(self._client, peers)
        for chat in chats:
            look = seen.get(chat)
            for inbox in self._boxes.get(chat, ()):
                inbox.saw(None if look is None else look.top)
