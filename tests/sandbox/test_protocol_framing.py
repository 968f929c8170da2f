"""The stream and packet layers without a socket: any chunking, any junk."""

from __future__ import annotations

import os
import struct
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.network.connection.tcpabridged import AbridgedPacketCodec
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec, RandomizedIntermediatePacketCodec
from telethon.network.connection.tcpmtproxy import MTProxyIO
from telethon.network.connection.tcpobfuscated import ObfuscatedIO
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked

from bybot.sandbox import tl
from bybot.sandbox.mtproto.cipher import BadPacket, Packet, decrypt, encrypt
from bybot.sandbox.mtproto.codes import appears, plain_digits
from bybot.sandbox.transport import BadTransport, Framing

SECRET = bytes(range(16))


class Plain:
    """A client's stream without obfuscation."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec(None)
        self.header = self._codec.tag or b""

    def write(self, payload: bytes) -> bytes:
        return bytes(self._codec.encode_packet(payload))


class Obfuscated:
    """A client's obfuscated stream, with a proxy's secret or without."""

    def __init__(self, codec: Any, secret: bytes | None = None) -> None:
        self._codec = codec(None)
        if secret is None:
            header, self._encrypt, _ = ObfuscatedIO.init_header(codec)
        else:
            header, self._encrypt, _ = MTProxyIO.init_header(secret, 2, codec)
        self.header = bytes(header)

    def write(self, payload: bytes) -> bytes:
        return bytes(self._encrypt.encrypt(self._codec.encode_packet(payload)))


STREAMS = {
    "full": lambda: Plain(FullPacketCodec),
    "abridged": lambda: Plain(AbridgedPacketCodec),
    "intermediate": lambda: Plain(IntermediatePacketCodec),
    "obfuscated": lambda: Obfuscated(AbridgedPacketCodec),
    "proxy": lambda: Obfuscated(RandomizedIntermediatePacketCodec, SECRET),
}


@pytest.mark.parametrize("name", STREAMS)
@settings(deadline=None, max_examples=30)
@given(words=st.lists(st.integers(1, 300), min_size=1, max_size=4), chunk=st.integers(1, 900))
def test_packets_come_out_whole_however_the_stream_is_cut(name: str, words: list[int], chunk: int) -> None:
    stream, framing = STREAMS[name](), Framing(SECRET)
    payloads = [os.urandom(4 * count) for count in words]
    data = stream.header + b"".join(stream.write(payload) for payload in payloads)
    got: list[bytes] = []
    for start in range(0, len(data), chunk):
        got += framing.feed(data[start : start + chunk])
    assert got == payloads
    assert framing.name == name


@pytest.mark.parametrize("data", [bytes(range(1, 105)), b"\xef\x7f\xff\xff\xff", b"\xee" * 8])
def test_streams_that_are_no_transport_are_refused(data: bytes) -> None:
    with pytest.raises(BadTransport):
        Framing().feed(data)


def test_a_proxy_stream_is_refused_without_its_secret() -> None:
    stream = Obfuscated(IntermediatePacketCodec, SECRET)
    with pytest.raises(BadTransport):
        Framing(bytes(16)).feed(stream.header + stream.write(bytes(8)))


def test_a_packet_opens_with_its_key_and_with_no_other() -> None:
    key, loggers = os.urandom(256), defaultdict(lambda: None)
    state = MTProtoState(AuthKey(key), loggers)
    state.salt = 77
    body = bytes(functions.PingRequest(5))
    data = struct.pack("<qii", 12, 3, len(body)) + body
    packet = state.encrypt_message_data(data)
    assert decrypt(key, packet) == Packet(77, state.id, 12, 3, body)
    for broken in (packet[:-16], packet[:40] + bytes(16) + packet[56:], packet[:60]):
        with pytest.raises(BadPacket):
            decrypt(key, broken)
    with pytest.raises(BadPacket):
        decrypt(os.urandom(256), packet)
    with pytest.raises(BadPacket):
        # A server's packet is not a client's.
        decrypt(key, encrypt(state.auth_key.key_id, key, Packet(77, state.id, 12, 3, body)))


def test_one_broken_body_in_a_container_does_not_lose_the_others() -> None:
    good = bytes(functions.PingRequest(5))
    packed = tl.container([(4, 1, good), (8, 3, b"\xff\xff\xff\xff"), (12, 5, good)])
    messages = tl.open_container(packed)
    assert [message.msg_id for message in messages] == [4, 8, 12]
    assert tl.read(messages[2].body).ping_id == 5
    with pytest.raises(tl.NotTl) as error:
        tl.read(messages[1].body)
    assert error.value.constructor == 0xFFFFFFFF
    with pytest.raises(tl.NotTl):
        tl.open_container(packed[:-4])


class Zipped(GzipPacked):
    """A packed request inside a wrapper: some clients write it so, Telethon never does."""

    def _bytes(self) -> bytes:
        return bytes(self)


def test_wrappers_come_off_in_any_nesting_packed_or_not() -> None:
    request: Any = functions.help.GetNearestDcRequest()
    request = functions.InvokeWithoutUpdatesRequest(request)
    request = functions.InvokeAfterMsgRequest(8, request)
    request = functions.InitConnectionRequest(1, "model", "1", "2", "en", "", "en", Zipped(bytes(request)))
    request = functions.InvokeWithLayerRequest(200, request)
    unwrapped = tl.unwrap(tl.read(bytes(GzipPacked(bytes(request)))))
    assert isinstance(unwrapped.request, functions.help.GetNearestDcRequest)
    assert (unwrapped.layer, unwrapped.client.device_model) == (200, "model")
    assert (unwrapped.without_updates, unwrapped.after) == (True, (8,))


def test_answers_of_every_kind_are_written_as_telethon_reads_them() -> None:
    def back(value: Any) -> Any:
        return tl.read(tl.write(value))

    assert back(True) is True
    assert back(False) is False
    peers = [types.PeerUser(1), types.PeerChannel(2)]
    assert back(peers) == peers
    assert back(types.PeerUser(1)) == types.PeerUser(1)
    assert tl.vector_of_longs([5]) == bytes.fromhex("15c4b51c010000000500000000000000")
    assert tl.vector_of_ints([5]) == bytes.fromhex("15c4b51c0100000005000000")


@pytest.mark.parametrize("text", ["１２３４５", "①②③④⑤", "1️⃣2️⃣ 3️⃣ 4️⃣ 5️⃣", "١٢٣٤٥", "1 · 2 · 3 · 4 · 5", "12 345"])
def test_a_code_is_recognised_in_other_digits_and_between_signs(text: str) -> None:
    assert appears("12345", text)


@given(st.text())
def test_plain_digits_keeps_the_length_of_a_text(text: str) -> None:
    assert len(plain_digits(text)) == len(text)
