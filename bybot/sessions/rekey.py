"""A session gets another key: stored at once, and only then spoken with."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bybot.errors import Fenced, KeyInUse, StoreUnavailable
from bybot.sessions.claims import Claim
from bybot.sessions.image import Image

if TYPE_CHECKING:
    from bybot.sessions.core import Core

log = logging.getLogger(__name__)

_STORE_SECONDS: Final = 8.0  # the move of a client as a whole is bounded too


async def store_new_key(core: Core, claim: Claim, image: Image) -> None:
    """Write a session under its new key, its registry entry with it. Returns when the store has acknowledged it.

    While the outcome is unknown either key may be the stored one, and both are valid at Telegram: the claim is given
    up then, and the session is claimed and read anew.

    Raises:
        Fenced: another process owns it.
        KeyInUse: another session holds this key.
        OwnedElsewhere, StoreUnavailable: not acknowledged.
    """
    claims = core.require()
    if claims.term is not claim.term or not claim.valid:
        raise Fenced("this process lost the right to speak for this session")
    fields = await asyncio.to_thread(core.codec.pack, claim.user, image, core.clock.now())
    fields["dc_id"] = image.dc_id
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            while True:
                try:
                    return await claims.save(claim, fields, rekey=True)
                except StoreUnavailable as error:
                    log.warning("The new key of %s is not stored yet: %s", claim.user, error)
                await core.clock.sleep(0.3)
    except (Fenced, KeyInUse):
        raise
    except BaseException as error:
        claims.uncertain.add(claim.user)
        claims.forget(claim)
        core.pool.revive(claim.user)
        if isinstance(error, TimeoutError):
            raise StoreUnavailable("the session's new key was not stored in time") from error
        raise
