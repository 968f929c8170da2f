"""Erasing everything that sessions keep about one person: all accounts, logins under way, and what others noted."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bybot.errors import BybotError, StoreError
from bybot.ids import another_key, user_id_from_key
from bybot.sessions.accounts import records_of
from bybot.sessions.core import Core
from bybot.sessions.deletion import delete
from bybot.sessions.login import LoginDesk
from bybot.sessions.model import LOGINS, Deletion
from bybot.stores.base import query_prefix

log = logging.getLogger(__name__)

#: Erases what a part of the manager keeps about a person, given their key.
Eraser = Callable[[str], Awaitable[object]]


@dataclass(frozen=True)
class Forgotten:
    """What was erased about a person.

    Attributes:
        accounts: one for each account that had a session.
        failures: what could not be erased, one sentence each; trying again is safe.
        backups: how many sealed backups are kept; those of before hold a copy until newer ones replace them.
    """

    user_id: str
    accounts: tuple[Deletion, ...]
    failures: tuple[str, ...] = ()
    backups: int = 0


async def forget(core: Core, desk: LoginDesk, person: str, erasers: dict[str, Eraser]) -> Forgotten:
    """Log every account of a person out and erase what is kept. Each part is tried, whatever becomes of the others.

    What stays for 30 days is a document without facts for each session: its number keeps an old process from speaking.

    Args:
        person: the person's key.
        erasers: what else is erased, by name.

    Raises:
        OwnedElsewhere, StoreUnavailable: this process may not act, or the store does not answer; nothing was done.
    """
    core.require()
    users = {record.user for record in await records_of(core.store, person)}
    logins = await query_prefix(core.store, LOGINS, person + "~", fields=[])
    users |= {person, another_key(person), *(document.key.id for document in logins)}
    deletions, failures = [], []
    for user in sorted(users):
        try:
            deletion = await delete(core, desk, user, reason="forget")
        except BybotError as error:
            failures.append(f"The session {user_id_from_key(user)} was not erased: {error.message}")
            continue
        if deletion.existed or deletion.failures:
            deletions.append(deletion)
    for name, erase in erasers.items():
        try:
            await erase(person)
        except StoreError as error:
            failures.append(f"{name}: {error.message}")
    log.info("A person with %d accounts was forgotten.", len(deletions))
    return Forgotten(user_id_from_key(person), tuple(deletions), tuple(failures))
