"""A stored login that answers as another account than its own is refused, kept, and noted."""

from __future__ import annotations

import pytest

from bybot.errors import SessionRevoked
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from bybot.stores.base import Patch
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, LI_WEI, live_client, plant_session, running, until
from tests.sessions.test_accounts import ME, refusals, status_of


async def test_a_stored_session_that_answers_as_another_account_is_refused(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ME, LI_WEI)
    kept = await store.get(session_key(str(ME)))
    assert kept is not None
    await store.commit([Patch(kept.key, {"account_id": ANN})])  # as a wrong restore would leave it
    async with running(sandbox, store) as manager:
        lost: list[tuple[str, str]] = []
        manager.on_lost(lambda user, reason: lost.append((user, reason)))
        with pytest.raises(SessionRevoked) as caught:
            await manager.get_user_client(ME)
        assert caught.value.reason == "mismatch"
        assert await status_of(manager) == "revoked"
        await until(lambda: refusals(manager) == [("telegram", str(ME))])
        now = await store.get(kept.key)
        assert now is not None
        assert now.data["session_data"] == kept.data["session_data"]  # the bytes stay for the operator
    async with running(sandbox, store) as manager:
        with pytest.raises(SessionRevoked):
            await manager.get_user_client(ME)


async def test_a_connection_that_comes_back_as_another_account_is_ended(sandbox: Sandbox, store: MemoryStore) -> None:
    data = await plant_session(sandbox, store, ME, ANN)
    async with running(sandbox, store) as manager:
        client = await live_client(manager, ME)
        key = next(key for key in sandbox.auth.keys.of_account(ANN) if key.data == data)
        key.account_id = LI_WEI
        client._sender._connection._writer.transport.abort()

        async def ended() -> bool:
            return (await manager.get_session_info(ME)).get("reason") == "mismatch"

        await until(ended)
        assert manager.ready_users() == []
