"""Sessions whose clients were closed because nobody uses them are looked after all the same."""

from __future__ import annotations

from functools import partial

from bybot.sandbox.server import Sandbox
from bybot.sessions.model import SESSIONS, session_key
from bybot.sessions.news import NewsKind, SessionNews
from bybot.stores.memory import MemoryStore
from tests.sessions.support import ANN, FaultyStore, plant_session, running, until


async def test_a_revocation_is_seen_within_an_interval_although_the_client_is_closed(sandbox: Sandbox) -> None:
    store = FaultyStore()
    await plant_session(sandbox, store, 1)
    async with running(sandbox, store, health_seconds=0.5) as manager:
        told: list[SessionNews] = []
        manager.on_news(told.append)
        await until(partial(manager._idle.close, "1"))
        await until(lambda: manager._core.recount is False)
        store.commits.clear()
        readied: list[str] = []
        manager.on_ready(readied.append)
        seen = manager.health.vitals["1"].count
        await until(lambda: manager.health.vitals["1"].count >= seen + 2)
        info = await manager.get_session_info(1)
        assert (info["status"], info["connected"]) == ("active", False)
        assert readied == []
        assert not [commit for commit in store.commits if any(write.key.collection == SESSIONS for write in commit)]
        sandbox.auth.revoke(ANN, message="SESSION_REVOKED")
        await until(lambda: told)
        assert told == [SessionNews(NewsKind.OVER, "1", {"reason": "revoked"})]
        kept = await store.get(session_key("1"))
        assert kept is not None
        assert (kept.data["state"], kept.data["owner"]) == ("revoked", None)


async def test_the_end_of_a_freeze_is_noticed_although_the_client_is_closed(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, 1)
    account = sandbox.world.account(ANN)
    account.frozen = True
    async with running(sandbox, store, health_seconds=0.5) as manager:
        told: list[SessionNews] = []
        manager.on_news(told.append)
        await until(lambda: manager._core.recount is False)  # what is told once more at a start was told
        live = manager._pool.require_live("1")
        await manager._core.supervision.freeze("1", live)
        await until(lambda: [news.kind for news in told] == [NewsKind.FROZEN])
        await until(partial(manager._idle.close, "1"))
        account.frozen = False
        await until(lambda: told[1:] == [SessionNews(NewsKind.THAWED, "1")])
        assert (await manager.get_session_info(1))["status"] == "active"
