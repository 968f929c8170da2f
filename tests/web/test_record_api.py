"""Records of sessions in use over HTTP: for the operator, and for the holder of a record's token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bybot.clock import ManualClock
from bybot.sandbox.server import Sandbox
from bybot.sessions.idle import Limits
from bybot.sessions.records.model import RecordSettings
from bybot.stores.memory import MemoryStore
from tests.sessions.conftest import sandbox, store
from tests.sessions.support import ANN, LI_WEI, plant_session, running
from tests.web.test_api import serving

__all__ = ["sandbox", "store"]


@dataclass
class Desk:
    """The service, asked by the operator."""

    http: httpx.AsyncClient

    async def create(self, user: int = ANN, **options: Any) -> dict[str, Any]:
        answer = await self.http.post("/records", json={"user_id": user, **options})
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def holder(self, made: dict[str, Any], record: str | None = None) -> tuple[str, dict[str, str]]:
        """The path of a record and the headers of who holds its token."""
        return f"/records/{record or made['record']['id']}", {"Authorization": f"Bearer {made['token']}"}


@pytest.fixture
async def desk(sandbox: Sandbox, store: MemoryStore) -> AsyncIterator[Desk]:
    await plant_session(sandbox, store, ANN)
    await plant_session(sandbox, store, LI_WEI, LI_WEI)
    async with running(sandbox, store) as manager, serving(manager) as client:
        yield Desk(client)


async def test_a_record_lives_its_whole_life_over_http(desk: Desk) -> None:
    made = await desk.create(device="phone", timeout=60, metadata={"app": "a"})
    record, path = made["record"], f"/records/{made['record']['id']}"
    assert (record["user"], record["device"], record["state"]) == (str(ANN), "phone", "active")
    assert (await desk.create(device="phone"))["resumed"] is True
    found = (await desk.http.get(path)).json()
    assert found["id"] == record["id"]
    by_connection = (await desk.http.get(f"/connections/{found['connection']}/record")).json()
    assert by_connection["id"] == record["id"]
    changed = (await desk.http.patch(path, json={"metadata": {"b": 1}, "version": found["version"]})).json()
    assert changed["metadata"] == {"app": "a", "b": 1}
    stale = await desk.http.patch(path, json={"metadata": {}, "version": found["version"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "stale_write")
    beat = (await desk.http.post(f"{path}/heartbeat")).json()
    assert (beat["heartbeat_every"], beat["seconds_left"] <= 60) == (20, True)
    deleted = (await desk.http.delete(path, params={"reason": "done"})).json()
    assert (deleted["state"], deleted["reason"]) == ("closed", "done")
    gone = await desk.http.get(path)
    assert (gone.status_code, gone.json()["error"]["reason"]) == (404, "done")


async def test_records_are_listed_in_pages_and_counted(desk: Desk) -> None:
    for device in ("a", "b", "c"):
        await desk.create(device=device)
    first = (await desk.http.get("/records", params={"user_id": ANN, "limit": 2})).json()
    more = (await desk.http.get("/records", params={"user_id": ANN, "limit": 2, "after": first["after"]})).json()
    ids = [record["id"] for record in first["records"] + more["records"]]
    assert len(ids) == len(set(ids)) == first["total"]
    assert (await desk.http.get("/record-stats")).json()["by_state"]["active"] >= 3
    online = (await desk.http.get(f"/users/{ANN}/devices")).json()
    assert online["online"] is True
    assert {"a", "b", "c"} <= {each["device"] for each in online["devices"]}
    wrong = await desk.http.get("/records", params={"state": "sleeping"})
    assert (wrong.status_code, "state" in wrong.json()["error"]["message"]) == (400, True)


async def test_the_holder_of_a_token_acts_on_that_record_and_on_nothing_else(desk: Desk) -> None:
    made, other = await desk.create(device="mine"), await desk.create(LI_WEI, device="theirs")
    path, mine = desk.holder(made)
    assert (await desk.http.get(path, headers=mine)).status_code == 200
    assert (await desk.http.post(f"{path}/heartbeat", headers=mine)).status_code == 200
    assert (await desk.http.post(f"{path}/touch", headers=mine)).status_code == 200
    theirs, _ = desk.holder(other)
    second = await desk.create(device="another of mine")
    for foreign in (theirs, desk.holder(second)[0]):
        refused = await desk.http.get(foreign, headers=mine)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    for method, everything in (
        ("GET", "/records"),
        ("GET", "/sessions"),
        ("GET", "/record-stats"),
        ("POST", "/records"),
    ):
        assert (await desk.http.request(method, everything, headers=mine)).status_code == 401
    rotated = (await desk.http.post(f"{path}/token", headers=mine)).json()["token"]
    assert (await desk.http.get(path, headers=mine)).status_code == 403
    assert (await desk.http.get(path, headers={"Authorization": f"Bearer {rotated}"})).status_code == 200


async def test_a_token_is_shown_once_and_ends_with_its_record(desk: Desk) -> None:
    made = await desk.create()
    path, mine = desk.holder(made)
    listed = await desk.http.get("/records")
    assert made["token"] not in listed.text + (await desk.http.get(path)).text
    assert (await desk.create())["token"] is None
    await desk.http.delete(path, headers=mine)
    assert (await desk.http.get(path, headers=mine)).status_code == 404


async def test_its_holder_closes_a_record_once_and_for_all(desk: Desk) -> None:
    made = await desk.create()
    path, mine = desk.holder(made)
    for _ in range(2):
        closed = await desk.http.post(f"{path}/close", headers=mine)
        assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    beat = await desk.http.post(f"{path}/heartbeat", headers=mine)
    assert (beat.status_code, beat.json()["error"]["code"]) == (409, "invalid_transition")
    assert (await desk.http.get(f"/sessions/{ANN}")).json()["status"] == "active"
    assert (await desk.create())["resumed"] is False


async def test_an_expired_record_is_gone_and_the_login_stays(sandbox: Sandbox, store: MemoryStore) -> None:
    await plant_session(sandbox, store, ANN)
    clock = ManualClock()
    settings = RecordSettings(timeout=2, sweep_every=3600)
    async with running(sandbox, store, records=settings) as manager, serving(manager) as client:
        manager.records._clock = manager.records.ledger.clock = clock
        made = await Desk(client).create()
        clock.advance(1.5)
        assert (await client.get(f"/records/{made['record']['id']}")).status_code == 200
        clock.advance(1)
        gone = await client.get(f"/records/{made['record']['id']}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (410, "record_expired")
        assert (await client.get(f"/sessions/{ANN}")).json()["status"] == "active"


async def test_a_session_for_which_there_is_no_room_is_refused_for_now(sandbox: Sandbox, store: MemoryStore) -> None:
    for user in (ANN, LI_WEI):
        await plant_session(sandbox, store, user, user)
    room = Limits(max_clients=1)
    async with running(sandbox, store, limits=room, restore=False) as manager, serving(manager) as client:
        async with manager.use(ANN):
            refused = await client.post("/records", json={"user_id": LI_WEI})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_clients")
        assert (await client.get("/records", params={"user_id": LI_WEI})).json()["total"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_id": ""},
        {"timeout": 0},
        {"timeout": 1e400},
        {"timeout": "soon"},
        {"metadata": [1]},
        {"metadata": {"a": "x" * 20_000}},
        {"connection": "none"},
        {"device": {}},
    ],
)
async def test_what_is_no_record_is_refused_and_nothing_is_made(desk: Desk, wrong: dict[str, Any]) -> None:
    before = (await desk.http.get("/records")).json()["total"]
    refused = await desk.http.post("/records", content=json.dumps({"user_id": ANN} | wrong))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
    assert (await desk.http.get("/records")).json()["total"] == before
