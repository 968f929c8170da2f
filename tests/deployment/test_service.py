"""The HTTP service of the whole program: its figures, and records of scripts, as the configuration sets them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bybot.clock import SystemClock
from bybot.deployment import Deployment
from bybot.parts import create_store
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import METADATA, SESSIONS
from bybot.stores.base import Document, Key, Where
from bybot.web.auth import operator_token
from tests.deployment.conftest import MakeSettings
from tests.deployment.test_deployment import ANN, vault_of
from tests.sessions.support import plant_session
from tests.waiting import until


async def test_a_script_uses_a_session_and_the_figures_tell(make_settings: MakeSettings, sandbox: Sandbox) -> None:
    settings = make_settings(RECORD_MINUTES="2", SESSIONS_PER_USER="1")
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=vault_of(settings))
    await store.close()
    token = operator_token(settings.bot_token.get_secret_value(), settings.data_space)
    operator = {"Authorization": f"Bearer {token}"}
    async with Deployment(settings) as deployment:
        await deployment.ready()
        await until(lambda: deployment.manager.ready_users() == [str(ANN)])
        address = f"http://127.0.0.1:{deployment.web.port}"
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=10) as http:
            made = (await http.post("/api/v1/records", json={"user_id": ANN}, headers=operator)).json()
            assert made["record"]["timeout"] == 120
            more = await http.post("/api/v1/records", json={"user_id": ANN, "device": "two"}, headers=operator)
            assert (more.status_code, more.json()["error"]["code"]) == (429, "too_many_records")
            own = {"Authorization": f"Bearer {made['token']}"}
            path = f"/api/v1/records/{made['record']['id']}"
            assert (await http.post(f"{path}/heartbeat", headers=own)).json()["heartbeat_every"] == 40
            public, detailed = [await figures(http, headers) for headers in ({}, operator)]
            assert (public["bybot_acting"], public["bybot_records/active"]) == (1, 2)
            assert f"bybot_user_online/{ANN}" not in public
            assert (detailed[f"bybot_user_online/{ANN}"], detailed[f"bybot_user_devices/{ANN}"]) == (1, 2)
            assert (await http.delete(path, headers=own)).json()["state"] == "closed"
            assert (await figures(http, {}))["bybot_records_deleted_total"] == 1


async def figures(http: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, float]:
    """What /metrics says, by name and label values."""
    page = await http.get("/metrics", headers=headers)
    families = text_string_to_metric_families(page.text)
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value for each in families for sample in each.samples
    }


async def test_strangers_who_ask_again_and_again_do_not_make_the_store_read(
    make_settings: MakeSettings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Deployment(make_settings()) as deployment:
        await deployment.ready()
        await deployment.manager.wait_restored()
        await until(lambda: deployment._asking is not None and deployment._asking.done())  # it looks at its own health
        store, reads, lists = deployment.store, [0], [0]
        get, query = store.get, store.query

        async def counted_get(key: Key) -> Document | None:
            reads[0] += key == METADATA
            return await get(key)

        async def counted_query(collection: str, where: Where | None = None, **options: Any) -> list[Document]:
            lists[0] += collection == SESSIONS and where is None
            return await query(collection, where, **options)

        monkeypatch.setattr(store, "get", counted_get)
        monkeypatch.setattr(store, "query", counted_query)
        began = deployment.clock.elapsed()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{deployment.web.port}", trust_env=False) as http:
            for path in ("/health", "/status", "/metrics", "/ping") * 20:
                assert (await http.get(path)).status_code == 200
        assert 1 <= reads[0] <= deployment.clock.elapsed() - began + 1
        assert lists == [0]
