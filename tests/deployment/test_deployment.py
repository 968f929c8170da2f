"""The whole program in one process: bot, sessions, mirror and HTTP service, started and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bybot import (
    create_deployment_manager,
    create_user_session_manager_from_config,
    start_local_deployment,
    start_render_deployment,
)
from bybot.clock import SystemClock
from bybot.config import Settings
from bybot.deployment import Deployment
from bybot.errors import ConfigurationError, WrongKey
from bybot.mirror.model import ChannelPair, ChatRef, New
from bybot.mirror.pairs import PairBook
from bybot.parts import create_store
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.sessions.vault import Vault
from bybot.stores.base import Patch
from tests.deployment.conftest import MakeSettings
from tests.sessions.support import plant_session
from tests.waiting import until

ANN = 5000100


def vault_of(settings: Settings) -> Vault:
    keys = [key.get_secret_value() for key in settings.session_encryption_keys]
    return Vault.from_text(keys, bot_id=settings.data_space)


async def get(deployment: Deployment, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=5) as client:
        return await client.get(f"http://127.0.0.1:{deployment.web.port}{path}")


async def test_a_local_deployment_starts_bot_sessions_and_service_and_stops_cleanly(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    before = asyncio.all_tasks()
    deployment = await start_local_deployment(make_settings())
    try:
        await until(lambda: deployment.runner.state == "polling")
        assert (await get(deployment, "/ping")).text == "pong"
        health = await get(deployment, "/health")
        assert health.status_code == 200
        assert health.json()["state"] == "active"
        assert health.json()["status"] == "healthy"
        status = (await get(deployment, "/status")).json()
        assert (status["environment"], status["state"]) == ("local", "active")
        async with ControlClient(sandbox.control_url) as control:
            await control.say("@ann", "@tiny_bot", "/start")

            async def answered() -> bool:
                return len(await control.chat("@ann", "@tiny_bot")) > 1

            await until(answered)
    finally:
        await deployment.stop()
    await deployment.stop()
    assert deployment.manager.state == "stopped"
    await until(lambda: not (asyncio.all_tasks() - before - {asyncio.current_task()}))


async def test_a_render_deployment_keeps_everything_in_firestore_and_takes_updates_by_webhook(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    settings = make_settings(
        **firestore, RENDER="true", RENDER_EXTERNAL_URL=address, PORT=port, HOST="127.0.0.1", RENDER_INSTANCE_ID="srv-1"
    )
    deployment = await start_render_deployment(settings)
    try:
        await until(lambda: deployment.runner.state == "webhook")
        info = create_deployment_manager(settings).get_deployment_info()
        assert info == {
            "environment": "render",
            "bot_id": "bybot_prod",
            "is_render": True,
            "use_local_storage": False,
            "firebase_project_id": "bybot-test",
            "port": port,
            "render_url": address,
            "session_storage": "firebase",
            "data_storage": "firebase",
        }
        async with ControlClient(sandbox.control_url) as control:
            await control.say("@ann", "@tiny_bot", "/start")

            async def answered() -> bool:
                return len(await control.chat("@ann", "@tiny_bot")) > 1

            await until(answered)
        forged = httpx.AsyncClient(timeout=5)
        async with forged:
            path = deployment.runner.bot.services.options.webhook_path
            answer = await forged.post(address + path, json={}, headers={"X-Telegram-Bot-Api-Secret-Token": "guess"})
        assert answer.status_code == 403
    finally:
        await deployment.stop()
    assert not (tmp_path / "sessions").exists()


async def test_after_a_restart_on_another_machine_with_an_empty_disk_every_session_is_there(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    for number in (1, 2):
        port = _free_port()
        settings = make_settings(
            **firestore,
            RENDER="true",
            RENDER_EXTERNAL_URL=f"http://127.0.0.1:{port}",
            PORT=port,
            HOST="127.0.0.1",
            RENDER_INSTANCE_ID=f"srv-{number}",
            SESSIONS_DIR=tmp_path / f"disk-{number}",
        )
        if number == 1:
            store = create_store(settings, SystemClock())
            await store.open()
            await plant_session(sandbox, store, ANN, seal=vault_of(settings))
            await plant_session(sandbox, store, 5000200, 5000200, seal=vault_of(settings))
            await store.close()
        async with Deployment(settings) as deployment:
            await deployment.ready()
            await until(lambda: len(deployment.manager.ready_users()) == 2, seconds=20)
            for user in (ANN, 5000200):
                client = await deployment.manager.get_user_client(user)
                assert client is not None
                assert (await client.get_me()).id == user
    assert sandbox.counters.calls_of("auth.sendCode") == 0
    assert not {"disk-1", "disk-2"} & set(os.listdir(tmp_path))


async def test_a_second_process_waits_healthy_and_takes_over(
    make_settings: MakeSettings, firestore: dict[str, str]
) -> None:
    settings = make_settings(**firestore)
    first, second = Deployment(settings), Deployment(settings)
    async with first:
        await first.ready()
        await until(lambda: first.manager.state == "active")
        async with second:
            await second.ready()
            health = await get(second, "/health")
            assert (health.status_code, health.json()["state"]) == (200, "waiting")
            assert second.runner.state == "waiting"
            await first.stop()
            await until(lambda: second.manager.state == "active", seconds=20)
            await until(lambda: second.runner.state == "polling", seconds=20)


async def test_the_same_holds_with_files(make_settings: MakeSettings) -> None:
    settings = make_settings()
    first, second = Deployment(settings), Deployment(settings)
    async with first:
        await first.ready()
        await until(lambda: first.manager.state == "active")
        async with second:
            await second.ready()
            assert (await get(second, "/health")).json()["state"] == "waiting"
            await first.stop()
            await until(lambda: second.runner.state == "polling", seconds=20)


async def test_a_wrong_key_ends_the_start_and_destroys_nothing(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox
) -> None:
    settings = make_settings(**firestore)
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=vault_of(settings))
    await store.close()
    other = make_settings(**firestore, SESSION_ENCRYPTION_KEYS="6r1cUvlTkNqfKqzXwLZkFVVKpHHTLqiyuHxpBm0b3Xk=")
    deployment = Deployment(other)
    async with deployment:
        with pytest.raises(WrongKey):
            await deployment.ready()
        assert (await deployment.failed()).exit_code == 78
        assert (await get(deployment, "/health")).status_code == 503
    async with Deployment(settings) as right:
        await right.ready()
        await until(lambda: right.manager.state == "active", seconds=20)
        client = await right.manager.get_user_client(ANN)
        assert client is not None
        assert (await client.get_me()).id == ANN


async def test_a_store_that_is_down_at_the_start_is_waited_for(
    make_settings: MakeSettings, firestore: dict[str, str], sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    host, port = sandbox.firestore_address.rsplit(":", 1)
    await sandbox.firestore.stop()
    async with Deployment(make_settings(**firestore)) as deployment:

        async def degraded() -> bool:
            answer = await get(deployment, "/health")
            return answer.status_code == 200 and answer.json()["status"] == "degraded"

        await until(degraded, seconds=20)
        assert "does not answer" in caplog.text
        await sandbox.firestore.start(host, int(port))
        await until(lambda: deployment.manager.state == "active", seconds=30)


async def test_a_token_that_telegram_refuses_is_named(make_settings: MakeSettings) -> None:
    settings = make_settings(BOT_TOKEN="7000000009:BBHq2Wd8sXv4LbTn6ZkRj0PcYg3MfEu5oIx")
    async with Deployment(settings) as deployment:
        async with asyncio.timeout(20):
            error = await deployment.failed()
        assert isinstance(error, ConfigurationError)
        assert error.problems[0].variable == "BOT_TOKEN"
        assert settings.bot_token.get_secret_value() not in str(error)


async def test_a_port_in_use_is_named(make_settings: MakeSettings) -> None:
    async with Deployment(make_settings()) as first:
        second = Deployment(make_settings(PORT=first.web.port))
        with pytest.raises(ConfigurationError) as caught:
            await second.start()
        await second.stop()
        assert caught.value.problems[0].variable == "PORT"


async def test_a_part_that_does_not_stop_costs_the_sessions_nothing_of_their_time(
    make_settings: MakeSettings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=vault_of(settings))
    deployment = await start_local_deployment(settings)
    stop, order = deployment.runner.stop, []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("chat")
            await stop()

    async def landed(user_id: str) -> None:
        order.append("session")

    monkeypatch.setattr(deployment.runner, "stop", hang)
    monkeypatch.setattr("bybot.deployment._CHAT_SECONDS", 0.1)
    monkeypatch.setattr("bybot.deployment.STOP_SECONDS", 5.0)
    await until(lambda: deployment.manager.ready_users() == [str(ANN)], seconds=20)
    deployment.manager.on_parting(landed)
    client = await deployment.manager.get_user_client(ANN)
    assert client is not None
    await client.get_dialogs()
    await deployment.stop()
    assert order == ["session", "chat"]
    kept = await store.get(session_key(str(ANN)))
    assert kept is not None
    assert kept.data["owner"] is None
    assert kept.data["saved_at"] > kept.data["created_at"]
    await store.close()


async def test_the_manager_alone_cleans_up_no_session_that_mirrors(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    settings = make_settings()
    store = create_store(settings, SystemClock())
    await store.open()
    for user in (ANN, 5000200):
        await plant_session(sandbox, store, user, user, seal=vault_of(settings))
        long_ago = datetime.now(UTC) - timedelta(days=40)
        await store.commit([Patch(session_key(str(user)), {"last_used_at": long_ago})])
    chats = [ChatRef(number, "chat", username="chat") for number in (-1001, -1002)]
    await PairBook(store).add(ChannelPair("p", str(ANN), chats[0], chats[1], New(), datetime.now(UTC)))
    await store.close()
    manager = create_user_session_manager_from_config(settings)
    try:
        report = await manager.cleanup_inactive_sessions(30)
        assert (report.removed, report.skipped) == (["5000200"], {str(ANN): "mirroring"})
    finally:
        await manager.close_all_sessions()


async def test_each_environment_has_its_own_start(make_settings: MakeSettings, firestore: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        await start_render_deployment(make_settings())
    with pytest.raises(ConfigurationError):
        await start_local_deployment(make_settings(**firestore, RENDER="true"))


async def test_the_facts_of_a_local_deployment(make_settings: MakeSettings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    manager = create_deployment_manager(make_settings(PORT=8080))
    assert manager.get_deployment_info() == {
        "environment": "local",
        "bot_id": "bybot_local",
        "is_render": False,
        "use_local_storage": True,
        "firebase_project_id": None,
        "port": 8080,
        "render_url": None,
        "session_storage": "local",
        "data_storage": "local",
    }
    assert manager.validate_deployment_config() is True
    manager.log_deployment_info()
    assert "environment: local" in caplog.text


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
