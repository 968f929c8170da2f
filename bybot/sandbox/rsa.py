"""The server's RSA key: clients encrypt the first secret of a key exchange with its public half."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class ServerKey:
    """An RSA key of 2048 bits.

    Attributes:
        public_pem: the public half in PKCS#1, what clients are told.
        fingerprint: signed 64 bits, how a client names it.
    """

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        numbers = private.private_numbers()
        public = numbers.public_numbers
        self._private = private
        self._n, self._p, self._q = public.n, numbers.p, numbers.q
        self._dp, self._dq, self._q_inverse = numbers.dmp1, numbers.dmq1, numbers.iqmp
        self.fingerprint: int = _fingerprint(public.n, public.e)
        self.public_pem: str = (
            private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
        )

    def __repr__(self) -> str:
        return f"ServerKey(fingerprint={self.fingerprint})"

    @classmethod
    def generate(cls) -> ServerKey:
        """A new key; takes a tenth of a second."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def load_or_create(cls, path: Path) -> ServerKey:
        """The key of a file (PEM), made on first use, so that it stays the same over a restart."""
        if path.exists():
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise ValueError(f"{path} holds no RSA key")
            return cls(loaded)
        key = cls.generate()
        pem = key._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        write_atomically(path, pem)
        return key

    def decrypt(self, block: bytes) -> bytes:
        """The 256 bytes that were raised to the public exponent, by the Chinese remainder theorem.

        Raises:
            ValueError: the block is no residue of this key.
        """
        number = int.from_bytes(block, "big")
        if len(block) != 256 or number >= self._n:
            raise ValueError("not encrypted for this key")
        m1, m2 = pow(number, self._dp, self._p), pow(number, self._dq, self._q)
        plain = m2 + self._q * ((self._q_inverse * (m1 - m2)) % self._p)
        return plain.to_bytes(256, "big")


@cache
def process_key() -> ServerKey:
    """One key per process, for sandboxes that keep nothing on disk."""
    return ServerKey.generate()


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's contents: after a crash it holds the old or the new ones, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fingerprint(n: int, e: int) -> int:
    packed = _tl_bytes(_minimal(n)) + _tl_bytes(_minimal(e))
    return int(struct.unpack("<q", hashlib.sha1(packed).digest()[-8:])[0])


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _tl_bytes(data: bytes) -> bytes:
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) % 4)
