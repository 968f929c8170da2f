"""Looks at sources: the newest id of each, and what the account sees of it, many in one request.

Pairs that start together ask at the same moment, so a look takes all that wait for one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telethon import utils
from telethon.tl import functions, types

from bybot.mirror.chats import chat_ref
from bybot.mirror.lane import call
from bybot.mirror.model import ChatRef
from bybot.mirror.outcome import Meaning, judge
from bybot.mirror.pacing import Pacing

log = logging.getLogger(__name__)

#: The kind of the request as pacing knows it.
POLL: Final = "GetPeerDialogs"
#: Telegram takes so many chats in one request.
MOST: Final = 100
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Look:
    """A chat as it is now.

    Attributes:
        top: the id of its newest message.
        chat: what the account sees of it; None: that was not told.
    """

    top: int
    chat: ChatRef | None


@dataclass(slots=True)
class _Asked:
    chat_id: int
    peer: Any
    answer: asyncio.Future[Look | None]


async def look_at(client: Any, peers: Sequence[Any]) -> Mapping[int, Look]:
    """These chats, at most :data:`MOST`, by their marked ids.

    Args:
        client: a connected client.
        peers: input peers.

    Raises:
        RPCError, OSError, TimeoutError: as Telethon raises them, be it for one of them alone.
    """
    request = functions.messages.GetPeerDialogsRequest([types.InputDialogPeer(peer) for peer in peers])
    answer = await call(client, request, timeout=_SECONDS)
    chats = {utils.get_peer_id(chat): chat_ref(chat) for chat in answer.chats if not getattr(chat, "min", False)}
    looks: dict[int, Look] = {}
    for dialog in answer.dialogs:
        chat_id = utils.get_peer_id(dialog.peer)
        looks[chat_id] = Look(int(dialog.top_message), chats.get(chat_id))
    return looks


class Looks:
    """Through one client. ``close`` it in the end.

    Args:
        client: a connected client.
        pacing: whose waits count.
    """

    __slots__ = (
        "_asked",
        "_client",
        "_pacing",
        "_task",
    )

    def __init__(self, client: Any, pacing: Pacing) -> None:
        self._client = client
        self._pacing = pacing
        self._asked: list[_Asked] = []
        self._task: asyncio.Task[None] | None = None

    async def at(self, chat_id: int, peer: Any) -> Look | None:
        """One chat; None: it cannot be told in this way now, whatever the reason.

        Args:
            chat_id: its marked id.
            peer: the same as an input peer.
        """
        asked = _Asked(chat_id, peer, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await asked.answer

    async def close(self) -> None:
        """Nobody is told anything any more."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        _answer(self._asked, {})

    async def _work(self) -> None:
        some: list[_Asked] = []
        try:
            while self._asked:
                some, self._asked = self._asked[:MOST], self._asked[MOST:]
                _answer(some, await self._look(some))
        finally:
            self._task = None
            _answer(some, {})

    async def _look(self, asked: Sequence[_Asked]) -> Mapping[int, Look]:
        if self._pacing.not_before(POLL) is not None:
            return {}
        try:
            return await look_at(self._client, [each.peer for each in asked])
        except Exception as error:
            judgement = judge(error)
            log.info("no look at %d chats (%s)", len(asked), judgement.name)
            if judgement.meaning is Meaning.WAIT:
                self._pacing.flooded(POLL, judgement.seconds)
            return {}


def _answer(asked: Sequence[_Asked], looks: Mapping[int, Look]) -> None:
    for each in asked:
        if not each.answer.done():
            each.answer.set_result(looks.get(each.chat_id))
