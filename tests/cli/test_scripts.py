"""What scripts import from bybot: facts and handles of sessions, from any process."""

from __future__ import annotations

import pickle
import sys

import pytest

from bybot import BybotError, force_refresh, get_session, get_session_info
from bybot.commands.reach import reach
from bybot.deployment import Deployment
from bybot.errors import NoSession
from bybot.sandbox.server import Sandbox
from tests.cli.support import ANN, LI_WEI, deployed, plant, script
from tests.deployment.conftest import MakeSettings
from tests.waiting import until

SCRIPT = """
import asyncio, json, sys
from bybot import force_refresh, get_session, get_session_info

async def main():
    session = await get_session(int(sys.argv[1]))
    refreshed = await session.refresh()
    print(json.dumps([session.works, session.connected, refreshed["status"], (await get_session_info())["owner"]]))

asyncio.run(main())
"""


async def test_a_script_finds_the_stored_session_and_has_it_checked_without_a_login(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    settings = make_settings()
    keys = await plant(settings, sandbox, ANN)
    session = await get_session(settings=settings)
    assert (session.user_id, session.works, session.connected, session.owner) == (str(ANN), True, False, None)
    assert session.last_used_at is not None
    assert not sandbox.counters.calls, "asking for a handle connects nobody"
    refreshed = await session.refresh()
    assert (refreshed["status"], refreshed["account_id"]) == ("active", ANN)
    assert sandbox.counters.calls_of("auth.sendCode") == 0
    everything = repr(session).encode() + pickle.dumps((session.facts, refreshed, await session.info()))
    assert keys[ANN] not in everything
    assert keys[ANN].hex().encode() not in everything


async def test_another_process_refreshes_through_the_owner(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    async with deployed(settings) as deployment:
        token = deployment.manager.token(ANN)
        asked = sandbox.counters.calls_of("users.getUsers", ANN)
        done = await script(variables, sys.executable, "-c", SCRIPT, str(ANN))
        assert done.code == 0, done.err
        works, connected, status, owner = done.json
        assert (works, connected, status) == (True, True, "active")
        assert owner == deployment.manager.instance
        assert sandbox.counters.calls_of("users.getUsers", ANN) == asked + 1
        assert deployment.manager.token(ANN) == token
    assert sandbox.counters.duplicate_violations == 0


async def test_a_revocation_is_seen_by_a_refresh_and_told_to_every_script(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    sandbox.auth.revoke(ANN)
    assert (await force_refresh(ANN, settings=settings))["status"] == "revoked"
    assert (await get_session(ANN, settings=settings)).works is False


async def test_without_a_session_and_without_a_name_scripts_are_told_what_to_do(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    settings = make_settings()
    with pytest.raises(NoSession):
        await get_session(settings=settings)
    with pytest.raises(NoSession, match="of 77"):
        await get_session(77, settings=settings)
    with pytest.raises(NoSession, match="of 77"):
        await force_refresh(77, settings=settings)
    assert (await get_session_info(77, settings=settings))["status"] == "no_session"
    await plant(settings, sandbox, ANN, LI_WEI)
    with pytest.raises(BybotError, match="2 stored sessions"):
        await get_session(settings=settings)


async def test_who_asks_while_the_sessions_move_to_a_later_process_is_answered_by_that_one(
    make_settings: MakeSettings, sandbox: Sandbox
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    async with deployed(settings) as former, reach(settings) as operator:
        assert (await operator.call("test", user=str(ANN)))["works"] is True
        async with Deployment(settings) as later:
            await until(lambda: later.manager.state == "active", seconds=20)
            tested = await operator.call("test", user=str(ANN))
            assert tested["works"] is True
            assert former.manager.state != "active"
    assert sandbox.counters.duplicate_violations == 0
