"""Pages of a history, read a few messages at a time: the same as Telethon reads at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.extensions import BinaryReader
from telethon.tl import types

from bybot.mirror.pages import read_cut, whole
from tests.mirror.test_answers import _STRANGE, _channel, _objects_of


@st.composite
def _pages(draw: st.DrawFn) -> Any:
    """Mostly a page of a channel whose messages are ordinary ones."""
    strange = draw(_STRANGE) if draw(st.integers(0, 5)) == 5 else {}
    messages = draw(st.lists(_objects_of(types.Message), max_size=4))
    if strange:
        messages.append(draw(_objects_of(types.Message, **({"peer_id": types.PeerChannel(3)} | strange))))
    if draw(st.integers(0, 5)) == 5:
        return types.messages.Messages(messages, [], [_channel("one")], [])
    offset = draw(st.none() | st.integers(0, 9))
    return types.messages.ChannelMessages(5, 9, messages, [], [_channel("one")], [], offset_id_offset=offset)


@settings(max_examples=100, deadline=None)
@given(page=_pages(), before=st.binary(max_size=4), behind=st.binary(max_size=20))
def test_a_page_that_is_cut_is_the_page(page: Any, before: bytes, behind: bytes) -> None:
    reader = BinaryReader(before + bytes(page) + behind)
    reader.set_position(len(before))
    answer = read_cut(reader)
    answer.messages = asyncio.run(whole(answer.messages))
    assert bytes(answer) == bytes(page)


@pytest.mark.parametrize("strange", [False, True])
def test_only_ordinary_messages_are_left_for_later(strange: bool) -> None:
    message = types.Message(1, types.PeerChannel(2), None, "words", reply_markup=types.ReplyKeyboardHide())
    message.reply_markup = message.reply_markup if strange else None
    page = types.messages.ChannelMessages(5, 1, [message], [], [], [])
    (found,) = read_cut(BinaryReader(bytes(page))).messages
    assert isinstance(found, types.Message if strange else bytes)


async def test_others_have_their_turn_while_a_page_is_read() -> None:
    message = bytes(types.Message(1, types.PeerChannel(2), None, "words"))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert len(await whole([message] * 100)) == 100
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert turns >= 4
