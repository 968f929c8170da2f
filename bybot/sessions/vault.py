"""Encryption at rest: AES-256-GCM, bound to the bot, the person and the purpose.

A sealed value is::

    magic (4)  flags (1)  key id (8)  nonce (12)  ciphertext and tag

The key id is a digest of the key, so a value names the key that opens it without telling anything about it. Several
keys may be configured: the first seals, all open. Data is compressed before it is sealed, because what is sealed
does not compress any more.

Without keys (:meth:`Vault.off`) values are stored as they are; a value that carries the magic is still recognised and
refused with KeyMissing, never taken for plain data.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bybot.config_rules import decode_key
from bybot.errors import KeyMissing, Tampered, WrongKey

_MAGIC: Final = b"\xb7BB1"
_COMPRESSED: Final = 1
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEADER: Final = len(_MAGIC) + 1 + _ID_BYTES
# Small values (a phone number) gain nothing from compression.
_COMPRESS_FROM: Final = 256
# A stored document is below 1 MB; what unpacks to far more is not ours.
_MAX_PLAIN: Final = 64 * 1024 * 1024


def key_id(key: bytes) -> bytes:
    """The eight bytes that name a key; the key cannot be found from them."""
    return hashlib.sha256(b"bybot key id\0" + key).digest()[:_ID_BYTES]


def generate_key() -> str:
    """A new key as text for SESSION_ENCRYPTION_KEYS: base64 of 32 random bytes."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")


def parse_key(text: str) -> bytes:
    """A key from its base64 text (the URL-safe alphabet too).

    Raises:
        ValueError: not base64 of 32 bytes; the message never shows the text.
    """
    key = decode_key(text)
    if key is None:
        raise ValueError("an encryption key is base64 of 32 bytes")
    return key


class Vault:
    """Seals and opens values of one bot.

    Args:
        keys: 32 bytes each; the first seals, all open. Empty: values are stored as they are.
        bot_id: the data space; a value sealed for one bot does not open for another.
    """

    def __init__(self, keys: Sequence[bytes], *, bot_id: str) -> None:
        if any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError("an encryption key has 32 bytes")
        self._bot_id = bot_id
        self._ids = [key_id(key) for key in keys]
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}

    @classmethod
    def off(cls, *, bot_id: str = "") -> Vault:
        """A vault without keys: values are stored as they are."""
        return cls((), bot_id=bot_id)

    @classmethod
    def from_text(cls, keys: Iterable[str], *, bot_id: str) -> Vault:
        """From base64 texts, as SESSION_ENCRYPTION_KEYS holds them."""
        return cls([parse_key(text) for text in keys], bot_id=bot_id)

    def __repr__(self) -> str:
        return f"Vault(keys={len(self._ids)})"

    @property
    def enabled(self) -> bool:
        """True when values are really encrypted."""
        return bool(self._ids)

    @property
    def fingerprint(self) -> str | None:
        """The name of the key that seals, in hex; None without keys."""
        return self._ids[0].hex() if self._ids else None

    def seal(self, plain: bytes, *, user: str, purpose: str) -> bytes:
        """Encrypt for this user and purpose; without keys the value itself."""
        if not self._ids:
            return plain
        flags = _COMPRESSED if len(plain) >= _COMPRESS_FROM else 0
        body = zlib.compress(plain, 6) if flags else plain
        header = _MAGIC + bytes([flags]) + self._ids[0]
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._ids[0]]
        return header + nonce + cipher.encrypt(nonce, body, self._bound_to(header, user, purpose))

    def open(self, sealed: bytes, *, user: str, purpose: str) -> bytes:
        """Decrypt what :meth:`seal` made; a value that was never sealed is returned as it is.

        Raises:
            KeyMissing: it is sealed and no key is configured.
            WrongKey: none of the configured keys sealed it; the message names the keys by fingerprint.
            Tampered: altered, or sealed for another bot, person or purpose.
        """
        return self.open_packed(sealed, user=user, purpose=purpose)[0]

    def open_packed(self, sealed: bytes, *, user: str, purpose: str) -> tuple[bytes, bytes | None]:
        """:meth:`open`, and the same compressed by zlib, if that is how it was sealed; else None."""
        if not self.is_sealed(sealed):
            return sealed, None
        if not self._ids:
            raise KeyMissing(f"stored data is sealed with key {self.sealed_with(sealed)}, but no key is configured")
        header = sealed[:_HEADER]
        cipher = self._ciphers.get(header[-_ID_BYTES:])
        if cipher is None:
            known = ", ".join(each.hex() for each in self._ids)
            raise WrongKey(f"stored data is sealed with key {self.sealed_with(sealed)}; configured: {known}")
        nonce, body = sealed[_HEADER : _HEADER + _NONCE_BYTES], sealed[_HEADER + _NONCE_BYTES :]
        try:
            plain = cipher.decrypt(nonce, body, self._bound_to(header, user, purpose))
            return (_inflate(plain), plain) if header[len(_MAGIC)] & _COMPRESSED else (plain, None)
        except (InvalidTag, zlib.error, ValueError):
            raise Tampered("stored data was altered, or belongs to another bot, person or purpose") from None

    def needs_resealing(self, sealed: bytes) -> bool:
        """True when a value is not sealed with the first key (plain, or an older key)."""
        return bool(self._ids) and (not self.is_sealed(sealed) or sealed[_HEADER - _ID_BYTES : _HEADER] != self._ids[0])

    def reseal(self, sealed: bytes, *, user: str, purpose: str) -> bytes | None:
        """The value sealed with the first key; None when it is already. Raises what :meth:`open` raises."""
        if not self.needs_resealing(sealed):
            return None
        return self.seal(self.open(sealed, user=user, purpose=purpose), user=user, purpose=purpose)

    def reseal_text(self, text: str, *, user: str, purpose: str) -> str | None:
        """:meth:`reseal` for what :meth:`seal_text` made."""
        sealed = self.reseal(_from_base64(text), user=user, purpose=purpose)
        return None if sealed is None else base64.b64encode(sealed).decode("ascii")

    @staticmethod
    def is_sealed(value: bytes) -> bool:
        """True when a value was made by a vault with keys."""
        return value.startswith(_MAGIC)

    @staticmethod
    def sealed_with(value: bytes) -> str | None:
        """The fingerprint of the key that sealed a value; None for a plain one."""
        return value[_HEADER - _ID_BYTES : _HEADER].hex() if value.startswith(_MAGIC) else None

    def seal_text(self, plain: bytes, *, user: str, purpose: str) -> str:
        """:meth:`seal`, in base64: what stands in a document."""
        return base64.b64encode(self.seal(plain, user=user, purpose=purpose)).decode("ascii")

    def open_text(self, text: str, *, user: str, purpose: str) -> bytes:
        """The inverse of :meth:`seal_text`.

        Raises:
            Tampered: not base64, and what :meth:`open` raises.
        """
        return self.open(_from_base64(text), user=user, purpose=purpose)

    def _bound_to(self, header: bytes, user: str, purpose: str) -> bytes:
        # Lengths keep ("a", "bc") and ("ab", "c") apart.
        parts = [part.encode() for part in (self._bot_id, user, purpose)]
        return header + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Tampered("stored data is not base64") from None


def _inflate(body: bytes) -> bytes:
    engine = zlib.decompressobj()
    plain = engine.decompress(body, _MAX_PLAIN)
    if engine.unconsumed_tail or not engine.eof:
        raise ValueError("too large or cut off")
    return plain
