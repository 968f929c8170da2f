"""``python -m bybot sessions export, import, attach``: one login, one user of it at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, get_args

import pytest
from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from bybot.commands.moving import FormName
from bybot.sandbox.server import Sandbox
from bybot.sessions.imported import Form
from tests.cli.support import ANN, LI_WEI, bybot, deployed, plant
from tests.deployment.conftest import MakeSettings


def test_the_forms_are_those_that_there_are() -> None:
    assert sorted(get_args(FormName)) == sorted(Form)


async def speaks(sandbox: Sandbox, session: Any) -> int:
    """The account that a stock client is logged in as with this session."""
    TelegramClient._config = None
    client = TelegramClient(session, 12345, "0123456789abcdef0123456789abcdef")
    await client.connect()
    try:
        return int((await client.get_me()).id)
    finally:
        await client.disconnect()


@pytest.mark.parametrize("running", [False, True], ids=["alone", "through the bot"])
async def test_an_exported_login_works_elsewhere_and_rests_here_until_it_is_attached(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path, running: bool
) -> None:
    settings = make_settings()
    keys = await plant(settings, sandbox, ANN)
    file = tmp_path / "ann.session"

    async def there_and_back() -> None:
        exported = await bybot(variables, "sessions", "export", str(ANN), "--to", str(file), "--json")
        assert exported.code == 0, exported.err
        assert exported.json == {"user_id": str(ANN), "form": "telethon-file", "dc_id": 2, "account_id": ANN} | {
            "where": str(file)
        }
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert keys[ANN].hex() not in exported.out + exported.err
        assert await speaks(sandbox, SQLiteSession(str(file))) == ANN
        asleep = await bybot(variables, "sessions", "test", str(ANN), "--json")
        assert (asleep.code, asleep.json["works"], asleep.json["status"]) == (1, False, "detached"), asleep
        attached = await bybot(variables, "sessions", "attach", str(ANN))
        assert attached.code == 0, attached.err
        assert f"It works: account {ANN}." in attached.out

    if not running:
        await there_and_back()
    else:
        async with deployed(settings):
            await there_and_back()
    assert sandbox.counters.duplicate_violations == 0


async def test_a_login_is_imported_from_a_string_and_connects_only_when_it_is_attached(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, LI_WEI)
    string = tmp_path / "liwei.txt"
    printed = await bybot(variables, "sessions", "export", str(LI_WEI), "--to", "-", "--form", "telethon-string")
    assert printed.code == 0, printed.err
    assert StringSession(printed.out.strip()).dc_id == 2
    assert "detached" in printed.err
    string.write_text(printed.out)
    assert (await bybot(variables, "sessions", "clear", str(LI_WEI))).code in (0, 1)
    async with deployed(settings):
        imported = await bybot(variables, "sessions", "import", str(string), "--user", "77", "--json")
        assert imported.code == 0, imported.err
        assert (imported.json["form"], imported.json["state"]) == ("telethon-string", "detached")
        assert (await bybot(variables, "sessions", "info", "77", "--json")).json["status"] == "detached"
        again = await bybot(variables, "sessions", "import", str(string), "--user", "78", "--json")
        assert (again.code, again.json["error"]["code"]) == (1, "key_in_use"), again
        assert string.read_text() == printed.out, "what is imported is only read"


async def test_what_cannot_be_moved_is_refused_and_nothing_is_left_behind(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    await plant(make_settings(), sandbox, ANN)
    noise, there, new = tmp_path / "noise", tmp_path / "there", tmp_path / "new"
    noise.write_text("nothing of the kind")
    there.write_text("somebody's")
    for arguments, code in (
        (["import", str(noise), "--user", "77"], 65),
        (["import", str(noise)], 2),
        (["import", str(tmp_path / "none"), "--user", "77"], 2),
        (["export", str(ANN), "--to", str(there)], 2),
        (["export", str(ANN), "--to", "-"], 2),
        (["export", str(ANN), "--to", str(new), "--form", "telegram"], 2),
        (["export", "42", "--to", str(new)], 66),
        (["attach", "42"], 66),
    ):
        refused = await bybot(variables, "sessions", *arguments)
        assert refused.code == code, (arguments, refused)
        assert refused.err
    assert there.read_text() == "somebody's"
    assert not new.exists()
    assert (await bybot(variables, "sessions", "test", str(ANN))).code == 0


async def test_a_directory_of_an_older_version_is_brought_over(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    session = SQLiteSession(str(old / f"user_{ANN}.session"))
    host, port = sandbox.mtproto_address
    session.set_dc(2, host, port)
    data = os.urandom(256)
    sandbox.auth.add_ready_key(data, ANN)
    session.auth_key = AuthKey(data)
    session.save()
    session.close()
    planned = await bybot(variables, "sessions", "import", str(old), "--dry-run", "--json")
    assert (planned.code, list(planned.json["migrated"].values())) == (0, [str(ANN)]), planned
    async with deployed(make_settings()):
        done = await bybot(variables, "sessions", "import", str(old))
        assert done.code == 0, done.err
        assert f"became the session of {ANN}" in done.out
        attached = await bybot(variables, "sessions", "attach", str(ANN), "--json")
        assert (attached.code, attached.json["connected"]) == (0, True), attached
    assert (
        await bybot(variables, "sessions", "import", "--stored")
    ).out == "No session of an older layout was found.\n"
