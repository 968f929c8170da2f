"""The operator's HTTP API, asked over a socket, over a manager with a sandbox Telegram."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bybot import errors
from bybot.clock import SystemClock
from bybot.errors import BybotError, Problem
from bybot.mirror.exchange.languages import Languages
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.stores.memory import MemoryStore
from bybot.web.api import create_api
from bybot.web.app import create_app
from bybot.web.auth import Rights, operator_token
from bybot.web.errorfacts import error_of, facts_of
from bybot.web.operations import BY_NAME, OPERATIONS, Hands, path_of
from bybot.web.server import WebServer
from tests.sessions.conftest import sandbox, store
from tests.sessions.support import ANN, plant_session, running, vault

__all__ = ["sandbox", "store"]
TOKEN = operator_token("1:a bot's token", "bybot_test")


async def _facts() -> dict[str, Any]:
    return {"status": "healthy"}


@asynccontextmanager
async def serving(manager: UserSessionManager) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a manager, with the right token."""
    store = MemoryStore(SystemClock())
    mirror = Supervisor(manager, store, pace="off", idle=True)
    hands = Hands(manager.as_operator(), vault(), mirror, Languages(store))
    rights = Rights(TOKEN, hands, manager.records)
    api = create_api(rights, about=lambda: {"state": manager.state})
    server = WebServer(create_app(health=_facts, status=_facts, routers=[api]), "127.0.0.1", 0)
    await server.start()
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        address = f"http://127.0.0.1:{server.port}/api/v1"
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=20) as client:
            yield client
    finally:
        await server.stop()


async def test_without_the_token_nothing_is_done_or_told(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with running(sandbox, store) as manager, serving(manager) as client:
        del client.headers["Authorization"]
        for header in (None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            headers = {} if header is None else {"Authorization": header}
            for operation in OPERATIONS:
                path, _ = path_of(operation, {"user": ANN, "record": "r", "connection": "c:1"})
                answer = await client.request(operation.method, path, headers=headers)
                assert answer.status_code == 401 or (operation.for_holders and answer.status_code == 404)
                assert str(ANN) not in answer.text
            assert (await client.get("/process", headers=headers)).status_code == 401
        assert (await manager.get_session_info(ANN))["status"] == "active"


def test_the_token_tells_nothing_of_the_bots_token_and_belongs_to_one_bot() -> None:
    assert len(TOKEN) == 64
    assert "token" not in TOKEN
    assert operator_token("1:a bot's token", "another") != TOKEN
    assert operator_token("1:another token", "bybot_test") != TOKEN


async def test_sessions_are_listed_tested_and_cleared(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with running(sandbox, store) as manager, serving(manager) as client:
        listed = (await client.get("/sessions")).json()
        assert [s["user_id"] for s in listed["sessions"]] == [str(ANN)]
        assert (await client.get(f"/sessions/{ANN}")).json()["status"] == "active"
        tested = await client.post(f"/sessions/{ANN}/test")
        assert (tested.status_code, tested.json()["works"]) == (200, True)
        assert tested.headers["Cache-Control"] == "no-store"
        cleared = (await client.delete(f"/sessions/{ANN}")).json()
        assert (cleared["existed"], cleared["logged_out"], cleared["failures"]) == (True, True, [])
        missing = await client.post(f"/sessions/{ANN}/test")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "no_session")


async def test_what_an_operator_does_is_on_record(sandbox: Sandbox, store: MemoryStore) -> None:
    async with running(sandbox, store) as manager, serving(manager) as client:
        await client.delete(f"/sessions/{ANN}")
        records = [(each.caller, each.action, each.user) for each in manager.audit.records]
        assert ("operator", "delete_user_session", str(ANN)) in records


async def test_any_user_id_is_an_id_and_never_a_path(sandbox: Sandbox, store: MemoryStore) -> None:
    odd = ["../x", "a/b", "%2F", "-5", "ünï", "a b", "?x=1#y", "5~6"]
    async with running(sandbox, store) as manager, serving(manager) as client:
        for user in odd:
            await plant_session(sandbox, store, user, ANN)
            path, _ = path_of(BY_NAME["info"], {"user": user})
            answer = (await client.get(path)).json()
            assert (answer["user_id"], answer["status"]) == (user, "active")


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("", b"[1]", "JSON object"),
        ("", b"{", "JSON object"),
        ("", b'{"days": "many"}', "days"),
        ("", b'{"dayz": 1}', "dayz"),
        ("?days=many", b"", "days"),
        ("", b'{"days": 0}', "above 0"),
        ("", b'{"acting": null}', "acting"),
        ("", b"9" * 2_000_000, "too large"),
    ],
)
async def test_a_wrong_request_is_refused_by_name_and_does_nothing(
    sandbox: Sandbox, store: MemoryStore, query: str, body: bytes, words: str
) -> None:
    await plant_session(sandbox, store, ANN)
    async with running(sandbox, store) as manager, serving(manager) as client:
        answer = await client.post("/cleanup" + query, content=body)
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]
        assert (await manager.get_session_info(ANN))["status"] == "active"


async def test_a_process_that_waits_for_its_turn_names_the_holder(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    async with running(sandbox, store), running(sandbox, store, active=False) as second, serving(second) as client:
        await second._ownership.wait_decided()
        answer = await client.post(f"/sessions/{ANN}/test")
        assert answer.status_code == 409
        error = error_of(answer.json()["error"])
        assert isinstance(error, errors.OwnedElsewhere)
        assert error.holder == "test"
        assert isinstance(error.since, datetime)


# Errors on their way -------------------------------------------------------------------------------------------------


def _every_error() -> Iterator[BybotError]:
    values: dict[str, Any] = {
        "message": "what is wrong",
        "reason": "revoked",
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "seconds": 7,
        "most": 3,
        "problems": [Problem("PORT", "is taken", "Choose another")],
    }
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, BybotError):
            names = [name for name in inspect.signature(kind).parameters if name not in ("next_step", "kwargs", "args")]
            yield kind(**{name: values.get(name, f"a {name}") for name in names})


@pytest.mark.parametrize("error", list(_every_error()), ids=lambda error: type(error).__name__)
def test_every_error_arrives_as_it_left(error: BybotError) -> None:
    arrived = error_of(facts_of(error))
    assert type(arrived) is type(error)
    assert (arrived.message, arrived.next_step, arrived.exit_code) == (error.message, error.next_step, error.exit_code)
    for name, value in vars(error).items():
        if name != "problems":
            assert getattr(arrived, name) == value
