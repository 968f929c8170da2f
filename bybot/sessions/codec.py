"""Between a live session and the fields of its document. All of it may run in a thread."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bybot.errors import CorruptDocument, Tampered, VaultError
from bybot.sessions import image as images
from bybot.sessions.image import Image, NotASession
from bybot.sessions.model import LOGINS, REGISTRY, SESSIONS, SessionRecord
from bybot.sessions.stored import StoredSession
from bybot.sessions.telegram import Credentials
from bybot.sessions.vault import Vault
from bybot.stores.base import SERVER_TIME, Document

_SESSION: Final = "session"
_PHONE: Final = "phone"
_API: Final = "api"
_LOGIN: Final = "login"
_REGISTRY: Final = "registry"
_CHECK: Final = "key check"
_CHECK_TEXT: Final = b"this opens with the right key"

# Without a key a session lies readable on the disk. This in front of it keeps other programs from opening, and thereby
# using, a login that is in use here.
_GUARD: Final = b"A session of bybot. Export it to use it elsewhere.\n"

#: Where sealed values stand, in each collection: the field, and the purpose it is bound to.
SEALED: Final[Mapping[str, Mapping[str, str]]] = {
    SESSIONS: {"session_data": _SESSION, "phone": _PHONE, "api": _API},
    LOGINS: {"sealed": _LOGIN},
    REGISTRY.collection: {"sealed": _REGISTRY, "key_check": _CHECK},
}


class Codec:
    """Seals what is secret and opens it again."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self._naming: bytes | None = None

    def name_keys_with(self, secret: bytes) -> None:
        """From now on :meth:`key_name` answers, and what is packed carries its key's name."""
        self._naming = secret

    def key_name(self, key: bytes | None) -> str | None:
        """The name of an auth key in the registry; None without a key, or before the registry was opened."""
        if key is None or self._naming is None:
            return None
        return hmac.new(self._naming, key, hashlib.sha256).hexdigest()

    def pack(self, user: str, image: Image, now: datetime) -> dict[str, Any]:
        """The fields that carry a session."""
        data = images.write(image, now=now)
        if not self.vault.enabled:
            data = _GUARD + data
        name = self.key_name(image.auth_key)
        return {
            "session_data": self.vault.seal(data, user=user, purpose=_SESSION),
            "sealed_with": self.vault.fingerprint,
            "saved_at": SERVER_TIME,
            **({} if name is None else {"key_hmac": name}),
        }

    def unpack(self, record: SessionRecord) -> StoredSession:
        """The session of a document.

        Raises:
            VaultError: it cannot be opened with the configured keys.
            CorruptDocument: it opens but is no session.
        """
        if record.session_data is None:
            raise CorruptDocument(f"The stored session of {record.user_id} has no data.")
        try:
            data, packed = self.vault.open_packed(record.session_data, user=record.user, purpose=_SESSION)
            session = StoredSession.from_bytes(data.removeprefix(_GUARD), packed=packed)
        except NotASession as error:
            raise CorruptDocument(f"The stored session of {record.user_id} is {error}.") from None
        if session.auth_key is None:
            raise CorruptDocument(f"The stored session of {record.user_id} holds no key.")
        return session

    def image_bytes(self, user: str, session_data: bytes) -> bytes:
        """The SQLite image in the field of a session document. Raises VaultError."""
        return self.vault.open(session_data, user=user, purpose=_SESSION).removeprefix(_GUARD)

    def unpack_many(self, records: list[SessionRecord]) -> list[StoredSession | VaultError | CorruptDocument]:
        """:meth:`unpack` for many: each a session or the reason why not."""
        opened: list[StoredSession | VaultError | CorruptDocument] = []
        for record in records:
            try:
                opened.append(self.unpack(record))
            except (VaultError, CorruptDocument) as error:
                opened.append(error)
        return opened

    def reseal(self, document: Document) -> dict[str, Any]:
        """The fields of a document that are not sealed with the first key, sealed with it.

        Raises:
            VaultError: one of them cannot be opened.
        """
        collection = document.key.collection
        user = "" if collection == REGISTRY.collection else document.key.id
        fields: dict[str, Any] = {}
        for name, purpose in SEALED[collection].items():
            value = document.data.get(name)
            again: bytes | str | None = None
            if isinstance(value, bytes):
                again = self.vault.reseal(value, user=user, purpose=purpose)
            elif isinstance(value, str):
                again = self.vault.reseal_text(value, user=user, purpose=purpose)
            if again is not None:
                fields[name] = again
        if "session_data" in fields:
            fields["sealed_with"] = self.vault.fingerprint
        return fields

    def seal_phone(self, user: str, phone: str) -> str:
        return self.vault.seal_text(phone.encode(), user=user, purpose=_PHONE)

    def seal_credentials(self, user: str, credentials: Credentials) -> str:
        plain = json.dumps([credentials.api_id, credentials.api_hash]).encode()
        return self.vault.seal_text(plain, user=user, purpose=_API)

    def open_credentials(self, user: str, sealed: str | None) -> Credentials | None:
        """Raises VaultError."""
        if sealed is None:
            return None
        try:
            api_id, api_hash = json.loads(self.vault.open_text(sealed, user=user, purpose=_API))
        except ValueError:
            raise Tampered("stored credentials are unreadable") from None
        return Credentials(int(api_id), str(api_hash))

    def seal_login(self, user: str, facts: Mapping[str, Any]) -> str:
        return self.vault.seal_text(json.dumps(facts).encode(), user=user, purpose=_LOGIN)

    def open_login(self, user: str, sealed: str) -> dict[str, Any]:
        """Raises VaultError."""
        try:
            facts = json.loads(self.vault.open_text(sealed, user=user, purpose=_LOGIN))
        except ValueError:
            raise Tampered("a stored login is unreadable") from None
        if not isinstance(facts, dict):
            raise Tampered("a stored login is unreadable")
        return facts

    def seal_registry(self, secret: bytes) -> str:
        return self.vault.seal_text(secret, user="", purpose=_REGISTRY)

    def open_registry(self, sealed: str) -> bytes:
        """Raises VaultError."""
        return self.vault.open_text(sealed, user="", purpose=_REGISTRY)

    def key_check(self) -> str:
        """A value by which a later start recognises its keys."""
        return self.vault.seal_text(_CHECK_TEXT, user="", purpose=_CHECK)

    def check_key(self, text: str) -> None:
        """Raises KeyMissing or WrongKey when the configured keys are not those of the stored data."""
        self.vault.open_text(text, user="", purpose=_CHECK)
