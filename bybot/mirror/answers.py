"""What Telegram answers to a send, read as far as anybody asks: the ids of the copies, and how far the chat has come.

Telethon makes objects of all that an answer holds, the whole message that was sent with it, and then passes it through
its queue of updates, where nobody hears it: a client is not told of what it sent itself. For a channel that costs more
than sending. Here the ordinary answer is passed over in bytes, and the channel's pts moves on as Telethon would move
it. Whatever is not ordinary goes Telethon's way: an answer with anything that the table of shapes does not know, a pts
that does not follow on the last one, a gap or a difference that is being fetched, chats or people that read otherwise
than in the last answer.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import sub
from typing import Any, Final

from telethon._updates.messagebox import NO_UPDATES_TIMEOUT
from telethon.tl import types

from bybot.mirror.shapes import name_of, skip

_VECTOR: Final = 0x1CB5C415.to_bytes(4, "little")
_UPDATES: Final = name_of(types.Updates) + _VECTOR
_MESSAGE_ID: Final = name_of(types.UpdateMessageID)
_NEW: Final = name_of(types.UpdateNewChannelMessage)
_READ: Final = name_of(types.UpdateReadChannelInbox)
_MESSAGE: Final = name_of(types.Message)
_CHANNEL: Final = name_of(types.PeerChannel)
_TWO: Final = struct.Struct("<ii").unpack_from
_FLAGS: Final = struct.Struct("<II").unpack_from
_ID_OF: Final = struct.Struct("<iq").unpack_from
#: Flags of a message: who wrote it, and by how many boosts; a title of the writer.
_FROM, _BOOSTS, _RANK = 1 << 8, 1 << 29, 1 << 12
#: Seconds by which the deadline of a channel without updates may be earlier than Telethon would set it.
_SLACK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer of which nothing but the ids was read: random id to id."""

    ids: dict[int, int]


@dataclass(slots=True)
class _Skimmed:
    ids: dict[int, int]
    moves: list[tuple[int, int]]  # pts and by how much it moved
    end: int  # of the updates; people and chats follow


class Answers:
    """Of one client, to what it sends into one channel.

    Args:
        client: a connected client of Telethon.
        channel_id: the channel.
    """

    __slots__ = ("_channel_id", "_client", "_known", "_peer")

    def __init__(self, client: Any, channel_id: int) -> None:
        self._client = client
        self._channel_id = channel_id
        self._peer = _CHANNEL + channel_id.to_bytes(8, "little")
        self._known: bytes | None = None  # people and chats of the last answer that Telethon read

    @classmethod
    def of(cls, client: Any, target: Any) -> Answers | None:
        """For an input peer; None: it is no channel, and has no pts of its own."""
        return cls(client, target.channel_id) if isinstance(target, types.InputPeerChannel) else None

    def read(self, reader: Any) -> Any:
        """In place of a request's ``read_result``: :class:`Sent`, or all of it as Telethon reads it."""
        data, at = reader.stream, reader.position
        try:
            skimmed = self._skim(data, at)
        except (KeyError, IndexError, struct.error):
            skimmed = None
        if skimmed is not None and self._is_known(data, skimmed.end) and self._advance(data, skimmed):
            return Sent(skimmed.ids)
        answer = reader.tgread_object()
        if skimmed is not None:
            self._known = data[skimmed.end : reader.position - 8]  # before date and seq
        return answer

    def _skim(self, data: bytes, at: int) -> _Skimmed | None:
        """The updates at a place; None: there is one among them that is not looked into."""
        if data[at : at + 8] != _UPDATES:
            return None
        ids, moves = {}, []
        count = int.from_bytes(data[at + 8 : at + 12], "little")
        at += 12
        for _ in range(count):
            kind = data[at : at + 4]
            if kind == _MESSAGE_ID:
                id_, random_id = _ID_OF(data, at + 4)
                ids[random_id] = id_
                at += 16
            elif kind == _NEW and self._is_here(data, at + 4):
                at = skip(data, at + 4)
                moves.append(_TWO(data, at))
                at += 8
            elif kind == _READ:
                at = skip(data, at)
                if data[at - 20 : at - 12] != self._peer[4:]:
                    return None
                moves.append((_TWO(data, at - 8)[1], 0))
            else:
                return None
        return _Skimmed(ids, moves, at)

    def _is_here(self, data: bytes, at: int) -> bool:
        """Whether it is a message of the channel, whose pts then is the channel's."""
        if data[at : at + 4] != _MESSAGE:
            return False
        flags, flags2 = _FLAGS(data, at + 4)
        at += 16 + (12 if flags & _FROM else 0) + (4 if flags & _BOOSTS else 0)
        return not flags2 & _RANK and data[at : at + 12] == self._peer

    def _is_known(self, data: bytes, at: int) -> bool:
        """Whether people and chats are those that Telethon has seen, to the byte: then it has nothing to learn."""
        return self._known is not None and data.startswith(self._known, at)

    def _advance(self, data: bytes, skimmed: _Skimmed) -> bool:
        """Move the channel on as ``MessageBox.process_updates`` does. False: that must do it; nothing was changed."""
        assert self._known is not None
        date, seq = _TWO(data, skimmed.end + len(self._known))
        box = self._client._message_box
        state = box.map.get(self._channel_id)
        if seq or not date or state is None or box.possible_gaps or box.getting_diff_for:
            return False
        pts = state.pts
        for reached, count in sorted(skimmed.moves, key=lambda move: sub(*move)):
            if not reached or pts + count != reached:
                return False
            pts = reached
        state.pts = pts
        deadline = asyncio.get_running_loop().time() + NO_UPDATES_TIMEOUT
        if deadline - state.deadline > _SLACK:
            box.reset_deadlines({self._channel_id}, deadline)
        box.date = datetime.fromtimestamp(date, UTC)
        return True
