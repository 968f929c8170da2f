"""The copies in a target: read, changed and deleted, with all waits that Telegram asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from telethon.tl import functions, types

from bybot.mirror.chats import input_peer
from bybot.mirror.lane import call
from bybot.mirror.model import ChannelPair
from bybot.mirror.outcome import Judgement, Meaning, judge, stop_error
from bybot.mirror.pacing import Pacing, chat_key
from bybot.mirror.reader import Reader
from bybot.mirror.sender import Unsure

log = logging.getLogger(__name__)

EDIT: Final = "EditMessage"
DELETE: Final = "DeleteMessages"
_IDS: Final = 100
_TRIES: Final = 5
_UNCHANGED: Final = "MessageNotModifiedError"
_UNSURE: Final = (Meaning.UNKNOWN, Meaning.BUSY, Meaning.NOT_SENT)
_HARMLESS: Final = (Meaning.REFUSED, Meaning.PROTECTED, Meaning.STALE_FILE)


@dataclass(slots=True)
class Copies:
    """Of one pair, through one connected client.

    Attributes:
        on_wait: told about every wait.
    """

    client: Any
    pair: ChannelPair
    pacing: Pacing
    on_wait: Callable[[Judgement], None] = lambda _: None
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.client, input_peer(self.pair.target), self.pacing, self.on_wait)

    async def remove(self, ids: Sequence[int]) -> int:
        """Delete these messages of the target. Returns how many Telegram let go. Raises as :meth:`do`."""
        removed = 0
        for start in range(0, len(ids), _IDS):
            some = list(ids[start : start + _IDS])
            removed += len(some) if await self.do(partial(self._delete_request, some), DELETE) else 0
        return removed

    def _delete_request(self, ids: list[int]) -> Any:
        peer = self.reader.peer
        if isinstance(peer, types.InputPeerChannel):
            channel = types.InputChannel(peer.channel_id, peer.access_hash)
            return functions.channels.DeleteMessagesRequest(channel, ids)
        return functions.messages.DeleteMessagesRequest(ids, revoke=True)

    async def do(self, make: Callable[[], Any], kind: str) -> bool:
        """One request that may be repeated, after all waits. False when Telegram refuses it for good.

        Raises as :meth:`answer`.
        """
        return await self.answer(make, kind) is not None

    async def answer(self, make: Callable[[], Any], kind: str) -> Any:
        """What Telegram answers to a request that may be repeated, after all waits; None when it refuses it for good.

        Raises:
            Unsure: no answer.
            ChatNotReadable, ChatNotWritable, AccountLimited, SessionRevoked: nothing can be done until that changes.
        """
        key = chat_key(self.pair.target)
        for _ in range(_TRIES):
            async with self.pacing.turn(kind, key, posts=1):
                try:
                    return await call(self.client, make())
                except Exception as error:
                    judgement = judge(error)
                    if judgement.meaning is Meaning.WAIT:
                        self.pacing.flooded(kind, judgement.seconds)
                        self.on_wait(judgement)
                    elif judgement.meaning is Meaning.SLOW_CHAT:
                        self.pacing.hold(key, judgement.seconds)
                    elif judgement.meaning in _HARMLESS or judgement.name == _UNCHANGED:
                        log.info("pair %s: a change was not carried over (%s)", self.pair.id, judgement.name)
                        return judgement if judgement.name == _UNCHANGED else None
                    elif judgement.meaning in _UNSURE:
                        raise Unsure(judgement) from error
                    else:
                        raise stop_error(judgement) from error
        return None
