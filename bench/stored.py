"""Stored sessions for both sides with the same contents: a key, 200 entities, states of the account and 50 channels."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.product import opened
from bench.spec import BOT_ID, Spec
from bybot.ids import user_key
from bybot.mirror.model import ChannelPair
from bybot.mirror.pairs import FIELD, users_key
from bybot.mirror.pairstate import first_state, state_key
from bybot.sessions.codec import Codec
from bybot.sessions.image import Entity, Image, UpdateState
from bybot.sessions.model import SessionState, auth_key_key, session_key
from bybot.sessions.registry import open_registry
from bybot.sessions.vault import Vault
from bybot.stores.base import Put, Write

_PER_COMMIT = 100

Row = tuple[Any, ...]
States = Sequence[tuple[int, int]]


def rows_of(user: dict[str, Any], rows: Sequence[Row]) -> list[Row]:
    """What the session remembers: the account itself (Telethon notes its id under 0) and its acquaintances."""
    own = [(0, user["account"], None, None, None), (user["account"], user["access_hash"], None, None, "Person")]
    return [*own, *rows]


def write_plain(directory: Path, users: Sequence[dict[str, Any]], rows: Sequence[Row], states: States) -> None:
    """One JSON file per session: the quickest to read for a program without Telethon's SQLite file."""
    directory.mkdir()
    date = int(datetime.now(UTC).timestamp())
    for user in users:
        content = {
            "key": user["raw"],
            "entities": rows_of(user, rows),
            "states": [(0, user["pts"], date), *((channel, pts, date) for channel, pts in states)],
        }
        (directory / f"{user['account']}.json").write_text(json.dumps(content))


async def write_ours(spec: Spec, users: Sequence[dict[str, Any]], rows: Sequence[Row], states: States) -> None:
    """One sealed document per session, as the manager stores it, on disk or in Firestore."""
    codec = Codec(Vault.from_text([spec.secret], bot_id=BOT_ID))
    async with opened(spec) as store:
        await open_registry(store, codec)
        for start in range(0, len(users), _PER_COMMIT):
            part = users[start : start + _PER_COMMIT]
            await store.commit(await asyncio.to_thread(_documents, codec, spec, part, rows, states))


def _documents(
    codec: Codec, spec: Spec, users: Sequence[dict[str, Any]], rows: Sequence[Row], states: States
) -> list[Write]:
    return [write for user in users for write in _documents_of(codec, spec, user, rows, states)]


def _documents_of(
    codec: Codec, spec: Spec, user: dict[str, Any], rows: Sequence[Row], states: States
) -> tuple[Write, Write]:
    """A session, and the registry's entry for its key."""
    now = datetime.now(UTC)
    number, host, port = spec.dc.split(":")
    date = int(now.timestamp())
    image = Image(
        dc_id=int(number),
        server_address=host,
        port=int(port),
        auth_key=bytes.fromhex(user["ours"]),
        entities=[Entity(*row) for row in rows_of(user, rows)],
        states={0: UpdateState(user["pts"], 0, date, 0)} | {c: UpdateState(pts, 0, date, 0) for c, pts in states},
    )
    name = user_key(user["account"])
    fields = {
        "state": SessionState.READY.value,
        "owner": None,
        "token": 1,
        "account_id": user["account"],
        "is_bot": False,
        "created_at": now,
        "last_used_at": now,
        **codec.pack(name, image, now),
    }
    entry = {"user": name, "created_at": now}
    return Put(session_key(name), fields), Put(auth_key_key(fields["key_hmac"]), entry)


def pair_writes(pairs: Sequence[ChannelPair], *, total: int = 0) -> list[Write]:
    """Pairs of one user that have copied nothing, as documents.

    Args:
        total: messages of their histories.
    """
    book = Put(users_key(pairs[0].user), {FIELD: [pair.to_value() for pair in pairs]})
    state = first_state(pairs[0].user, 0, end_id=None, top_id=total, total=total)
    return [book, *(Put(state_key(pair.id), state) for pair in pairs)]
