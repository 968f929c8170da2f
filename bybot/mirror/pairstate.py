"""Where a pair's memory lies in the store, and how it begins."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from bybot.errors import CorruptDocument
from bybot.mirror.model import Counts
from bybot.stores.base import Delete, Key, Store

SCHEMA: Final = 1


def state_key(pair_id: str) -> Key:
    """Where a pair's cursor is."""
    return Key("pair_states", pair_id)


def chunk_key(pair_id: str, chunk: int) -> Key:
    """Where a chunk of a pair's message map is."""
    return Key("pair_states", f"{pair_id}:{chunk}")


def first_state(user: str, mark: int, *, end_id: int | None, top_id: int, total: int) -> dict[str, Any]:
    """The state of a pair that has sent nothing.

    Args:
        mark: posts up to this id are not wanted.
        end_id: the last id that is wanted; None: no end.
        top_id: the newest id when the pair was made: history ends there.
        total: about how many messages the history has.
    """
    return {
        "schema": SCHEMA,
        "user": user,
        "epoch": 1,
        "start": mark,
        "mark": mark,
        "above": [],
        "ceiling": mark,
        "end_id": end_id,
        "top_id": top_id,
        "total": total,
        "counts": Counts().to_value(),
        "chunks": [],
        "told": [],
        "spoilt": {},
        "owner": "",
        "nonce": "",
    }


@contextmanager
def legible(pair_id: str) -> Iterator[None]:
    """What goes wrong inside means that what is stored of the pair makes no sense. Raises CorruptDocument."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise CorruptDocument(f"What is stored of the pair {pair_id} cannot be read") from error


async def delete_all(store: Store, keys: Sequence[Key]) -> None:
    """Delete documents, in as many commits as that takes."""
    for at in range(0, len(keys), 200):
        await store.commit([Delete(key) for key in keys[at : at + 200]])
