"""Topics of a forum: each of the source has the one of the same title in the target, made when it is missing.

Nothing about it is stored. A topic is made under a random id that derives from the source's topic, so that Telegram
answers a repeat with the first one, also when either of them was renamed since.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from telethon.tl import functions, types

from bybot.errors import ChatNotReadable
from bybot.mirror.model import Right
from bybot.mirror.outcome import Judgement
from bybot.mirror.pacing import Pacing
from bybot.mirror.random_ids import TOPIC_PART
from bybot.mirror.reader import Reader
from bybot.mirror.requests import RandomId, copies

log = logging.getLogger(__name__)

_TOPICS: Final = "GetForumTopics"
_CREATE: Final = "CreateForumTopic"
_PAGE: Final = 100


@dataclass(slots=True)
class Topics:
    """Of one pair, for one connection.

    Attributes:
        client: a connected client.
        source, target: input peers.
        random_id: from :func:`bybot.mirror.random_ids.random_ids`.
        pacing: whose waits count.
        on_wait: told about every wait.
        lacks: told that the account may not make topics.
    """

    client: Any
    source: Any
    target: Any
    random_id: RandomId
    pacing: Pacing
    on_wait: Callable[[Judgement], None] = lambda _: None
    lacks: Callable[[Right], None] = lambda _: None
    _found: dict[int, int | None] = field(default_factory=dict)
    _lost: frozenset[int] = frozenset()
    _titles: dict[str, int] | None = None

    async def target_of(self, topic: int) -> int | None:
        """The topic of the target; None for the general one, where the target has no topics or may get no more.

        Raises:
            ChatNotReadable, SessionRevoked, AccountLimited: as they say.
            ConnectionError: no answer after several tries.
        """
        if topic not in self._found:
            self._found[topic] = await self._find(topic)
        return self._found[topic]

    def forget(self, topic: int) -> bool:
        """The target's topic takes nothing any more: look again, once. Returns False the next time."""
        if topic in self._lost:
            return False
        self._lost |= {topic}
        self._found.pop(topic, None)
        self._titles = None
        return True

    async def _find(self, topic: int) -> int | None:
        if self._titles is None:
            self._titles = await self._listed()
        if not self._titles:
            return None  # every forum has the general one
        answer = await self._ask(self.source, functions.messages.GetForumTopicsByIDRequest(self.source, [topic]))
        known = next((each for each in answer.topics if isinstance(each, types.ForumTopic)), None)
        if known is None:
            return None
        found = self._titles.get(known.title)
        if found is None and (found := await self._create(topic, known)) is not None:
            self._titles[known.title] = found
        return found

    async def _listed(self) -> dict[str, int]:
        """Titles of the target's open topics; the oldest of equal ones. Empty: it has no topics."""
        if not await self._is_forum():
            return {}
        titles: dict[str, int] = {}
        last = 0
        while True:
            request = functions.messages.GetForumTopicsRequest(self.target, None, 0, last, limit=_PAGE)
            answer = await self._ask(self.target, request)
            for each in answer.topics:
                if isinstance(each, types.ForumTopic) and not each.closed:
                    titles[each.title] = min(each.id, titles.get(each.title, each.id))
            if len(answer.topics) < _PAGE:
                return titles
            last = answer.topics[-1].id

    async def _is_forum(self) -> bool:
        if not isinstance(self.target, types.InputPeerChannel):
            return False
        channel = types.InputChannel(self.target.channel_id, self.target.access_hash)
        answer = await self._ask(self.target, functions.channels.GetChannelsRequest([channel]))
        return any(getattr(chat, "forum", False) for chat in answer.chats)

    async def _create(self, topic: int, known: Any) -> int | None:
        random_id = self.random_id(topic, TOPIC_PART - (topic in self._lost))
        request = functions.messages.CreateForumTopicRequest(
            self.target, known.title, icon_color=known.icon_color, random_id=random_id
        )
        reader = Reader(self.client, self.target, self.pacing, self.on_wait)
        try:
            answer = await reader.ask(request, _CREATE)
        except ChatNotReadable as error:
            log.warning("the account may not make topics in the target: posts go to the general one (%s)", error)
            self.lacks("topics")
            return None
        return copies(answer, {random_id: topic}).get(topic)

    async def _ask(self, peer: Any, request: Any) -> Any:
        return await Reader(self.client, peer, self.pacing, self.on_wait).ask(request, _TOPICS)
