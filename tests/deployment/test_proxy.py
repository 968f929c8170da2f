"""PROXY_URL serves both protocols: the chat and the account's own connection."""

from __future__ import annotations

import gc

import pytest

from bybot.clock import SystemClock
from bybot.deployment import Deployment
from bybot.parts import create_store
from bybot.sandbox.server import Sandbox
from bybot.sandbox.socks import SocksServer
from bybot.sessions.vault import Vault
from tests.deployment.conftest import KEY, MakeSettings
from tests.sessions.support import plant_session
from tests.waiting import until

ANN = 5000100


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_the_proxy_serves_both_protocols(kind: str, make_settings: MakeSettings, sandbox: Sandbox) -> None:
    proxy = SocksServer(user="someone", password="s3cret:word")
    host, port = await proxy.start()
    settings = make_settings(PROXY_URL=f"{kind}://someone:s3cret%3Aword@{host}:{port}")
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=Vault.from_text([KEY], bot_id=settings.data_space))
    await store.close()
    try:
        async with Deployment(settings) as deployment:
            await deployment.ready()
            await until(lambda: deployment.runner.state == "polling")
            client = await deployment.manager.get_user_client(ANN)
            assert client is not None
            assert (await client.get_me()).id == ANN
        http_port = int(sandbox.http_url.rsplit(":", 1)[1])
        reached = {target_port for _, target_port in proxy.connections}
        assert {sandbox.mtproto_address[1], http_port} <= reached
        assert proxy.refused == 0
    finally:
        await proxy.stop()


# httpcore leaves the socket of a refused SOCKS handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_proxy_that_refuses_leaves_the_stored_session_as_it_is(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    proxy = SocksServer(user="someone", password="right")
    host, port = await proxy.start()
    settings = make_settings(PROXY_URL=f"socks5://someone:wrong@{host}:{port}")
    store = create_store(settings, SystemClock())
    await store.open()
    await plant_session(sandbox, store, ANN, seal=Vault.from_text([KEY], bot_id=settings.data_space))
    await store.close()
    file = settings.sessions_dir / settings.data_space / f"user_{ANN}.session"
    before = file.read_bytes()
    try:
        async with Deployment(settings) as deployment:
            await deployment.ready()
            await deployment.manager.wait_active()
            assert await deployment.manager.create_user_session(ANN) is False
            info = await deployment.manager.get_session_info(ANN)
            assert info["status"] == "error"
            assert "wrong" not in str(info)
        assert file.read_bytes() == before
    finally:
        await proxy.stop()
        gc.collect()
