"""What the chat's state of a person looked like in earlier versions, and how it becomes today's.

A stored state names its schema and the oldest schema whose program can still work with it (``readable_from``). A
program reads older states and migrates them, once: they are written back in its own schema. It works with newer ones
that say so and keeps what it does not know. Any other newer state is refused by name and left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bybot.errors import NewerSchema

State = dict[str, Any]


def _several_accounts(state: State, user: str) -> State:
    """1 to 2: the one account's name became a name for each, and a dialogue is about one of the accounts."""
    name = state.pop("account", None)
    accounts, wizard = state.get("accounts"), state.get("wizard")
    known = dict(accounts) if isinstance(accounts, Mapping) else {}
    if isinstance(name, str):
        known.setdefault(user, name)
    if known:
        state["accounts"] = known
    if isinstance(wizard, Mapping):
        state["wizard"] = {"account": user, **wizard}
    return state


#: What makes a state of schema n one of schema n + 1, in order; the first is for schema 1.
MIGRATIONS: Final[tuple[Callable[[State, str], State], ...]] = (_several_accounts,)
SCHEMA: Final = len(MIGRATIONS) + 1
#: Programs of this schema and later can work with what this one writes.
READABLE_FROM: Final = 1


def readable(document: Mapping[str, Any]) -> bool:
    """Whether this program can work with a stored state.

    Args:
        document: the document's fields.
    """
    schema = schema_of(document)
    return schema <= SCHEMA or _number(document.get("readable_from"), schema) <= SCHEMA


def schema_of(document: Mapping[str, Any]) -> int:
    """The schema of a stored state; 1 when it does not say."""
    return _number(document.get("schema"), 1)


def migrated(document: Mapping[str, Any], user: str) -> State:
    """The state of a document in today's form; the document's own values are not changed.

    Args:
        user: the person's key.

    Raises:
        NewerSchema: a newer version of bybot wrote it, and this one cannot work with it.
    """
    schema = schema_of(document)
    if not readable(document):
        raise NewerSchema("The state of this chat is newer than this version of bybot.", found=schema, known=SCHEMA)
    data = document.get("data")
    state: State = dict(data) if isinstance(data, Mapping) else {}
    for step in MIGRATIONS[schema - 1 :]:
        state = step(state, user)
    return state


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise
