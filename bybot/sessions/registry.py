"""One auth key, one session: ``auth_keys/{name}`` exists exactly while a stored session holds that key.

A key's name is its HMAC under a secret of this data space, so that neither the key nor any link to other data spaces
can be found from it. The secret stands sealed in ``system/registry`` and survives the rotation of encryption keys.
An entry is written in the same commit as its session (see :class:`bybot.sessions.claims.Claims`): created with a new
key, moved when the key changes, removed with the session.
"""

from __future__ import annotations

import os
from typing import Final

from bybot.errors import CorruptDocument, KeyInUse, StaleWrite
from bybot.ids import user_id_from_key
from bybot.sessions.codec import Codec
from bybot.sessions.model import REGISTRY, auth_key_key, session_key
from bybot.stores.base import SERVER_TIME, Condition, Delete, Document, Put, Store, Write

_SECRET_BYTES: Final = 32


async def open_registry(store: Store, codec: Codec) -> None:
    """Read the secret that names keys, or make it, and let ``codec`` name keys with it from now on.

    Raises:
        VaultError: it is sealed with another key; nothing was changed.
        StoreUnavailable: the store does not answer.
    """
    while True:
        document = await store.get(REGISTRY)
        sealed = None if document is None else document.data.get("sealed")
        if isinstance(sealed, str):
            codec.name_keys_with(codec.open_registry(sealed))
            return
        if document is not None:
            raise CorruptDocument("The registry's secret is not readable.")
        fresh = {"sealed": codec.seal_registry(os.urandom(_SECRET_BYTES)), "created_at": SERVER_TIME}
        try:
            await store.commit([Put(REGISTRY, fresh, if_=Condition.ABSENT)])
        except StaleWrite:
            continue  # another process made it just now


async def entry_writes(store: Store, user: str, name: str | None, former: str | None) -> list[Write]:
    """The writes that go into the commit which makes ``name`` the key of a user's session.

    Args:
        name: the new key's name; None: the session holds no key any more.
        former: the name that its document carries until then.

    Raises:
        KeyInUse: another session holds this key.
    """
    writes: list[Write] = []
    if former is not None and former != name:
        writes.append(Delete(auth_key_key(former)))
    if name is None:
        return writes
    entry = await store.get(auth_key_key(name))
    data = {"user": user, "created_at": SERVER_TIME}
    if entry is None:
        writes.append(Put(auth_key_key(name), data, if_=Condition.ABSENT))
    elif entry.data.get("user") != user:
        await _refuse_in_use(store, entry, name)
        writes.append(Put(auth_key_key(name), data, if_=entry.version))
    return writes


async def _refuse_in_use(store: Store, entry: Document, name: str) -> None:
    holder = entry.data.get("user")
    if not isinstance(holder, str):
        return
    session = await store.get(session_key(holder))
    if session is not None and session.data.get("key_hmac") == name:
        raise KeyInUse("This login is stored already, for another session.", user_id=user_id_from_key(holder))
