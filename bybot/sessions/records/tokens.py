"""Tokens that let their holder act on one record. Only a hash is kept; whoever made the record saw the token once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_BYTES: Final = 32


def new_token() -> tuple[str, str]:
    """A token of 32 random bytes, and its hash."""
    token = secrets.token_urlsafe(_BYTES)
    return token, hash_of(token)


def hash_of(token: str) -> str:
    """What is kept of a token. It is random, so a plain hash cannot be searched."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def fits(token: str, kept: str | None) -> bool:
    """Is this the token? Takes the same time whatever the answer; without a kept hash none fits."""
    return hmac.compare_digest(hash_of(token), kept or "0" * 64) and kept is not None
