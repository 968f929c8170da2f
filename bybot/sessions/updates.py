"""What is written for claimed sessions, in parts that one commit may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bybot.sessions.claims import Claim

# A commit is bounded to 10 MiB by Firestore; session documents are some ten KB and at most one MB.
_COMMIT_BYTES: Final = 4 << 20
_SAVES_PER_COMMIT: Final = 25  # when the answer of one is lost, so many are settled one by one
_KEYED_FIELDS: Final = ("session_data", "sealed_with", "key_hmac")

#: A claim, and the fields that are written for its session.
Update = tuple["Claim", Mapping[str, Any]]


def without_earlier_key(claim: Claim, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields, but not a session that was packed with a key that the stored one has replaced since."""
    if claim.key_name is None or data.get("key_hmac") in (None, claim.key_name):
        return data
    return {name: value for name, value in data.items() if name not in _KEYED_FIELDS}


def chunks(updates: Sequence[Update]) -> Iterator[list[Update]]:
    """Parts that one commit may hold."""
    chunk: list[Update] = []
    size = 0
    for update in updates:
        length = len(update[1].get("session_data") or "")
        if chunk and (len(chunk) == _SAVES_PER_COMMIT or size + length > _COMMIT_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(update)
        size += length
    if chunk:
        yield chunk
