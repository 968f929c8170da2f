"""What a person chose: language and consent. Stands in the ``config`` field of their ``users`` document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from bybot.bot.texts import LANGUAGES, Language
from bybot.errors import StaleWrite
from bybot.ids import user_key
from bybot.stores.base import Condition, Delete, Key, Patch, Put, Store, Write, query_prefix

COLLECTION: Final = "users"
#: Raised when the notice says something new: people are asked again.
CONSENT_VERSION: Final = 1
_TRIES: Final = 6


@dataclass(frozen=True)
class Profile:
    """``language`` None means: as Telegram says. ``consent_at`` None means: not agreed yet."""

    language: Language | None = None
    consent_at: datetime | None = None
    consent_version: int = 0

    @property
    def consented(self) -> bool:
        return self.consent_at is not None and self.consent_version >= CONSENT_VERSION


class Profiles:
    """Reads and writes profiles; what was read is kept, for only this class writes the field."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, Profile] = {}

    async def get(self, user_id: int) -> Profile:
        """The profile, empty when the person is new.

        Raises:
            StoreUnavailable: it could not be read.
        """
        if user_id not in self._known:
            document = await self._store.get(_key(user_id))
            self._known[user_id] = _read(document.data.get("config") if document else None)
        return self._known[user_id]

    def forget_cache(self) -> None:
        """Read anew from now on."""
        self._known.clear()

    async def set_language(self, user_id: int, language: Language) -> None:
        """Raises: StoreUnavailable: not known to be written."""
        await self._change(user_id, {"language": language})

    async def consent(self, user_id: int, at: datetime) -> None:
        """Raises: StoreUnavailable: not known to be written."""
        await self._change(user_id, {"consent_at": at, "consent_version": CONSENT_VERSION})

    async def erase(self, user_id: int) -> None:
        """Delete the whole ``users`` document and those of the person's further accounts, pairs included.

        Raises:
            StoreUnavailable: whether it is gone is unknown.
        """
        self._known.pop(user_id, None)
        further = await query_prefix(self._store, COLLECTION, user_key(user_id) + "~", fields=[])
        await self._store.commit([Delete(_key(user_id)), *(Delete(document.key) for document in further)])

    async def _change(self, user_id: int, fields: Mapping[str, Any]) -> None:
        key = _key(user_id)
        for attempt in range(_TRIES):
            document = await self._store.get(key)
            config = {**(document.data.get("config") or {}), **fields} if document else dict(fields)
            write: Write
            if document is None:
                write = Put(key, {"config": config}, Condition.ABSENT)
            else:  # other fields of the document belong to others and are left alone
                write = Patch(key, {"config": config}, document.version)
            try:
                await self._store.commit([write])
            except StaleWrite:
                if attempt == _TRIES - 1:
                    raise
                continue
            self._known[user_id] = _read(config)
            return


def _key(user_id: int) -> Key:
    return Key(COLLECTION, user_key(user_id))


def _read(config: object) -> Profile:
    if not isinstance(config, Mapping):
        return Profile()
    language, at, version = config.get("language"), config.get("consent_at"), config.get("consent_version")
    return Profile(
        language=cast(Language, language) if language in LANGUAGES else None,
        consent_at=at if isinstance(at, datetime) else None,
        consent_version=version if isinstance(version, int) else 0,
    )
