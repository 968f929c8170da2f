"""Answers to sends, of which only the ids are read: never otherwise than Telethon would read them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon import events
from telethon._updates.entitycache import EntityCache
from telethon._updates.messagebox import ENTRY_ACCOUNT, MessageBox, PossibleGap, State
from telethon.extensions import BinaryReader
from telethon.tl import types

from bybot.mirror import shapes
from bybot.mirror.answers import Answers, Sent
from bybot.mirror.requests import copies
from bybot.mirror.shapes import SHAPES, Shape, skip
from tests.mirror.support import ground, until

_CHANNEL: Final = 77
_OF_NUMBER: Final = {value.CONSTRUCTOR_ID: value for value in vars(types).values() if hasattr(value, "CONSTRUCTOR_ID")}
_KNOWN: Final = [_OF_NUMBER[int.from_bytes(name, "little")] for name in SHAPES]
_FIELDS: Final = {
    line.split()[0]: [field.partition(":")[::2] for field in line.split()[1:]]
    for line in shapes._TABLE.replace("\n    ", " ").strip().splitlines()
}
#: Flags that stand for a switch and a field at once.
_SHARED: Final = {"comments": "channel_id", "live_photo": "video"}
_DATES: Final = st.integers(1, 2**31 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_PLAIN: Final[dict[str, st.SearchStrategy[Any]]] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False),
    "date": _DATES,
    "string": st.text(max_size=6) | st.text("x", min_size=250, max_size=300),
    "bytes": st.binary(max_size=6),
}


def _any(kind: str) -> st.SearchStrategy[Any]:
    """A value of a type of TL."""
    if kind.startswith("Vector<"):
        return st.lists(_any(kind[7:-1]), max_size=3)
    return _PLAIN[kind] if kind in _PLAIN else st.deferred(lambda: _objects(kind))


def _objects(kind: str) -> st.SearchStrategy[Any]:
    number = zlib.crc32(kind.encode())
    return st.one_of(*(_objects_of(each) for each in _KNOWN if number == each.SUBCLASS_OF_ID))


@st.composite
def _objects_of(draw: st.DrawFn, /, cls: Any, **given: Any) -> Any:
    """An object of Telethon, with some of the fields that it may have."""
    fields = _FIELDS[cls.__name__[0].lower() + cls.__name__[1:]]
    chosen: dict[str, bool] = {}
    values: dict[str, Any] = {}
    for name, kind in fields:
        flag, _, bare = kind.rpartition("?")
        if bare == "#" or name in given or (bare[0].isupper() and not _is_known(bare)):
            continue
        if not flag or chosen.setdefault(flag, draw(st.integers(0, 3)) == 0):
            values[name] = draw(_any(bare))
    own = inspect.signature(cls.__init__).parameters
    named = {name for name, _ in fields}
    switches = [name for name, each in own.items() if "bool" in str(each.annotation) and name not in named]
    more = {name: draw(st.booleans()) for name in switches}
    for switch, field in _SHARED.items():
        if switch in more:
            more[switch] = field in values
    return cls(**values, **more, **given)


def _is_known(kind: str) -> bool:
    number = zlib.crc32(kind.removeprefix("Vector<").rstrip(">").encode())
    return kind == "Vector<int>" or any(number == each.SUBCLASS_OF_ID for each in _KNOWN)


@settings(max_examples=12, deadline=None)
@pytest.mark.parametrize("cls", _KNOWN, ids=lambda cls: str(cls.__name__))
@given(data=st.data(), behind=st.binary(max_size=20))
def test_every_shape_ends_where_telethon_ends_it(cls: Any, data: st.DataObject, behind: bytes) -> None:
    raw = bytes(data.draw(_objects_of(cls)))
    assert skip(b"...." + raw + behind, 4) == 4 + len(raw)


def test_a_table_without_one_of_its_fields_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    message = types.Message(1, types.PeerChannel(2), datetime.now(UTC), "words", grouped_id=5)
    name = types.Message.CONSTRUCTOR_ID.to_bytes(4, "little")
    fields = [":".join(each) for each in _FIELDS["message"] if each[0] != "grouped_id"]
    assert skip(bytes(message), 0) == len(bytes(message))
    monkeypatch.setitem(shapes.SHAPES, name, Shape(fields))
    assert skip(bytes(message), 0) != len(bytes(message))


_HERE: Final = types.PeerChannel(_CHANNEL)
_STRANGE: Final = st.sampled_from(
    [
        {"reply_markup": types.ReplyKeyboardHide()},
        {"media": types.MessageMediaDice(1, "🎲")},
        {"peer_id": types.PeerChannel(_CHANNEL + 1)},
        {"from_rank": "owner"},
    ]
)


@st.composite
def _updates(draw: st.DrawFn) -> Any:
    """An answer to a send: mostly an ordinary one, whose pts goes on from 100."""
    pts, found = draw(st.sampled_from([100, 100, 100, 99])), []
    for number in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 9)):
            found.append(types.UpdateMessageID(draw(st.integers(1, 2**31 - 1)), 2**62 + number))
        strange = draw(_STRANGE) if draw(st.integers(0, 19)) == 19 else {}
        message = draw(_objects_of(types.Message, **({"peer_id": _HERE} | strange)))
        count = draw(st.sampled_from([1, 1, 1, 1, 1, 0, 2]))
        pts += count + draw(st.sampled_from([0] * 18 + [1, -1]))
        found.append(types.UpdateNewChannelMessage(message, pts, count))
        if draw(st.booleans()):
            found.append(draw(_objects_of(types.UpdateReadChannelInbox, channel_id=_CHANNEL, pts=pts)))
    if draw(st.integers(0, 19)) == 19:
        found.append(draw(st.sampled_from([types.UpdateChannelTooLong(_CHANNEL), types.UpdateConfig()])))
    if draw(st.integers(0, 4)) == 4:
        draw(st.randoms(use_true_random=False)).shuffle(found)
    seq = draw(st.sampled_from([0] * 14 + [1]))
    return types.Updates(found, [], [_channel(draw(st.sampled_from(["one"] * 14 + ["two"])))], draw(_DATES), seq)


def _channel(title: str) -> types.Channel:
    return types.Channel(_CHANNEL, title, types.ChatPhotoEmpty(), datetime(2020, 1, 1, tzinfo=UTC), access_hash=5)


def _box(gap: bool = False) -> MessageBox:
    box = MessageBox(logging.getLogger("box"))
    box.map.update({ENTRY_ACCOUNT: State(7, 0.0), _CHANNEL: State(100, 0.0)})
    box.next_deadline = ENTRY_ACCOUNT
    if gap:
        box.try_begin_get_diff(_CHANNEL, "a test")
    return box


def _as_telethon(box: MessageBox, raw: bytes) -> Any:
    """Read and process an answer as Telethon does; None: it found a gap."""
    answer = BinaryReader(raw).tgread_object()
    answer._self_outgoing = True
    with suppress(ValueError):
        box.process_updates(answer, EntityCache(), [])
    return answer


def _state(box: MessageBox) -> Any:
    gaps = {entry: len(gap.updates) for entry, gap in box.possible_gaps.items()}
    return {entry: state.pts for entry, state in box.map.items()}, box.date, box.seq, gaps, box.getting_diff_for


def _learned(box: MessageBox) -> Answers:
    """Answers that have seen the channel under its first title."""
    answers = Answers(SimpleNamespace(_message_box=box), _CHANNEL)
    first = types.Updates([types.UpdateMessageID(1, 1)], [], [_channel("one")], datetime.now(UTC), 0)
    assert isinstance(answers.read(BinaryReader(bytes(first))), types.Updates)
    return answers


@settings(max_examples=300, deadline=None)
@given(answer=_updates(), behind=st.binary(max_size=20), gap=st.integers(0, 5))
def test_ids_and_pts_are_those_of_the_whole_answer(answer: Any, behind: bytes, gap: int) -> None:
    async def compare() -> None:
        whole, lean = _box(gap == 5), _box(gap == 5)
        before, answers = _state(lean), _learned(lean)
        expected = _as_telethon(whole, bytes(answer) + behind)
        reader = BinaryReader(bytes(answer) + behind)
        found = answers.read(reader)
        sent = {2**62 + number: 10 + number for number in range(3)}
        assert copies(found, sent) == copies(expected, sent)
        if isinstance(found, Sent):
            assert _state(lean) == _state(whole)
        else:
            assert bytes(found) == bytes(expected)
            assert _state(lean) == before
            assert reader.position == len(bytes(answer))

    asyncio.run(compare())


def _ordinary(pts: int = 101, title: str = "one", peer: Any = _HERE, **more: Any) -> bytes:
    message = types.Message(5, peer, datetime.now(UTC), "words", post=True, views=1, forwards=0, **more)
    found = [types.UpdateMessageID(5, 2**62), types.UpdateNewChannelMessage(message, pts, 1)]
    return bytes(types.Updates(found, [], [_channel(title)], datetime.now(UTC), 0))


async def test_an_ordinary_answer_is_not_read_by_telethon() -> None:
    box = _box()
    assert _learned(box).read(BinaryReader(_ordinary())) == Sent({2**62: 5})
    assert box.map[_CHANNEL].pts == 101


@pytest.mark.parametrize(
    "answer",
    [
        _ordinary(102),
        _ordinary(100),
        _ordinary(title="another title"),
        _ordinary(title="two"),
        _ordinary(peer=types.PeerChannel(_CHANNEL + 1)),
        _ordinary(reply_markup=types.ReplyKeyboardHide()),
        _ordinary(101)[:-30],
    ],
    ids=["gap", "repeat", "news of the chat", "news of the same length", "another channel", "a strange shape", "cut"],
)
async def test_what_is_not_ordinary_goes_telethons_way(answer: bytes) -> None:
    box = _box()
    answers = _learned(box)
    with suppress(struct.error):  # of the one that is cut
        assert isinstance(answers.read(BinaryReader(answer)), types.Updates)
    assert box.map[_CHANNEL].pts == 100


@pytest.mark.parametrize("what", ["a difference", "a gap"])
async def test_while_telethon_looks_for_what_it_missed_answers_go_its_way(what: str) -> None:
    box = _box(what == "a difference")
    answers = _learned(box)
    if what == "a gap":
        box.possible_gaps[_CHANNEL] = PossibleGap(0.0, [])
    assert isinstance(answers.read(BinaryReader(_ordinary())), types.Updates)
    assert box.map[_CHANNEL].pts == 100


async def test_after_many_copies_the_client_still_hears_of_the_target() -> None:
    async with ground() as here:
        here.world.join(here.editor, here.target)
        here.world.set_admin(here.target, here.editor)
        await here.corpus(150)
        client = await here.client()
        heard: list[str] = []

        async def note(event: Any) -> None:
            heard.append(event.raw_text)

        client.add_event_handler(note, events.NewMessage(chats="target"))
        async with here.running_mirror(client):
            await here.wait_same(30)
            here.world.send_message(here.editor, here.target.peer, text="from somebody else")
            await until(lambda: heard == ["from somebody else"])
        assert client._message_box.map[here.target.id].pts == here.target.pts
        assert here.running.counters.calls_of("updates.getChannelDifference") == 0


@pytest.mark.parametrize("pace", ["safe", "off"])
async def test_at_any_pace_only_the_first_answer_is_read_by_telethon(
    pace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []
    read = Answers.read

    def noted(self: Answers, reader: Any) -> Any:
        found.append(read(self, reader))
        return found[-1]

    monkeypatch.setattr(Answers, "read", noted)
    async with ground() as here:
        here.post("first")
        async with here.running_mirror(await here.client(), pace=pace):
            for number in range(3):
                await here.wait_same()
                here.post(f"post {number}")
            await here.wait_same()
        assert [type(answer) for answer in found] == [types.Updates, Sent, Sent, Sent]
