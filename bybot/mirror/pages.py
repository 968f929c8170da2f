"""Pages of a history, read a few messages at a time: making all objects of a page would hold up everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from telethon.extensions import BinaryReader
from telethon.tl import types

from bybot.mirror.shapes import name_of, skip

_VECTOR: Final = 0x1CB5C415.to_bytes(4, "little")
_CHANNEL: Final = name_of(types.messages.ChannelMessages)
_OFFSET: Final = 1 << 2  # the flag of offset_id_offset
#: Messages that are read before others have their turn.
_TOGETHER: Final = 20


def read_cut(reader: Any) -> Any:
    """In place of a request's ``read_result``: a page of a channel whose messages are still bytes, for :func:`whole`.

    Whatever else it is, or holds, Telethon reads as ever.
    """
    data, at = reader.stream, reader.position
    try:
        cut = _cut(data, at)
    except (KeyError, IndexError):
        cut = None
    if cut is None:
        return reader.tgread_object()
    start, parts, end = cut
    rest = BinaryReader(data[at:start] + bytes(4) + data[end:])  # as if it had no messages
    answer = rest.tgread_object()
    answer.messages = parts
    return answer


def _cut(data: bytes, at: int) -> tuple[int, list[bytes], int] | None:
    """Where the number of messages stands, the messages, and where they end; None: it is no page of a channel."""
    if data[at : at + 4] != _CHANNEL:
        return None
    start = at + 16 + (4 if data[at + 4] & _OFFSET else 0)
    if data[start : start + 4] != _VECTOR:
        return None
    start += 4
    count, place, parts = int.from_bytes(data[start : start + 4], "little"), start + 4, []
    for _ in range(count):
        end = skip(data, place)
        parts.append(data[place:end])
        place = end
    return start, parts, place


async def whole(messages: Sequence[Any]) -> list[Any]:
    """The messages of a page, in which some may still be bytes."""
    made: list[Any] = []
    for message in messages:
        made.append(BinaryReader(message).tgread_object() if isinstance(message, bytes) else message)
        if len(made) % _TOGETHER == 0:
            await asyncio.sleep(0)
    return made
