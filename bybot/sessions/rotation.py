"""Sealing everything that is stored with the first of the configured keys, so that the older ones can be thrown away.

May be stopped anywhere and begun again: what is sealed with the first key already is passed over. A value that does
not open stays as it is and is reported.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bybot.errors import KeyMissing, StaleWrite, VaultError
from bybot.sessions.codec import SEALED
from bybot.sessions.core import Core
from bybot.sessions.model import SESSIONS
from bybot.stores.base import Document, Patch

log = logging.getLogger(__name__)

_PAGE: Final = 50
_TRIES: Final = 5


@dataclass(frozen=True)
class Rotation:
    """What :meth:`Portable.rotate_keys` did.

    Attributes:
        fingerprint: names the key that seals now; it tells nothing about the key.
        resealed, already: how many documents were sealed anew, and how many had been before.
        failed: documents that were left as they were, and why.
        old_backups: backups that open only with an older key; keep it as long as you keep them.
    """

    fingerprint: str
    resealed: int
    already: int
    failed: Mapping[str, str] = field(default_factory=dict)
    old_backups: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True when the older keys are not needed any more for what is stored (see ``old_backups`` for those)."""
        return not self.failed


async def rotate(core: Core) -> Rotation:
    """Seal every stored secret with the first key.

    Raises:
        KeyMissing: no key is configured.
        OwnedElsewhere, Fenced: this process may not act (any more).
        StoreUnavailable: do it again; nothing is lost.
    """
    fingerprint = core.codec.vault.fingerprint
    if fingerprint is None:
        raise KeyMissing("No key is configured to seal with.", next_step="Put a key into SESSION_ENCRYPTION_KEYS.")
    counts = {True: 0, False: 0}
    failed: dict[str, str] = {}
    for collection in SEALED:
        after: str | None = None
        while page := await core.store.query(collection, limit=_PAGE, after=after):
            core.require()
            for document in page:
                try:
                    counts[await _reseal(core, document)] += 1
                except (VaultError, StaleWrite) as error:
                    failed[f"{collection}/{document.key.id}"] = error.message
            after = page[-1].key.id
    log.info("Keys were rotated: %d documents sealed anew, %d left.", counts[True], len(failed))
    return Rotation(fingerprint, counts[True], counts[False], failed)


async def _reseal(core: Core, document: Document) -> bool:
    """True when it had to be sealed anew. Conditional on what was read, so that no newer session is overwritten."""
    current: Document | None = document
    for _ in range(_TRIES):
        if current is None:
            return False
        fields = await asyncio.to_thread(core.codec.reseal, current)
        if not fields:
            return False
        try:
            committed = await core.store.commit([Patch(current.key, fields, if_=current.version)])
        except StaleWrite:
            current = await core.store.get(document.key)
            continue
        _note_version(core, current, committed.versions[current.key])
        return True
    raise StaleWrite("it changes too fast to be sealed anew", next_step="Rotate again.")


def _note_version(core: Core, document: Document, version: str) -> None:
    claims = core.ownership.claims
    claim = None if claims is None or document.key.collection != SESSIONS else claims.held.get(document.key.id)
    if claim is not None and claim.version == document.version:
        claim.version = version
