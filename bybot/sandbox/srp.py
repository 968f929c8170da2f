"""The two-step password: the server's side of SRP 2 as Telegram uses it. The password itself is never kept."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from telethon.password import compute_hash
from telethon.tl import types

from bybot.sandbox.mtproto.handshake import DH_PRIME, GENERATOR

_SIZE = 256
_PRIME_BYTES = DH_PRIME.to_bytes(_SIZE, "big")


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _padded(number: int) -> bytes:
    return number.to_bytes(_SIZE, "big")


_G_BYTES = _padded(GENERATOR)
_K = int.from_bytes(_sha256(_PRIME_BYTES, _G_BYTES), "big")
_PRIME_XOR_G = bytes(a ^ b for a, b in zip(_sha256(_PRIME_BYTES), _sha256(_G_BYTES), strict=True))


def algorithm(salt1: bytes, salt2: bytes) -> types.TypePasswordKdfAlgo:
    """How a client turns the password into a number."""
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        salt1=salt1, salt2=salt2, g=GENERATOR, p=_PRIME_BYTES
    )


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """What the server keeps of a password."""

    salt1: bytes = field(repr=False)
    salt2: bytes = field(repr=False)
    verifier: int = field(repr=False)
    hint: str = ""

    @classmethod
    def make(cls, password: str, hint: str = "") -> PasswordRecord:
        """Derive a record; takes about 60 ms (100,000 rounds of PBKDF2)."""
        salt1, salt2 = os.urandom(16), os.urandom(16)
        x = int.from_bytes(compute_hash(algorithm(salt1, salt2), password), "big")
        return cls(salt1, salt2, pow(GENERATOR, x, DH_PRIME), hint)

    @property
    def algorithm(self) -> types.TypePasswordKdfAlgo:
        """What the client is told."""
        return algorithm(self.salt1, self.salt2)


class Challenge:
    """One question "do you know the password", answered once.

    Attributes:
        id: how the client names it.
        b_public: the server's public number, 256 bytes.
    """

    def __init__(self, record: PasswordRecord) -> None:
        self._record = record
        self.id = int.from_bytes(os.urandom(8), "big", signed=True)
        self._b = int.from_bytes(os.urandom(32), "big") | 1 << 255
        self.b_public = _padded((_K * record.verifier + pow(GENERATOR, self._b, DH_PRIME)) % DH_PRIME)

    def accepts(self, a_bytes: bytes, proof: bytes) -> bool:
        """Whether the proof was made with the password."""
        a_public = int.from_bytes(a_bytes, "big")
        if len(a_bytes) > _SIZE or not 1 < a_public < DH_PRIME - 1:
            return False
        u = int.from_bytes(_sha256(_padded(a_public), self.b_public), "big")
        shared = pow(a_public * pow(self._record.verifier, u, DH_PRIME), self._b, DH_PRIME)
        expected = _sha256(
            _PRIME_XOR_G,
            _sha256(self._record.salt1),
            _sha256(self._record.salt2),
            _padded(a_public),
            self.b_public,
            _sha256(_padded(shared)),
        )
        return hmac.compare_digest(expected, proof)
