"""Basic groups that became megagroups: a pair follows them there.

The old group stays behind, closed, and the new one numbers its messages anew, from 1
(https://core.telegram.org/api/channel#migration). So a source that moved is read to its end, and goes on in the new
space with a cursor from its beginning; the copies of old messages are kept in mind under numbers that no message has,
for undoing. A target that moved takes nothing any more, and its copies can neither be changed nor answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from telethon.tl import types

from bybot.errors import ChatMoved, StoreUnavailable
from bybot.mirror import chats
from bybot.mirror.idmap import IdRuns, chunk_of
from bybot.mirror.model import ChannelPair, ChatRef, Origin
from bybot.mirror.pairs import PairBook
from bybot.mirror.pairstate import chunk_key, state_key
from bybot.stores.base import Delete, Put, Store, Write

#: Above every id of a message: where the copies of a space that was left are kept.
LEFT: Final = 1 << 40
_SIDES: Final[tuple[Literal["source", "target"], ...]] = ("source", "target")


async def check(client: Any, pair: ChannelPair, sides: Iterable[Literal["source", "target"]] = _SIDES) -> None:
    """Whether a basic group of a pair moved; nothing is asked about other chats.

    Raises:
        ChatMoved: it did, and where to.
        ChatNotReadable, SessionRevoked, TelegramUnreachable: as they say.
    """
    for side in sides:
        chat: ChatRef = getattr(pair, side)
        if chat.kind != "group":
            continue
        new = await chats.moved_to(client, chat)
        if new is not None:
            raise ChatMoved(f"{chat.title} has become a supergroup.", side=side, chat=new)


def tells_of_move(message: Any) -> bool:
    """Whether it is the last message of a basic group that became a megagroup."""
    return isinstance(getattr(message, "action", None), types.MessageActionChatMigrateTo)


async def follow(store: Store, book: PairBook, pair: ChannelPair, moved: ChatMoved) -> ChannelPair:
    """Let a pair that does not run go on where its group moved to: its entry and its memory change in one write.

    Raises:
        StoreUnavailable: it may not be done, or done already; the pair tells at its next start.
    """
    chat: ChatRef = moved.chat
    document = await store.get(state_key(pair.id))
    if document is None:
        raise StoreUnavailable("The memory of the pair is not there.")
    data = document.data
    chunks = {int(number): await _chunk(store, pair.id, int(number)) for number in data["chunks"]}
    kept = {number: runs for number, runs in chunks.items() if number >= chunk_of(LEFT)}
    if moved.side == "source":
        kept |= _set_aside({number: runs for number, runs in chunks.items() if number not in kept})
        state = {**data, **_BEGINNING}
    else:
        kept = {}
        state = {**data, "floor": None, "certain": None, "doubled": [], "missing": []}
    state |= {"chunks": sorted(kept), "nonce": f"moved to {chat.id}"}
    writes: list[Write] = [Put(state_key(pair.id), state, document.version)]
    writes += [Put(chunk_key(pair.id, number), {"pair": pair.id, "runs": r.encode()}) for number, r in kept.items()]
    writes += [Delete(chunk_key(pair.id, number)) for number in chunks.keys() - kept.keys()]

    def changed(known: ChannelPair) -> ChannelPair:
        if moved.side == "target":
            return replace(known, target=chat)
        origin = replace(known.origin, mark=0, end_id=None) if known.origin is not None else Origin(0)
        return replace(known, source=chat, origin=origin)

    await book.change(pair.user, [pair.id], changed, along=writes)
    return changed(pair)


#: Of the memory of a source whose messages are numbered anew.
_BEGINNING: Final[Mapping[str, Any]] = {
    "mark": 0,
    "above": [],
    "ceiling": 0,
    "start": 0,
    "top_id": 0,
    "end_id": None,
    "floor": None,
    "certain": None,
    "left_out": [],
    "missing": [],
}


async def _chunk(store: Store, pair_id: str, number: int) -> IdRuns:
    document = await store.get(chunk_key(pair_id, number))
    return IdRuns.decode(b"" if document is None else document.data["runs"])


def _set_aside(chunks: Mapping[int, IdRuns]) -> dict[int, IdRuns]:
    aside: dict[int, IdRuns] = {}
    for number in sorted(chunks):
        for source_id, target_id in chunks[number]:
            aside.setdefault(chunk_of(source_id + LEFT), IdRuns()).put(source_id + LEFT, target_id)
    return aside
