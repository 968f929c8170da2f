"""Whose account is logged in, and how its session stands."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from telethon.errors import RPCError

from bybot.bot.services import ACCOUNT, Person
from bybot.errors import BybotError

_log = logging.getLogger(__name__)
#: Seconds for asking Telegram for a name.
_PATIENCE: Final = 10.0

#: Words of ``get_session_info()["status"]`` that mean: there is a login that works.
WORKING = frozenset({"active", "leased"})


async def session_info(person: Person) -> dict[str, Any]:
    """What the manager says about this person's session.

    Raises:
        StoreUnavailable: it cannot be known now.
    """
    return dict(await person.sessions.get_session_info(person.user_id))


async def is_logged_in(person: Person) -> bool:
    return (await session_info(person)).get("status") in WORKING


async def _ask_telegram(person: Person) -> Any:
    """The account as Telegram knows it; None when it cannot be asked now: the name is only a courtesy."""
    try:
        async with asyncio.timeout(_PATIENCE):
            client = await person.sessions.get_user_client(person.user_id)
            return await client.get_me() if client is not None else None
    except (BybotError, RPCError, OSError) as error:
        _log.info("the account of user %s could not be asked for its name: %s", person.user_id, type(error).__name__)
        return None


async def account_of(person: Person) -> str:
    """The account's name as its owner knows it; asked of Telegram when it is not remembered."""
    known = person.state.get(ACCOUNT)
    if isinstance(known, str) and known:
        return known
    me = await _ask_telegram(person)
    if me is None:
        return str(person.user_id)
    name = " ".join(part for part in (me.first_name, me.last_name) if part) or str(me.id)
    person.state[ACCOUNT] = f"{name} (@{me.username})" if me.username else name
    return str(person.state[ACCOUNT])
