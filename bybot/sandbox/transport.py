"""How MTProto packets lie in a TCP stream, seen from the server.

The first bytes tell which transport the client speaks: ``ef`` abridged, four ``ee`` intermediate, four ``dd`` padded
intermediate; a length followed by sequence number zero is the full transport; anything else is the 64-byte start of an
obfuscated stream (with a proxy secret or without), inside which one of the first three is spoken.
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
from typing import Protocol
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAX_PACKET = 8 << 20

_ABRIDGED, _INTERMEDIATE, _PADDED = b"\xef" * 4, b"\xee" * 4, b"\xdd" * 4


class BadTransport(ValueError):
    """The stream follows no transport; the connection must be closed."""


class Codec(Protocol):
    """One direction-aware framing."""

    def take(self, buffer: bytearray) -> bytes | None:
        """Remove one packet from the start of the buffer; None when it is not complete yet.

        Raises:
            BadTransport: this is no packet.
        """

    def pack(self, payload: bytes) -> bytes:
        """One packet as it is written."""


class FullCodec:
    """Length, sequence number, payload, CRC-32."""

    def __init__(self) -> None:
        self._sent = 0

    def take(self, buffer: bytearray) -> bytes | None:
        if len(buffer) < 8:
            return None
        (length,) = struct.unpack_from("<i", buffer)
        if not 12 <= length <= MAX_PACKET:
            raise BadTransport("a length outside the limits")
        if len(buffer) < length:
            return None
        packet = bytes(buffer[:length])
        del buffer[:length]
        if crc32(packet[:-4]) != int.from_bytes(packet[-4:], "little"):
            raise BadTransport("a wrong checksum")
        return packet[8:-4]

    def pack(self, payload: bytes) -> bytes:
        data = struct.pack("<ii", len(payload) + 12, self._sent) + payload
        self._sent += 1
        return data + struct.pack("<I", crc32(data))


class AbridgedCodec:
    """The length in words, in one byte or four."""

    def take(self, buffer: bytearray) -> bytes | None:
        if not buffer:
            return None
        head, length = 1, (buffer[0] & 0x7F) << 2
        if buffer[0] & 0x7F == 0x7F:
            if len(buffer) < 4:
                return None
            head, length = 4, int.from_bytes(buffer[1:4], "little") << 2
        return _slice(buffer, head, length)

    def pack(self, payload: bytes) -> bytes:
        words = len(payload) >> 2
        head = bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little")
        return head + payload


class IntermediateCodec:
    """The length in four bytes; padded, up to three random bytes follow the payload."""

    def __init__(self, *, padded: bool = False) -> None:
        self._padded = padded

    def take(self, buffer: bytearray) -> bytes | None:
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[:4], "little")
        packet = _slice(buffer, 4, length)
        if packet is None or not self._padded:
            return packet
        return packet[: len(packet) - len(packet) % 4]

    def pack(self, payload: bytes) -> bytes:
        if self._padded:
            payload += os.urandom(random.randint(0, 3))
        return struct.pack("<I", len(payload)) + payload


def _slice(buffer: bytearray, head: int, length: int) -> bytes | None:
    if not 0 < length <= MAX_PACKET:
        raise BadTransport("a length outside the limits")
    end = head + length
    if len(buffer) < end:
        return None
    packet = bytes(buffer[head:end])
    del buffer[:end]
    return packet


class Framing:
    """A connection's framing: finds out the transport from the first bytes, then splits and packs.

    Args:
        secret: of an MTProto proxy, 16 bytes; None takes only streams without one.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret
        self._buffer = bytearray()
        self._codec: Codec | None = None
        self._decrypt: _Stream | None = None
        self._encrypt: _Stream | None = None
        self.name = "unknown"

    def feed(self, data: bytes) -> list[bytes]:
        """Add received bytes.

        Returns:
            the packets that are complete now.

        Raises:
            BadTransport: no transport, or a broken packet.
        """
        if self._decrypt is not None:
            data = self._decrypt.update(data)
        self._buffer += data
        if self._codec is None and not self._detect():
            return []
        packets: list[bytes] = []
        codec = self._codec
        assert codec is not None
        while (packet := codec.take(self._buffer)) is not None:
            packets.append(packet)
        return packets

    def pack(self, payload: bytes) -> bytes:
        """A payload as bytes for the socket."""
        if self._codec is None:
            raise BadTransport("nothing was received yet")
        data = self._codec.pack(payload)
        return data if self._encrypt is None else self._encrypt.update(data)

    def _detect(self) -> bool:
        start = bytes(self._buffer[:8])
        if start[:1] == b"\xef":
            del self._buffer[:1]
            return self._use("abridged", AbridgedCodec())
        if start[:4] == _INTERMEDIATE:
            del self._buffer[:4]
            return self._use("intermediate", IntermediateCodec())
        if start[:4] == _PADDED:
            del self._buffer[:4]
            return self._use("padded", IntermediateCodec(padded=True))
        if len(start) < 8:
            return False
        if start[4:] == bytes(4):
            return self._use("full", FullCodec())
        return len(self._buffer) >= 64 and self._detect_obfuscated()

    def _detect_obfuscated(self) -> bool:
        header, rest = bytes(self._buffer[:64]), bytes(self._buffer[64:])
        secrets = [None] if self._secret is None else [None, self._secret]
        for secret in secrets:
            decrypt = _stream(header[8:56], secret)
            tag = decrypt.update(header)[56:60]
            codec: Codec
            if tag == _ABRIDGED:
                codec = AbridgedCodec()
            elif tag == _INTERMEDIATE:
                codec = IntermediateCodec()
            elif tag == _PADDED:
                codec = IntermediateCodec(padded=True)
            else:
                continue
            self._decrypt, self._encrypt = decrypt, _stream(header[8:56][::-1], secret)
            self._buffer = bytearray(decrypt.update(rest))
            return self._use("obfuscated" if secret is None else "proxy", codec)
        raise BadTransport("no transport starts like this")

    def _use(self, name: str, codec: Codec) -> bool:
        self.name, self._codec = name, codec
        return True


class _Stream(Protocol):
    def update(self, data: bytes, /) -> bytes: ...


def _stream(material: bytes, secret: bytes | None) -> _Stream:
    """AES-256 in counter mode: 32 bytes of key and 16 of counter; a proxy's secret is hashed into the key."""
    key, counter = material[:32], material[32:48]
    if secret is not None:
        key = hashlib.sha256(key + secret).digest()
    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
