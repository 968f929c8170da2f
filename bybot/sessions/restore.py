"""Bringing all stored sessions up when this process may act, with bounded concurrency and few writes."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bybot.errors import BybotError, Fenced, StoreUnavailable, TelegramUnreachable, TooManyClients
from bybot.sessions.accounts import account_of
from bybot.sessions.claims import Claim, Claims, Taken
from bybot.sessions.core import Core
from bybot.sessions.model import SESSIONS, SessionRecord, SessionState
from bybot.sessions.pool import Opening
from bybot.sessions.stored import StoredSession
from bybot.stores.base import MAX_WRITES, Where

log = logging.getLogger(__name__)

_READY: Final = Where("state", SessionState.READY.value)
_FIRST_PAGE: Final = 100
_UNSEAL_AT_ONCE: Final = 50
_RETRY_SECONDS: Final = 2.0
_REST_SECONDS: Final = 5.0
_RECEIVE_AT_ONCE: Final = 50

Connect = Callable[[list[Taken]], asyncio.Task[None]]


async def restore(core: Core, claims: Claims) -> int:
    """Claim and connect every stored session. Tries on through outages of the store.

    While another process hands over to us, sessions are taken as it gives them; those that it did not give follow when
    it has ended.

    Returns:
        how many were claimed.

    Raises:
        Fenced: the term ended meanwhile.
    """
    with _collector_at_rest():
        return await _restore(core, claims)


async def _restore(core: Core, claims: Claims) -> int:
    async with asyncio.TaskGroup() as group:

        def connect(taken: list[Taken]) -> asyncio.Task[None]:
            return group.create_task(connect_claimed(core, taken))

        try:
            return await _receive(core, claims, connect) + await _take_all(core, claims, connect)
        finally:
            core.ownership.complete = True


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """No garbage collection for a few seconds: while the heap grows by thousands of objects with each session, Python
    would look through all of them again and again, and find nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    timer = asyncio.get_running_loop().call_later(_REST_SECONDS, gc.enable)
    try:
        yield
    finally:
        timer.cancel()
        gc.enable()


async def _receive(core: Core, claims: Claims, connect: Connect) -> int:
    """Take what is reserved for us until nobody gives us anything any more, as fast as it can be connected."""
    count, ours = 0, Where("reserved_for", claims.term.instance)
    connecting: dict[asyncio.Task[None], int] = {}
    while core.ownership.taking:
        connecting = {task: number for task, number in connecting.items() if not task.done()}
        room = _RECEIVE_AT_ONCE - sum(connecting.values())
        try:
            taken = await claims.take(await core.store.query(SESSIONS, ours, limit=room)) if room > 0 else []
            if taken:
                connecting[connect(taken)] = len(taken)
                count += len(taken)
        except StoreUnavailable as error:
            log.warning("What was given to us cannot be read yet: %s", error)
        await core.ownership.pause()
    return count


async def _take_all(core: Core, claims: Claims, connect: Connect) -> int:
    count, after = 0, None
    size = _FIRST_PAGE  # the first are connected while the next are claimed
    while True:
        try:
            page = await core.store.query(SESSIONS, _READY, limit=size, after=after)
            taken = await claims.take([d for d in page if d.key.id not in claims.held])
        except StoreUnavailable as error:
            log.warning("Stored sessions cannot be read yet: %s", error)
            await core.clock.sleep(_RETRY_SECONDS)
            continue
        count += len(taken)
        connect(taken)
        for user in {d.key.id for d in page} & claims.held.keys() - {claim.user for claim, _ in taken}:
            if core.pool.peek(user) is None:
                core.pool.revive(user)  # somebody asked for it before and may have given up
        if len(page) < size:
            return count
        after = page[-1].key.id
        size = min(MAX_WRITES, size * 2)


async def connect_claimed(core: Core, owned: Sequence[Taken]) -> None:
    """Unseal in a thread, a chunk at a time, and connect while the next chunk is unsealed."""
    async with asyncio.TaskGroup() as group:
        for start in range(0, len(owned), _UNSEAL_AT_ONCE):
            chunk = owned[start : start + _UNSEAL_AT_ONCE]
            records = [SessionRecord.of(document) for _, document in chunk]
            opened = await asyncio.to_thread(core.codec.unpack_many, records)
            claims = [claim for claim, _ in chunk]
            good = [
                (claim, each) for claim, each in zip(claims, opened, strict=True) if isinstance(each, StoredSession)
            ]
            refused = await core.enrol(good)
            for claim, record, session in zip(claims, records, opened, strict=True):
                if record.user in refused:
                    if isinstance(refused[record.user], StoreUnavailable):
                        core.pool.revive(record.user)
                elif isinstance(session, StoredSession):
                    group.create_task(_connect(core, record, claim, session))
                else:
                    core.pool.trouble[record.user] = session
                    core.supervision.failed(record.user, session)


async def _connect(core: Core, record: SessionRecord, claim: Claim, session: StoredSession) -> None:
    core.supervision.recall(record)
    try:
        credentials = core.codec.open_credentials(record.user, record.api)
        opening = Opening(claim, session, credentials, stored=0, account=account_of(record), yields=True)
        await core.pool.get(record.user, opening)
    except (TelegramUnreachable, StoreUnavailable):
        core.pool.revive(record.user)
    except TooManyClients:
        core.ready(record.user)  # it is ours, and connects when somebody asks for it
    except Fenced:
        log.info("The session of %s was let go while it was restored.", record.user)
    except BybotError as error:
        log.warning("The session of %s is not restored: %s", record.user, error.code)
