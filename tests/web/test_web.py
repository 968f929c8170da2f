"""The HTTP service, asked over a socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bybot.clock import ManualClock
from bybot.errors import ConfigurationError, StoreUnavailable
from bybot.web.app import MOST_BYTES, Webhook, create_app
from bybot.web.remembered import Remembered
from bybot.web.server import WebServer
from tests.waiting import until

SECRET = "s3cret_header"
PATH = "/telegram/abc"


class Service:
    """What the deployment hands to the service, changeable by a test."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {
            "status": "healthy",
            "state": "active",
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        }
        self.down = False
        self.active = True
        self.updates: list[Mapping[str, Any]] = []

    async def health(self) -> Mapping[str, Any]:
        if self.down:
            raise StoreUnavailable("secret-host:1234 does not answer")
        return self.facts

    async def status(self) -> Mapping[str, Any]:
        return {"version": "1", "state": "active"}

    async def feed(self, update: Mapping[str, Any]) -> bool:
        if self.active:
            self.updates.append(update)
        return self.active


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    webhook = Webhook(PATH, SECRET, service.feed)
    server = WebServer(create_app(health=service.health, status=service.status, webhook=webhook), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield client
    finally:
        await server.stop()


async def test_ping_answers_pong() -> None:
    async with serving(Service()) as client:
        answer = await client.get("/ping")
    assert (answer.status_code, answer.text) == (200, "pong")


async def test_health_gives_the_facts_as_json() -> None:
    async with serving(Service()) as client:
        answer = await client.get("/health")
        head = await client.head("/health")
    assert answer.status_code == head.status_code == 200
    assert answer.json() == {"status": "healthy", "state": "active", "timestamp": "2026-01-01T00:00:00+00:00"}


async def test_a_process_that_waits_for_its_turn_is_healthy() -> None:
    service = Service()
    service.facts = {"status": "healthy", "state": "waiting"}
    async with serving(service) as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")


async def test_an_error_is_answered_with_503_and_without_details_of_the_host() -> None:
    service = Service()
    service.down = True
    async with serving(service) as client:
        answer = await client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["error"] == "store_unavailable"
    assert "secret-host" not in answer.text


async def test_status_is_public_and_no_page_describes_the_service() -> None:
    async with serving(Service()) as client:
        assert (await client.get("/status")).json() == {"version": "1", "state": "active"}
        assert (await client.get("/openapi.json")).status_code == 404
        assert (await client.get("/docs")).status_code == 404


async def test_the_webhook_takes_an_update_with_the_right_header() -> None:
    service = Service()
    async with serving(service) as client:
        answer = await client.post(PATH, json={"update_id": 1}, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert answer.status_code == 200
    assert service.updates == [{"update_id": 1}]


@pytest.mark.parametrize("header", [None, "", "wrong", SECRET + "x", "ü"])
async def test_the_webhook_refuses_a_wrong_header(header: str | None) -> None:
    service = Service()
    headers = {} if header is None else {"X-Telegram-Bot-Api-Secret-Token": header.encode()}
    async with serving(service) as client:
        answer = await client.post(PATH, content=b'{"update_id": 1}', headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert service.updates == []


@pytest.mark.parametrize("body", [b"", b"[1]", b"nonsense", b"\xff", b"9" * (MOST_BYTES + 1)])
async def test_the_webhook_refuses_a_body_that_is_no_update(body: bytes) -> None:
    service = Service()
    async with serving(service) as client:
        answer = await client.post(PATH, content=body, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert answer.status_code == 400
    assert service.updates == []


async def test_an_update_that_comes_while_another_process_is_active_is_asked_for_again() -> None:
    service = Service()
    service.active = False
    async with serving(service) as client:
        answer = await client.post(PATH, json={"update_id": 1}, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert answer.status_code == 503


async def test_a_port_in_use_is_named_in_one_clear_error() -> None:
    service = Service()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = WebServer(create_app(health=service.health, status=service.status), "127.0.0.1", port)
        with pytest.raises(ConfigurationError) as caught:
            await server.start()
        await server.stop()
    assert [problem.variable for problem in caught.value.problems] == ["PORT"]
    assert str(port) in caught.value.message


async def test_an_address_of_another_machine_is_named_in_one_clear_error() -> None:
    service = Service()
    server = WebServer(create_app(health=service.health, status=service.status), "192.0.2.1", 0)
    with pytest.raises(ConfigurationError) as caught:
        await server.start()
    assert [problem.variable for problem in caught.value.problems] == ["HOST"]


async def test_an_answer_does_not_wait_for_the_asker_s_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    quick: list[int] = []
    accept = socket.socket.accept

    def watched(self: socket.socket) -> tuple[socket.socket, Any]:
        connection, address = accept(self)
        asyncio.get_running_loop().call_later(
            0.01, lambda: quick.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        )
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", watched)
    async with serving(Service()) as client:
        await client.get("/ping")
        await until(lambda: quick)
    assert all(quick)


async def test_the_server_starts_and_stops_many_times_in_one_loop() -> None:
    for _ in range(3):
        async with serving(Service()) as client:
            assert (await client.get("/ping")).status_code == 200


async def test_however_often_strangers_ask_the_facts_are_worked_out_once_in_a_while() -> None:
    clock, asked, service = ManualClock(), 0, Service()

    async def count() -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return await service.health()

    facts = Remembered(count, clock, seconds=1)
    told = await asyncio.gather(*(facts() for _ in range(20)))
    assert all(each["state"] == "active" for each in told)
    assert asked == 1
    clock.advance(0.9)
    await facts()
    assert asked == 1
    clock.advance(0.1)
    service.down = True
    for _ in range(2):  # a failure is no fact
        with pytest.raises(StoreUnavailable):
            await facts()
    assert asked == 3
