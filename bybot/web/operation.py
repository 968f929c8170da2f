"""What an operation is, and who carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bybot.errors import NoSession
from bybot.ids import user_id_from_key, user_key
from bybot.mirror.exchange.languages import Languages
from bybot.mirror.supervisor import Supervisor
from bybot.sessions.acting import ActingManager
from bybot.sessions.vault import Vault

#: Below which all of it is served.
PREFIX: Final = "/api/v1"
Facts = dict[str, Any]


@dataclass(frozen=True)
class Hands:
    """What operations work with.

    Attributes:
        acting: the manager with the operator's rights.
        vault: seals auth keys on their way between two processes that have the same encryption key.
        mirror: the pairs of everybody.
        languages: what people chose in the chat.
    """

    acting: ActingManager
    vault: Vault
    mirror: Supervisor
    languages: Languages


class Operator(Protocol):
    """Carries out operations: in this process, or by asking the process that holds the sessions."""

    async def call(self, name: str, /, **arguments: Any) -> Facts:
        """Do one operation of :data:`bybot.web.operations.OPERATIONS`.

        Raises:
            BybotError: what the operation raises, here or there.
        """


@dataclass(frozen=True)
class Operation:
    """One line of the table.

    Attributes:
        name: what :meth:`Operator.call` calls it.
        method, path: where the HTTP API serves it; ``{user}`` is a user id, ``{record}`` a record's id.
        run: does it. Its first argument is :class:`Hands`; with ``records`` the service of records with the rights of
            whoever asks.
        acts: it needs the right to act; others only read the store.
        seconds: how long an asker waits for the answer.
        upload: the argument that is a file; over HTTP it is the body.
        records: it is about records of sessions in use. Where its path names one, the holder of that record's token
            may ask too.
    """

    name: str
    method: str
    path: str
    run: Callable[..., Awaitable[Any]]
    acts: bool = True
    seconds: float = 60.0
    upload: str | None = None
    records: bool = False

    @property
    def for_holders(self) -> bool:
        """May the holder of the token of the record that it is about ask for it?"""
        return self.records and "{record}" in self.path


def path_of(operation: Operation, arguments: Mapping[str, Any]) -> tuple[str, Facts]:
    """The path with its names filled in, and the arguments that are left."""
    left = dict(arguments)
    path = operation.path
    for name in ("user", "record", "connection"):
        if f"{{{name}}}" in path:
            # Encoded once for us and once for HTTP: no id is taken for a path.
            path = path.replace(f"{{{name}}}", user_key(left.pop(name)).replace("%", "%25"))
    return path, left


def value_of(part: str) -> str:
    """The id in a path, as the service reads it: the inverse of what :func:`path_of` did."""
    return user_id_from_key(part)


def none_of(user: str) -> NoSession:
    """What an operator is told about a user without a session."""
    return NoSession(f"There is no stored session of {user}.", next_step="`python -m bybot sessions list` shows all.")
