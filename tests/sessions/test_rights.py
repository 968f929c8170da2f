"""Nobody reaches another person's session: every call that bot and web are given checks it, and notes it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from bybot.errors import Forbidden
from bybot.mirror.acting import ActingMirror
from bybot.mirror.model import New
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.server import Sandbox
from bybot.sessions.acting import ActingManager
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, plant_session, running

ME, STRANGER, ADMIN = 77, 770, 1
#: What to give for a parameter, by its name.
VALUES: dict[str, Any] = {
    "user_id": ME,
    "user": ME,
    "phone": "+447700900101",
    "code": "12345",
    "password": "secret",
    "device_id": 1,
    "source": "@source",
    "target": "@target",
    "mode": New(),
    "text": "@source",
    "pair_id": "1",
}


def calls_of(kind: type) -> Iterator[str]:
    """Names of the public calls that name a person."""
    for name, member in vars(kind).items():
        parameters = list(inspect.signature(member).parameters) if callable(member) else []
        if not name.startswith("_") and {"user_id", "user"} & set(parameters[1:2]):
            yield name


async def ask(call: Callable[..., Any]) -> Any:
    """Call it with all that it requires."""
    required = [
        parameter
        for parameter in inspect.signature(call).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    ]
    positional = [VALUES.get(each.name, "x") for each in required if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = {each.name: VALUES.get(each.name, "x") for each in required if each.kind is inspect.Parameter.KEYWORD_ONLY}
    outcome = call(*positional, **named)
    if hasattr(outcome, "__aenter__"):
        async with outcome:
            return None
    return await outcome if isinstance(outcome, Awaitable) else outcome


def test_the_calls_are_found() -> None:
    manager, mirror = set(calls_of(ActingManager)), set(calls_of(ActingMirror))
    assert {"get_user_client", "use", "delete_user_session", "forget_person", "list_accounts", "begin_qr"} <= manager
    assert {"add_pair", "list_pairs", "list_all", "remove_all"} <= mirror


async def test_every_call_for_somebody_elses_session_is_refused_and_noted(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ME, ANN)
    async with running(sandbox, store, admin_ids=[ADMIN]) as manager:
        stranger = manager.acting_as(STRANGER)
        for name in calls_of(ActingManager):
            manager.audit.records.clear()
            with pytest.raises(Forbidden):
                await ask(getattr(stranger, name))
            noted = [(each.caller, each.user, each.allowed) for each in manager.audit.records]
            assert noted == [(str(STRANGER), str(ME), False)], name
        assert manager.ready_users() == [str(ME)]  # nothing happened to it
        for look_alike in (f"{STRANGER}~1", f"{ME}0", f"{ME}~{STRANGER}"):
            with pytest.raises(Forbidden):
                await manager.acting_as(look_alike).get_user_client(ME)


async def test_every_call_for_somebody_elses_pairs_is_refused(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager:
        stranger = Supervisor(manager, store).acting_as(STRANGER)
        for name in calls_of(ActingMirror):
            with pytest.raises(Forbidden):
                await ask(getattr(stranger, name))


async def test_an_admin_may_and_it_is_noted(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ME, ANN)
    async with running(sandbox, store, admin_ids=[ADMIN]) as manager:
        admin = manager.acting_as(ADMIN)
        assert await admin.get_user_client(ME) is not None
        assert len(await admin.list_accounts(ME)) == 1
        noted = [(each.caller, each.action, each.user, each.allowed) for each in manager.audit.records]
        assert noted == [("1", "get_user_client", str(ME), True), ("1", "list_accounts", str(ME), True)]
