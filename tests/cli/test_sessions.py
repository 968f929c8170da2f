"""``python -m bybot sessions ...``: processes of their own, while a bot runs and while none does."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime

import pytest

from bybot.mirror.model import ChannelPair, ChatRef, New
from bybot.mirror.pairs import PairBook
from bybot.sandbox.server import Sandbox
from bybot.sessions.model import session_key
from tests.cli.support import ANN, LI_WEI, bybot, deployed, opened, plant, script, start
from tests.deployment.conftest import MakeSettings


def logins(sandbox: Sandbox) -> int:
    """How many times a code was asked for or a login tried."""
    return sandbox.counters.calls_of("auth.sendCode") + sandbox.counters.calls_of("auth.signIn")


async def test_without_a_bot_sessions_are_listed_from_the_store_and_nothing_connects(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    await plant(make_settings(), sandbox, ANN, LI_WEI)
    listed = await bybot(variables, "sessions", "list", "--json")
    assert listed.code == 0, listed.err
    assert listed.json["total"] == 2
    assert [(s["user_id"], s["status"], s["connected"]) for s in listed.json["sessions"]] == [
        (str(ANN), "active", False),
        (str(LI_WEI), "active", False),
    ]
    table = await bybot(variables, "sessions", "list")
    assert table.code == 0
    assert str(ANN) in table.out
    assert "2 sessions" in table.out
    assert not sandbox.counters.calls


async def test_without_a_bot_a_session_is_tested_by_this_process_which_gives_everything_back(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN, LI_WEI)
    module = (sys.executable, "-W", "error", "-m", "bybot")
    tested = await script(variables, *module, "sessions", "test", str(ANN), "--json")
    assert tested.code == 0, tested.err
    assert tested.json == {
        "user_id": str(ANN),
        "works": True,
        "status": "active",
        "account_id": ANN,
        "name": "Ann Ash",
        "username": "ann",
        "message": "The session works.",
    }
    assert logins(sandbox) == 0
    async with opened(settings) as store:
        tested_one, other = [await store.get(session_key(str(user))) for user in (ANN, LI_WEI)]
    assert tested_one is not None
    assert other is not None
    assert (tested_one.data["owner"], tested_one.data["token"]) == (None, 4)
    assert (other.data["owner"], other.data["token"]) == (None, 3), "only what is needed is claimed"


async def test_while_a_bot_runs_commands_are_requests_to_it(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    async with deployed(settings) as deployment:
        token = deployment.manager.token(ANN)
        tested, refreshed, listed, shown = await asyncio.gather(
            bybot(variables, "sessions", "test", str(ANN)),
            bybot(variables, "sessions", "refresh", str(ANN), "--json"),
            bybot(variables, "sessions", "list", "--json"),
            bybot(variables, "sessions", "info", str(ANN), "--json"),
        )
        assert tested.code == 0, tested.err
        assert tested.out == f"The session of {ANN} works: Ann Ash (@ann), account {ANN}.\n"
        assert (refreshed.code, refreshed.json["status"], refreshed.json["connected"]) == (0, "active", True)
        assert listed.json["sessions"][0]["connected"] is True
        assert (shown.code, shown.json["status"], shown.json["connected"]) == (0, "active", True)
        assert deployment.manager.token(ANN) == token, "the owner stays the owner"
        cleared = await bybot(variables, "sessions", "clear", str(ANN))
        assert cleared.code == 0, cleared.err
        assert cleared.out == f"The session of {ANN} was logged out at Telegram and removed.\n"
        assert (await bybot(variables, "sessions", "info", str(ANN))).code == 66
    assert sandbox.counters.duplicate_violations == 0


async def test_the_same_holds_with_firestore(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], firestore: dict[str, str]
) -> None:
    settings = make_settings(**firestore)
    everything = variables | firestore
    await plant(settings, sandbox, ANN, LI_WEI)
    alone = await bybot(everything, "sessions", "test", str(ANN))
    assert alone.code == 0, alone.err
    async with deployed(settings):
        through = await bybot(everything, "sessions", "test", str(ANN))
        assert through.code == 0, through.err
        cleaned = await bybot(everything, "sessions", "cleanup", "--days", "0.000000001", "--dry-run", "--json")
        assert cleaned.code == 0, cleaned.err
        assert (cleaned.json["dry_run"], cleaned.json["checked"]) == (True, 2)
    assert sandbox.counters.duplicate_violations == 0


async def test_cleaning_up_without_a_bot_leaves_sessions_alone_that_mirror(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN, LI_WEI)
    chats = [ChatRef(number, "chat", username="chat") for number in (-1001, -1002)]
    pair = ChannelPair("p", str(ANN), chats[0], chats[1], New(), datetime(2026, 1, 1, tzinfo=UTC))
    async with opened(settings) as store:
        await PairBook(store).add(pair)
    cleaned = await bybot(variables, "sessions", "cleanup", "--days", "0.000000001", "--json")
    assert cleaned.code == 0, cleaned
    assert cleaned.json["removed"] == [str(LI_WEI)]
    assert list(cleaned.json["skipped"]) == [str(ANN)]
    assert "mirroring" in cleaned.json["skipped"][str(ANN)]


async def test_an_ended_login_is_said_with_its_reason_and_an_exit_code(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    await plant(make_settings(), sandbox, ANN)
    sandbox.auth.revoke(ANN)
    tested = await bybot(variables, "sessions", "test", str(ANN), "--json")
    assert tested.code == 1
    assert (tested.json["works"], tested.json["status"]) == (False, "revoked")
    info = await bybot(variables, "sessions", "info", str(ANN))
    assert info.code == 1
    assert "revoked" in info.out


@pytest.mark.parametrize("running", [False, True], ids=["alone", "through the bot"])
async def test_what_is_not_there_has_its_own_exit_code_and_names_the_next_step(
    make_settings: MakeSettings, variables: dict[str, str], running: bool
) -> None:
    async def ask() -> None:
        tested, info, cleared = await asyncio.gather(
            bybot(variables, "sessions", "test", "../77", "--json"),
            bybot(variables, "sessions", "info", "77", "--json"),
            bybot(variables, "sessions", "clear", "77"),
        )
        assert (tested.code, tested.json["error"]["code"]) == (66, "no_session"), tested
        assert tested.json["error"]["next_step"]
        assert (info.code, info.json["status"]) == (66, "no_session")
        assert cleared.code == 66
        assert cleared.out.startswith("There is no stored session of 77.")

    if not running:
        return await ask()
    async with deployed(make_settings()):
        return await ask()


async def test_a_holder_that_does_not_answer_is_named_and_its_lease_is_respected(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    async with deployed(settings) as deployment:
        await deployment.web.stop()
        refused = await bybot(variables, "sessions", "test", str(ANN), "--json", "--wait", "0.5")
        assert refused.code == 75
        assert refused.json["error"]["code"] == "owner_unreachable"
        assert refused.json["error"]["address"] == f"http://127.0.0.1:{deployment.web.port}"
        listed = await bybot(variables, "sessions", "list", "--json")
        assert (listed.code, listed.json["sessions"][0]["status"]) == (0, "leased")
    assert sandbox.counters.duplicate_violations == 0


async def test_sigterm_and_ctrl_c_end_a_command_within_five_seconds_and_give_the_right_back(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    await plant(make_settings(), sandbox, ANN)
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        silence = sandbox.faults.add(kind="latency", seconds=60, method="users.getUsers")
        command = start(variables, "sessions", "test", str(ANN))
        assert await sandbox.faults.wait_fired(silence.id)
        await command.send_signal(number)
        assert (await command.ended(5)).code == code
        sandbox.faults.clear()
    assert (await bybot(variables, "sessions", "test", str(ANN))).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sessions", "test"], "USER"),
        (["sessions", "cleanup", "--days", "-1"], "--days"),
        (["sessions", "cleanup", "--days", "0"], "every session"),
        (["sessions", "dance"], "dance"),
        (["sessions", "info", "", "--json"], "must not be empty"),
        (["sessions", "import", __file__, "--user", "1" * 201], "at most 200"),
        (["sessions", "list", "--env-file", "/nowhere"], "/nowhere is not there"),
    ],
)
async def test_wrong_usage_is_said_with_exit_code_2(
    variables: dict[str, str], arguments: list[str], words: str
) -> None:
    done = await bybot(variables, *arguments)
    assert done.code == 2
    assert words in done.err


async def test_a_wrong_configuration_is_named_and_no_value_shown(variables: dict[str, str]) -> None:
    broken = variables | {"API_HASH": "not-a-hash-5150"}
    said = await bybot(broken, "sessions", "list")
    assert (said.code, said.out) == (78, "")
    assert "API_HASH" in said.err
    assert "not-a-hash" not in said.err
    as_json = await bybot(broken, "sessions", "list", "--json")
    assert (as_json.code, as_json.json["error"]["problems"][0]["variable"]) == (78, "API_HASH")


async def test_a_wrong_key_is_named_and_nothing_is_changed(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    wrong = variables | {"SESSION_ENCRYPTION_KEYS": "6r1cUvlTkNqfKqzXwLZkFVVKpHHTLqiyuHxpBm0b3Xk="}
    refused = await bybot(wrong, "sessions", "test", str(ANN))
    assert refused.code == 78
    assert "SESSION_ENCRYPTION_KEYS" in refused.err
    assert (await bybot(variables, "sessions", "test", str(ANN))).code == 0
