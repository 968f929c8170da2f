"""The source, read forwards: pages in rising order of ids, the next ones fetched while the last one is worked on.

``messages.getHistory`` lists newest first. Asking with ``offset_id = after + 1`` and ``add_offset = -limit`` gives the
messages just above ``after``; the end is a page without any.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from telethon.tl import functions, types

from bybot.errors import AccountLimited, ChatNotReadable, SessionRevoked
from bybot.mirror.lane import call
from bybot.mirror.outcome import Judgement, Meaning, judge
from bybot.mirror.pacing import Pacing
from bybot.mirror.pages import read_cut, whole

PAGE = 100
#: Batches made ready before they are asked for.
_PAGES_AHEAD = 3
#: Seconds for one page, and how often it is asked for again when the answer stays away.
_READ_TIMEOUT = 30.0
_TRIES = 4

HISTORY = "GetHistory"
BY_IDS = "GetMessages"
#: Telegram allows at most so many parts.
ALBUM_PARTS = 10


@dataclass(slots=True)
class Reader:
    """Reads one chat through one client.

    Attributes:
        client: a connected client.
        peer: the source as an input peer.
        pacing: whose waits count.
        on_wait: told about every wait.
    """

    client: Any
    peer: Any
    pacing: Pacing
    on_wait: Callable[[Judgement], None] = lambda _: None

    async def page(self, after: int, *, limit: int = PAGE) -> list[Any]:
        """The messages just above an id, oldest first; service messages too. Empty at the end.

        Raises:
            ChatNotReadable: the account cannot read it (any more).
            SessionRevoked, AccountLimited: as they say.
            ConnectionError: no answer after several tries.
        """
        request = history_request(self.peer, limit=limit, offset_id=after + 1, add_offset=-limit)
        request.read_result = read_cut
        answer = await self.ask(request, HISTORY)
        messages = await whole(answer.messages)
        found = [m for m in messages if m.id > after and not isinstance(m, types.MessageEmpty)]
        found.reverse()
        return found

    async def newest(self) -> int:
        """The id of the newest message; 0 in an empty chat. Raises as :meth:`page`."""
        answer = await self.ask(history_request(self.peer, limit=1), HISTORY)
        return max((int(message.id) for message in answer.messages), default=0)

    async def by_ids(self, ids: Sequence[int]) -> dict[int, Any]:
        """Messages by their ids, at most 200; without those that are not there (any more). Raises as :meth:`page`."""
        wanted = [types.InputMessageID(id_) for id_ in ids]
        if isinstance(self.peer, types.InputPeerChannel):
            channel = types.InputChannel(self.peer.channel_id, self.peer.access_hash)
            request: Any = functions.channels.GetMessagesRequest(channel, wanted)
        else:
            request = functions.messages.GetMessagesRequest(wanted)
        answer = await self.ask(request, BY_IDS)
        found = {m.id: m for m in answer.messages if not isinstance(m, types.MessageEmpty)}
        if isinstance(self.peer, types.InputPeerChat):  # its ids are numbered together with all private chats
            here = types.PeerChat(self.peer.chat_id)
            return {id_: message for id_, message in found.items() if message.peer_id == here}
        return found

    async def ask(self, request: Any, kind: str) -> Any:
        """A request that changes nothing, repeated until it is answered. Raises as :meth:`page`."""
        tries = 0
        while True:
            await self.pacing.ready(kind)
            try:
                return await call(self.client, request, timeout=_READ_TIMEOUT)
            except Exception as error:
                judgement = judge(error)
                tries += judgement.meaning is not Meaning.WAIT
                await self._after(judgement, error, kind, tries)

    async def _after(self, judgement: Judgement, error: Exception, kind: str, tries: int) -> None:
        match judgement.meaning:
            case Meaning.WAIT:
                self.pacing.flooded(kind, judgement.seconds)
                self.on_wait(judgement)
            case Meaning.UNKNOWN | Meaning.BUSY:
                if tries >= _TRIES or isinstance(error, ConnectionError):
                    raise ConnectionError(f"no answer to {kind}: {judgement.name}") from error
                await asyncio.sleep(0.25 * 2**tries)
            case Meaning.NO_SESSION:
                raise SessionRevoked(f"The login has ended ({judgement.name}).", reason=judgement.name) from error
            case Meaning.LIMITED:
                message = f"Telegram limits this account ({judgement.name})."
                raise AccountLimited(message, frozen=judgement.frozen) from error
            case _:
                raise ChatNotReadable(f"The account cannot read this chat ({judgement.name}).") from error

    @asynccontextmanager
    async def batches(
        self, after: int, prepare: Callable[[Sequence[Any]], Awaitable[Any]] | None = None
    ) -> AsyncIterator[AsyncIterator[Batch]]:
        """Everything above an id, as batches of whole posts; the next ones are fetched meanwhile.

        Usage: ``async with reader.batches(mark) as batches: async for batch in batches: ...``. Raises as :meth:`page`.

        Args:
            prepare: what can be found out about the messages of a batch before it is their turn.
        """
        ready: asyncio.Queue[Batch | Exception | None] = asyncio.Queue(_PAGES_AHEAD)
        fetching = asyncio.create_task(self._fetch(after, ready, prepare))
        try:
            yield _each(ready)
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    async def _fetch(
        self,
        after: int,
        ready: asyncio.Queue[Batch | Exception | None],
        prepare: Callable[[Sequence[Any]], Awaitable[Any]] | None,
    ) -> None:
        carried: list[Any] = []
        try:
            while found := await self.page(after):
                after = found[-1].id
                messages = carried + found
                cut = open_album(messages)
                whole, carried = messages[:cut], messages[cut:]
                if whole:
                    await ready.put(Batch(whole, prepared=None if prepare is None else await prepare(whole)))
            if carried:
                await ready.put(Batch(carried, open_end=True))
            await ready.put(None)
        except Exception as error:
            await ready.put(error)


@dataclass(frozen=True)
class Batch:
    """Messages in rising order.

    Attributes:
        open_end: the last ones are an album at the very end, which may still grow.
        prepared: what was found out about them.
    """

    messages: list[Any]
    open_end: bool = False
    prepared: Any = None


async def _each(ready: asyncio.Queue[Batch | Exception | None]) -> AsyncIterator[Batch]:
    while (batch := await ready.get()) is not None:
        if isinstance(batch, Exception):
            raise batch
        yield batch


def follows(messages: Sequence[Any], expected: int) -> bool:
    """Whether these may be sent as they are: no gap before or between them, no album that may still grow."""
    for message in messages:
        if message.id > expected:
            return False
        if message.id == expected:
            expected += 1
    return open_album(messages) == len(messages)


def open_album(messages: Sequence[Any]) -> int:
    """Where an album begins that reaches the end of these messages and may go on after it; their number if none."""
    group = getattr(messages[-1], "grouped_id", None) if messages else None
    if not group:
        return len(messages)
    parts = [at for at, message in enumerate(messages) if getattr(message, "grouped_id", None) == group]
    return len(messages) if len(parts) >= ALBUM_PARTS else parts[0]


def history_request(peer: Any, *, limit: int, offset_id: int = 0, add_offset: int = 0, offset_date: Any = None) -> Any:
    """messages.getHistory, newest first, from an id, a date, or the top."""
    return functions.messages.GetHistoryRequest(
        peer=peer,
        offset_id=offset_id,
        offset_date=offset_date,
        add_offset=add_offset,
        limit=limit,
        max_id=0,
        min_id=0,
        hash=0,
    )
