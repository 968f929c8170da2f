"""What sessions cost the store while nobody does anything with them: nothing."""

from __future__ import annotations

from bybot.sandbox.server import Sandbox
from bybot.sessions.idle import Limits
from bybot.sessions.manager import UserSessionManager
from bybot.sessions.records import RecordSettings
from bybot.stores.base import Store
from tests.sessions.support import FaultyStore, plant_session, running, until

USERS = 4


async def test_checks_sweeps_and_sleep_write_nothing_but_the_lease(sandbox: Sandbox, any_store: Store) -> None:
    store = FaultyStore(inner=any_store)
    for user in range(USERS):
        await plant_session(sandbox, store, user, sandbox.world.create_account(f"Person {user}").id)
    async with running(
        sandbox,
        store,
        lease_seconds=1.5,
        health_seconds=0.4,
        checkpoint_seconds=0.2,
        records=RecordSettings(sweep_every=0.05, flush_every=0.05),
        limits=Limits(idle_seconds=0.5),
    ) as manager:
        manager.keep_alive(0)
        await manager.get_user_client(0)  # it may sleep already
        await until(lambda: len(manager.ready_users()) == 1)  # the others sleep
        await checked(manager, 2)
        await until(lambda: not manager._core.recount and not manager._pool.unsaved)
        store.commits.clear()
        await checked(manager, 3)
        await until(lambda: len(store.commits) >= 2)
        assert {write.key.collection for writes in store.commits for write in writes} == {"instances"}


async def checked(manager: UserSessionManager, times: int) -> None:
    """Telegram was asked about logins so many times more."""
    wanted = manager.health.checks + times
    await until(lambda: manager.health.checks >= wanted)
