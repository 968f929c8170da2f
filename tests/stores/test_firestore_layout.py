"""Where the Firestore store puts documents, as a stock client sees them, and who may speak to it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from firebase_admin import credentials, delete_app, firestore_async, initialize_app
from google.cloud.firestore_v1.async_client import AsyncClient

from bybot.errors import ConfigurationError, CorruptDocument
from bybot.sandbox.firestore import FirestoreServer
from bybot.stores.base import Condition, Key, Patch, Put, Where
from bybot.stores.firestore import FirestoreStore


@pytest.fixture(scope="module")
def service_account() -> str:
    """A service account with a key of our own, as JSON text."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "bybot@p.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


@pytest.fixture
async def store(server: FirestoreServer) -> AsyncIterator[FirestoreStore]:
    store = FirestoreStore("p", None, "bot.1", emulator_host=server.address)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def stock(
    server: FirestoreServer, service_account: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncClient]:
    """firebase-admin's own client, untouched."""
    assert server.address is not None
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    app = initialize_app(credentials.Certificate(json.loads(service_account)), name="stock")
    client = firestore_async.client(app)
    yield client
    # Not client.close(): that is not awaitable in all versions; the channel is what must be closed.
    await client._firestore_api.transport.grpc_channel.close()
    delete_app(app)


async def test_documents_are_where_the_layout_says(store: FirestoreStore, stock: AsyncClient) -> None:
    await store.commit(
        [
            Put(Key("users", "7"), {"config": {"language": "en"}, "channel_pairs": []}),
            Put(Key("user_sessions", "7"), {"session_data": b"\x00secret\xff", "owner": "me"}),
        ]
    )
    user = (await stock.document("bots/bot.1/users/7").get()).to_dict()
    session = (await stock.document("bots/bot.1/user_sessions/7").get()).to_dict()
    user.pop("_n")
    session.pop("_n")
    assert user == {"config": {"language": "en"}, "channel_pairs": []}
    assert session == {"session_data": base64.b64encode(b"\x00secret\xff").decode(), "owner": "me"}


async def test_documents_of_another_program_are_read(store: FirestoreStore, stock: AsyncClient) -> None:
    text = base64.b64encode(b"old").decode()
    await stock.document("bots/bot.1/user_sessions/8").set({"session_data": text, "hostname": "h"})
    read = await store.get(Key("user_sessions", "8"))
    assert read is not None
    assert dict(read.data) == {"session_data": b"old", "hostname": "h"}
    await store.commit([Patch(read.key, {"owner": "me"}, if_=read.version)])
    assert (await stock.document("bots/bot.1/user_sessions/8").get()).get("hostname") == "h"


async def test_a_session_that_is_no_base64_is_reported_and_the_others_are_unaffected(
    store: FirestoreStore, stock: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await stock.document("bots/bot.1/user_sessions/1").set({"session_data": "not*base64"})
    await store.commit([Put(Key("user_sessions", "2"), {"session_data": b"x"})])
    with pytest.raises(CorruptDocument, match="user_sessions/1"):
        await store.get(Key("user_sessions", "1"))
    with caplog.at_level(logging.CRITICAL):
        assert [d.key.id for d in await store.query("user_sessions")] == ["2"]
    assert len(await store.query("user_sessions", fields=["owner"])) == 2
    assert (await stock.document("bots/bot.1/user_sessions/1").get()).get("session_data") == "not*base64"


async def test_a_service_account_works_as_text_and_as_a_file(
    server: FirestoreServer, service_account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.address is not None
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    path = tmp_path / "key.json"
    path.write_text(service_account)
    for given in (service_account, str(path)):
        store = FirestoreStore(None, given, "bot")  # the project comes from the account
        await store.open()
        await store.commit([Put(Key("things", "1"), {})])
        assert "PRIVATE" not in repr(store)
        await store.close()


@pytest.mark.parametrize("given", ["{not json", '{"type": "service_account"}', "/no/such/file", "{}", "[]"])
async def test_bad_credentials_are_named_and_never_shown(given: str, server: FirestoreServer) -> None:
    store = FirestoreStore("p", given, "bot", emulator_host=server.address)
    with pytest.raises(ConfigurationError, match="FIREBASE_CREDENTIALS") as caught:
        await store.open()
    assert given not in str(caught.value)


async def test_no_credentials_at_all_are_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(ConfigurationError, match="FIREBASE_CREDENTIALS: it is not set"):
        await FirestoreStore("p", None, "bot").open()


async def test_no_project_is_a_clear_error(server: FirestoreServer) -> None:
    with pytest.raises(ConfigurationError, match="FIREBASE_PROJECT_ID"):
        await FirestoreStore(None, None, "bot", emulator_host=server.address).open()


async def test_what_a_call_costs(server: FirestoreServer, store: FirestoreStore) -> None:
    sessions = [Put(Key("user_sessions", str(n)), {"owner": "me"}) for n in range(20)]
    server.counts.clear()
    await store.commit(sessions)
    assert (server.counts.requests.total(), server.counts.writes, server.counts.reads) == (1, 20, 0)
    server.counts.clear()
    await store.query("user_sessions", Where("owner", "me"), fields=["owner"])
    assert (server.counts.requests.total(), server.counts.reads) == (1, 20)
    server.counts.clear()
    lease, session = Key("instances", "1"), Key("user_sessions", "1")
    await store.commit([Put(lease, {"n": 1}, if_=Condition.ABSENT), Patch(session, {"owner": "you"})])
    assert (server.counts.requests.total(), server.counts.writes, server.counts.reads) == (1, 2, 0)
