"""The accounts of one person: which session belongs to which Telegram account.

A person's first account has the person's own key, a further one ``{person}~{account_id}``. Everything that is kept by
key (session, pairs, progress) is thereby an account's own. Once a session belongs to an account, no other account may
take its place: its pairs would go on with somebody else's eyes.
"""

from __future__ import annotations

from typing import Final

from bybot.errors import AccountMismatch, TooManyAccounts
from bybot.ids import account_in, account_key, is_another, person_of
from bybot.sessions.model import FACTS, SESSIONS, SessionRecord, SessionState, session_key
from bybot.stores.base import Store, query_prefix

#: Accounts that one person may have at once.
MOST_ACCOUNTS: Final = 10


async def records_of(store: Store, person: str) -> list[SessionRecord]:
    """All sessions of a person, the first account first; tombstones too. Without secrets.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    first = await store.get(session_key(person))
    further = await query_prefix(store, SESSIONS, person + "~", fields=FACTS)
    return [SessionRecord.of(document) for document in (first, *further) if document is not None]


def account_of(record: SessionRecord) -> int | None:
    """The account that a session belongs to; None when no account signed in yet, or when it was forgotten."""
    return record.account_id or account_in(record.user)


async def slot_for(store: Store, user: str, account_id: int, *, most: int = MOST_ACCOUNTS) -> str:
    """Under which key a login of this account is stored.

    Args:
        user: for which key the login was begun; :func:`bybot.ids.another_key` leaves the choice.
        most: accounts that one person may have at once.

    Raises:
        AccountMismatch: this key's session belongs to another account.
        TooManyAccounts: no further account may be added.
        StoreUnavailable: the store does not answer.
    """
    if is_another(user):
        return _free_slot(await records_of(store, person_of(user)), person_of(user), account_id, most)
    document = await store.get(session_key(user))
    record = None if document is None else SessionRecord.of(document)
    bound = account_in(user) or (account_of(record) if record is not None and record.exists else None)
    if bound is not None and bound != account_id:
        raise AccountMismatch("This session belongs to another Telegram account.")
    return user


def _free_slot(records: list[SessionRecord], person: str, account_id: int, most: int) -> str:
    known = [record for record in records if account_of(record) == account_id]
    if known:
        return max(known, key=lambda record: record.exists).user
    check_room(records, most)
    first = next((record for record in records if record.user == person), None)
    # Of a login that ended before its account was ever noted nothing can be mixed up.
    vacant = first is None or (
        account_of(first) is None and first.state in (SessionState.DELETED, SessionState.REVOKED)
    )
    return person if vacant else account_key(person, account_id)


def check_room(records: list[SessionRecord], most: int) -> None:
    """Raises TooManyAccounts when no further account may be added."""
    if sum(record.exists for record in records) >= most:
        raise TooManyAccounts(f"One person may have {most} accounts.", most=most)
