"""The person's accounts: whose they are, what they are called, and how their sessions stand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telethon.errors import RPCError

from bybot.bot.services import ACCOUNTS, Person
from bybot.errors import BybotError, Forbidden
from bybot.ids import person_of, user_key

_log = logging.getLogger(__name__)
#: Seconds for asking Telegram for a name.
_PATIENCE: Final = 10.0

#: Words of a session's status that mean: there is a login that works.
WORKING: Final = frozenset({"active", "leased", "frozen"})


@dataclass(frozen=True)
class Account:
    """One account of a person.

    Attributes:
        user: what the manager and the mirror know it by.
        name: as its owner knows it.
        status: active, leased, revoked, detached, ...; see the manager's ``get_session_info``.
        reason: why it does not work.
        since: logged in since.
    """

    user: str
    name: str
    status: str
    reason: str | None = None
    since: datetime | None = None

    @property
    def working(self) -> bool:
        return self.status in WORKING


async def session_info(person: Person) -> Mapping[str, Any]:
    """What the manager says about the person's first session, or a login under way. Never raises for an outage."""
    return await person.sessions.get_session_info(person.user_id)


async def accounts_of(person: Person) -> list[Account]:
    """The person's accounts that have a stored session, the first one first.

    Raises:
        StoreUnavailable: it cannot be known now.
    """
    entries = await person.sessions.list_accounts(person.user_id)
    return [await _account(person, entry) for entry in entries]


async def _account(person: Person, entry: Mapping[str, Any]) -> Account:
    status, user = str(entry["status"]), str(entry["user_id"])
    name = await name_of(person, user, ask=status in WORKING)
    if name is None:
        account_id = entry.get("account_id")
        name = str(account_id or user)
    reason = entry.get("reason")
    return Account(user, name, status, str(reason) if reason else None, entry.get("created_at"))


async def working_accounts(person: Person) -> list[Account]:
    """Those that are logged in. Raises StoreUnavailable."""
    return [account for account in await accounts_of(person) if account.working]


async def account_named(person: Person, user: str) -> Account | None:
    """The account of that key, which a button carried; None when it is gone.

    Raises:
        Forbidden: it is not this person's.
    """
    check_own(person, user)
    return next((account for account in await accounts_of(person) if account.user == user), None)


def check_own(person: Person, user: str) -> None:
    """Raises Forbidden when the account is not this person's. Admins too press their own buttons only."""
    if person_of(user_key(user)) != user_key(person.user_id):
        raise Forbidden("That is another person's account.")


async def name_of(person: Person, user: str, *, ask: bool) -> str | None:
    """An account's name as its owner knows it; None when it is not remembered and Telegram cannot tell.

    Args:
        ask: whether Telegram may be asked.
    """
    known = names(person).get(user)
    if isinstance(known, str) and known:
        return known
    me = await _ask_telegram(person, user) if ask else None
    if me is None:
        return None
    name = " ".join(part for part in (me.first_name, me.last_name) if part) or str(me.id)
    remember(person, user, f"{name} (@{me.username})" if me.username else name)
    return names(person)[user]


def names(person: Person) -> dict[str, str]:
    """What the accounts are called, by key, as the person's state remembers it."""
    found = person.state.get(ACCOUNTS)
    return found if isinstance(found, dict) else {}


def remember(person: Person, user: str, name: str) -> None:
    """Keep an account's name."""
    person.state[ACCOUNTS] = {**names(person), user: name}


def forget_name(person: Person, user: str) -> None:
    """The account is logged out."""
    left = {key: name for key, name in names(person).items() if key != user}
    if left:
        person.state[ACCOUNTS] = left
    else:
        person.state.pop(ACCOUNTS, None)


async def _ask_telegram(person: Person, user: str) -> Any:
    """The account as Telegram knows it; None when it cannot be asked now: the name is only a courtesy."""
    try:
        async with asyncio.timeout(_PATIENCE):
            client = await person.sessions.get_user_client(user)
            return await client.get_me() if client is not None else None
    except (BybotError, RPCError, OSError) as error:
        _log.info("the account %s could not be asked for its name: %s", user, type(error).__name__)
        return None
