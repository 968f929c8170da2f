"""The key exchange, server side: the old RSA scheme that Telethon speaks, with small primes so that it is fast."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import time
from collections.abc import Callable

from telethon.crypto import AES
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import functions, types

from bybot.sandbox import tl
from bybot.sandbox.rsa import ServerKey

# The 2048-bit prime of Telegram's own servers: the only one that clients accept without proving it prime.
DH_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db"
    "fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41"
    "0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf"
    "6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
GENERATOR = 3

# Small enough to be factored in milliseconds, large enough that the clients' random method practically never fails.
_PRIMES = tuple(
    100_000_000 + step for step in (7, 37, 39, 49, 73, 81, 123, 127, 193, 213, 217, 223, 231, 237, 259, 267)
)
_SAFETY = 1 << (2048 - 64)


class ExchangeFailed(Exception):
    """The client's step does not follow from ours; the connection is closed."""


def minimal(number: int) -> bytes:
    """Big-endian bytes without leading zeros, as clients write numbers of this exchange."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


class DhSecret:
    """The server's half of Diffie-Hellman, made once per server: 256 bits are ample for a sandbox and fast."""

    def __init__(self) -> None:
        self.g_a = 0
        while not _SAFETY <= self.g_a <= DH_PRIME - _SAFETY:
            self._a = int.from_bytes(os.urandom(32), "big") | 1 << 255
            self.g_a = pow(GENERATOR, self._a, DH_PRIME)

    def shared(self, g_b: int) -> int:
        """The common number.

        Raises:
            ExchangeFailed: g_b is one of the values that would give the key away.
        """
        if not _SAFETY <= g_b <= DH_PRIME - _SAFETY:
            raise ExchangeFailed("g_b is out of range")
        return pow(g_b, self._a, DH_PRIME)


class Handshake:
    """One exchange on one connection.

    Args:
        rsa_key: whose fingerprint is offered.
        secret: of this server.
        on_key: called with the new key's 256 bytes.
        skew: seconds by which the server's clock is ahead.
    """

    def __init__(
        self, rsa_key: ServerKey, secret: DhSecret, on_key: Callable[[bytes], None], skew: float = 0.0
    ) -> None:
        self._rsa, self._secret, self._on_key, self._skew = rsa_key, secret, on_key, skew
        self._nonce = self._server_nonce = self._new_nonce = 0
        self._primes = (0, 0)
        self._aes: tuple[bytes, bytes] = (b"", b"")

    def answer(self, packet: bytes) -> bytes:
        """The plain reply to a plain packet.

        Raises:
            ExchangeFailed: a step that does not fit.
        """
        try:
            request = tl.read(packet[20:])
        except tl.NotTl as error:
            raise ExchangeFailed(str(error)) from error
        if isinstance(request, functions.ReqPqMultiRequest | functions.ReqPqRequest):
            reply = self._offer(request)
        elif isinstance(request, functions.ReqDHParamsRequest):
            self._check_nonces(request)
            reply = self._parameters(request)
        elif isinstance(request, functions.SetClientDHParamsRequest):
            self._check_nonces(request)
            reply = self._finish(request)
        else:
            raise ExchangeFailed(f"{type(request).__name__} is no step of a key exchange")
        body = bytes(reply)
        msg_id = (int(time.time() + self._skew) << 32) | 1
        return struct.pack("<qqi", 0, msg_id, len(body)) + body

    def _check_nonces(self, request: types.TypeP_Q_inner_data) -> None:
        if not self._nonce or (request.nonce, request.server_nonce) != (self._nonce, self._server_nonce):
            raise ExchangeFailed("other nonces than agreed")

    def _offer(self, request: functions.ReqPqMultiRequest) -> types.ResPQ:
        self._nonce = request.nonce
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        p, q = sorted(random.sample(_PRIMES, 2))
        self._primes = (p, q)
        return types.ResPQ(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            pq=(p * q).to_bytes(8, "big"),
            server_public_key_fingerprints=[self._rsa.fingerprint],
        )

    def _parameters(self, request: functions.ReqDHParamsRequest) -> types.ServerDHParamsOk:
        if (int.from_bytes(request.p, "big"), int.from_bytes(request.q, "big")) != self._primes:
            raise ExchangeFailed("wrong factors")
        try:
            block = self._rsa.decrypt(request.encrypted_data)
            inner = tl.read(block[21:])
        except ValueError as error:
            raise ExchangeFailed("not encrypted for this server") from error
        packed = bytes(inner)
        if not isinstance(inner, types.PQInnerData) or hashlib.sha1(packed).digest() != block[1:21]:
            raise ExchangeFailed("a broken inner block")
        self._check_nonces(inner)
        self._new_nonce = inner.new_nonce
        self._aes = generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        answer = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=GENERATOR,
                dh_prime=minimal(DH_PRIME),
                g_a=minimal(self._secret.g_a),
                server_time=int(time.time() + self._skew),
            )
        )
        plain = hashlib.sha1(answer).digest() + answer
        return types.ServerDHParamsOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=AES.encrypt_ige(plain + os.urandom(-len(plain) % 16), *self._aes),
        )

    def _finish(self, request: functions.SetClientDHParamsRequest) -> types.DhGenOk:
        if not self._new_nonce or len(request.encrypted_data) % 16:
            raise ExchangeFailed("a step was left out")
        plain = AES.decrypt_ige(request.encrypted_data, *self._aes)
        try:
            inner = tl.read(plain[20:])
        except tl.NotTl as error:
            raise ExchangeFailed(str(error)) from error
        if not isinstance(inner, types.ClientDHInnerData) or hashlib.sha1(bytes(inner)).digest() != plain[:20]:
            raise ExchangeFailed("a broken inner block")
        self._check_nonces(inner)
        key = minimal(self._secret.shared(int.from_bytes(inner.g_b, "big")))
        self._on_key(key)
        aux_hash = hashlib.sha1(key).digest()[:8]
        nonce = self._new_nonce.to_bytes(32, "little", signed=True)
        digest = hashlib.sha1(nonce + b"\x01" + aux_hash).digest()[4:20]
        self._new_nonce = 0
        return types.DhGenOk(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=int.from_bytes(digest, "little", signed=True),
        )
