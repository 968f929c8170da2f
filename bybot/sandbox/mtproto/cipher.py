"""Encryption of one packet, MTProto 2.0, server side."""

from __future__ import annotations

import os
import struct
from hashlib import sha256
from typing import NamedTuple

from telethon.crypto import AES

_HEAD = struct.Struct("<qqqii")
_PREFIX = struct.Struct("<Q")


class BadPacket(ValueError):
    """The packet was not encrypted with this key."""


class Packet(NamedTuple):
    """What was in an encrypted packet."""

    salt: int
    session_id: int
    msg_id: int
    seq_no: int
    body: bytes


def _aes(key: bytes, msg_key: bytes, offset: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + key[offset : offset + 36]).digest()
    b = sha256(key[offset + 40 : offset + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def decrypt(key: bytes, packet: bytes) -> Packet:
    """Open a client's packet.

    Raises:
        BadPacket: too short, altered, or another key's.
    """
    if len(packet) < 24 + 48 or (len(packet) - 24) % 16:
        raise BadPacket("a length that no encrypted packet has")
    msg_key = packet[8:24]
    aes_key, aes_iv = _aes(key, msg_key, 0)
    plain = AES.decrypt_ige(packet[24:], aes_key, aes_iv)
    if sha256(key[88:120] + plain).digest()[8:24] != msg_key:
        raise BadPacket("a wrong message key")
    salt, session_id, msg_id, seq_no, length = _HEAD.unpack_from(plain)
    end = _HEAD.size + length
    if length < 4 or not 12 <= len(plain) - end <= 1024:
        raise BadPacket("a length beyond the packet")
    return Packet(salt, session_id, msg_id, seq_no, plain[_HEAD.size : end])


def encrypt(key_id: int, key: bytes, packet: Packet) -> bytes:
    """Close a packet for the client."""
    head = _HEAD.pack(packet.salt, packet.session_id, packet.msg_id, packet.seq_no, len(packet.body))
    length = _HEAD.size + len(packet.body)
    plain = b"".join((head, packet.body, os.urandom(-(length + 12) % 16 + 12)))
    msg_key = sha256(key[96:128] + plain).digest()[8:24]
    aes_key, aes_iv = _aes(key, msg_key, 8)
    return b"".join((_PREFIX.pack(key_id), msg_key, AES.encrypt_ige(plain, aes_key, aes_iv)))
