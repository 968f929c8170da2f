"""The language that a person chose in the chat, for files of settings: in the field ``config`` of ``users/{user}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bybot.errors import StaleWrite
from bybot.mirror.exchange.model import Language
from bybot.mirror.pairs import users_key
from bybot.stores.base import Condition, Patch, Put, Store, Write

_FIELD: Final = "config"
_TRIES: Final = 6


class Languages:
    """Reads and sets it.

    Args:
        store: an opened store.
        changed: called when one was set, so that nobody goes on with what they read before.
    """

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._changed = changed

    async def get(self, user: int | str) -> Language | None:
        """None: the person speaks as Telegram says. Raises StoreUnavailable."""
        document = await self._store.get(users_key(user))
        language = _config({} if document is None else document.data).get("language")
        return "en" if language == "en" else "zh" if language == "zh" else None

    async def set(self, user: int | str, language: Language) -> None:
        """Choose for a person. Raises StoreUnavailable, StaleWrite: not known to be written."""
        key = users_key(user)
        for attempt in range(_TRIES):
            document = await self._store.get(key)
            data = {_FIELD: {**_config({} if document is None else document.data), "language": language}}
            # Other fields of the document belong to others and are left alone.
            write: Write = Put(key, data, Condition.ABSENT) if document is None else Patch(key, data, document.version)
            try:
                await self._store.commit([write])
                break
            except StaleWrite:
                if attempt == _TRIES - 1:
                    raise
        self._changed()


def _config(data: Mapping[str, Any]) -> Mapping[str, Any]:
    config = data.get(_FIELD)
    return config if isinstance(config, Mapping) else {}
