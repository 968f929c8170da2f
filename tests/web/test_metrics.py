"""/metrics, asked over a socket: totals for everybody, people for the operator alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from telethon.errors import FrozenMethodInvalidError

from bybot.clock import SystemClock
from bybot.sandbox.server import Sandbox
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.measures import Measures
from bybot.stores.budget import Budget
from bybot.stores.memory import MemoryStore
from bybot.web.app import create_app
from bybot.web.metrics import create_metrics, render
from bybot.web.server import WebServer
from tests.sessions.conftest import PEOPLE
from tests.sessions.support import ANN, LI_WEI, plant_session, running, until
from tests.sessions.test_idle import idle_for

EMPTY = Measures(
    acting=False,
    records={},
    created=0,
    expired=0,
    deleted=0,
    users_online=0,
    devices_online=0,
    clients={},
    traffic=dict.fromkeys(
        ("messages_sent", "messages_received", "bytes_sent", "bytes_received", "requests", "reconnects"), 0
    ),
    latency=None,
    people={},
)


def read(page: str) -> dict[str, float]:
    """Samples by name and label values."""
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found["/".join([sample.name, *sample.labels.values()])] = sample.value
    return found


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=PEOPLE) as started:
        yield started


@asynccontextmanager
async def serving(manager: UserSessionManager) -> AsyncIterator[httpx.AsyncClient]:
    async def facts() -> dict[str, str]:
        return {"status": "healthy"}

    metrics = create_metrics(manager.measure, lambda header: header == "Bearer operator")
    server = WebServer(create_app(health=facts, status=facts, routers=[metrics]), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield client
    finally:
        await server.stop()


async def test_the_numbers_are_those_of_the_sessions_in_use(sandbox: Sandbox) -> None:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager, serving(manager) as client:
        manager.keep_alive(1)
        async with manager.use(1) as telegram:
            await telegram.get_me()
        made = await manager.records.create(1)
        await manager.records.create(1, device="short", timeout=0.001)
        await manager.records.delete(made.record.id)
        await until(manager.records.sweep)
        idle_for(1801, manager)
        await manager._idle.sweep()
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        found = read(answer.text)
        assert found["bybot_acting"] == 1
        assert (found["bybot_records/active"], found["bybot_records/idle"]) == (1, 1)
        assert found["bybot_records_created_total"] == 4
        assert (found["bybot_records_expired_total"], found["bybot_records_deleted_total"]) == (1, 1)
        assert (found["bybot_users_online"], found["bybot_devices_online"]) == (1, 1)
        assert (found["bybot_clients/connected"], found["bybot_clients/closed"]) == (1, 1)
        assert found["bybot_traffic_bytes/sent"] > 0
        assert found["bybot_traffic_messages/received"] > 0
        assert 0 < found["bybot_latency_seconds"] < 5
        assert not any("user_" in name for name in found)


async def test_only_the_operator_sees_who_is_online(sandbox: Sandbox) -> None:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store) as manager, serving(manager) as client:
        await manager.records.create(1, device="laptop")
        for header in (None, "Bearer wrong", "operator"):
            page = await client.get("/metrics", headers={} if header is None else {"Authorization": header})
            assert "bybot_user_" not in page.text
        page = await client.get("/metrics", headers={"Authorization": "Bearer operator"})
        found = read(page.text)
        assert (found["bybot_user_online/1"], found["bybot_user_devices/1"]) == (1, 2)


def test_a_process_that_waits_has_a_page_too() -> None:
    assert read(render(EMPTY, detailed=True).decode())["bybot_acting"] == 0
    assert "bybot_latency" not in render(EMPTY, detailed=False).decode()


def test_a_strange_user_id_breaks_no_page() -> None:
    page = render(replace(EMPTY, people={'a"b\n\\c': 2}), detailed=True).decode()
    assert read(page)['bybot_user_devices/a"b\n\\c'] == 2


async def test_what_telegram_said_about_logins_is_counted(sandbox: Sandbox) -> None:
    store = MemoryStore(SystemClock())
    await plant_session(sandbox, store, 1)
    await plant_session(sandbox, store, 2, LI_WEI)
    async with running(sandbox, store) as manager, serving(manager) as client:
        sandbox.world.account(LI_WEI).frozen = True
        telegram = await manager.get_user_client(2)
        assert telegram is not None
        with pytest.raises(FrozenMethodInvalidError):
            await telegram.send_message("me", "hello")
        sandbox.auth.revoke(ANN)
        await manager.force_refresh(1)
        found = read((await client.get("/metrics")).text)
        assert (found["bybot_frozen"], found["bybot_checks_total"]) == (1, 1)
        assert found["bybot_logins_ended_total/unregistered"] == 1


def test_writes_of_the_day_are_shown_where_they_are_counted() -> None:
    clock = SystemClock()
    budget = Budget(clock, 1000)
    budget.spent(600)
    page = render(EMPTY, writes=budget, detailed=False).decode()
    values = {each.name: each.samples[0].value for each in text_string_to_metric_families(page) if each.samples}
    assert values["bybot_store_writes_today"] == 600
    assert values["bybot_store_writes_budget"] == 1000
    assert values["bybot_store_stretch"] == 2
    assert "bybot_store" not in render(EMPTY, detailed=False).decode()
