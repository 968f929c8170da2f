"""``python -m bybot backup``, ``restore`` and ``sessions rotate-keys``, while a bot runs and while none does."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from bybot.sandbox.server import Sandbox
from tests.cli.support import ANN, LI_WEI, bybot, deployed, plant
from tests.deployment.conftest import KEY, MakeSettings

OTHER_KEY = "6r1cUvlTkNqfKqzXwLZkFVVKpHHTLqiyuHxpBm0b3Xk="


async def test_a_backup_is_restored_into_an_empty_store_and_its_logins_wait_to_be_attached(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    await plant(make_settings(), sandbox, ANN, LI_WEI)
    file = tmp_path / "out" / "a.bybot-backup"
    file.parent.mkdir()
    made = await bybot(variables, "backup", "--to", str(file), "--json")
    assert made.code == 0, made.err
    assert (made.json["where"], made.json["sessions"], made.json["sealed"]) == (str(file), 2, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    elsewhere = variables | {"SESSIONS_DIR": str(tmp_path / "elsewhere")}
    restored = await bybot(elsewhere, "restore", str(file))
    assert restored.code == 0, restored.err
    assert f"Detached: {ANN}" in restored.out
    assert "sessions attach" in restored.out
    info = await bybot(elsewhere, "sessions", "info", str(ANN), "--json")
    assert (info.code, info.json["status"]) == (1, "detached")
    assert not sandbox.counters.calls, "nothing connected"


async def test_while_a_bot_runs_it_makes_lists_and_restores_backups_itself(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], firestore: dict[str, str], tmp_path: Path
) -> None:
    settings, everything = make_settings(**firestore), variables | firestore
    await plant(settings, sandbox, ANN)
    file = tmp_path / "a.bybot-backup"
    async with deployed(settings) as deployment:
        token = deployment.manager.token(ANN)
        made, written = await asyncio.gather(
            bybot(everything, "backup", "--json"), bybot(everything, "backup", "--to", str(file))
        )
        assert (made.code, written.code) == (0, 0), made.err + written.err
        listed, by_name, by_file = await asyncio.gather(
            bybot(everything, "backup", "--list", "--json"),
            bybot(everything, "restore", made.json["name"], "--json"),
            bybot(everything, "restore", str(file), "--json"),
        )
        assert [entry["name"] for entry in listed.json["backups"]] == [made.json["name"]]
        for restored in (by_name, by_file):
            assert restored.code == 0, restored.err
            assert (restored.json["kept"]["user_sessions"], restored.json["detached"]) == (1, [])
        assert deployment.manager.token(ANN) == token


async def test_what_cannot_be_restored_is_named_and_changes_nothing(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    await plant(make_settings(), sandbox, ANN)
    file = tmp_path / "a.bybot-backup"
    assert (await bybot(variables, "backup", "--to", str(file))).code == 0
    altered = bytearray(file.read_bytes())
    altered[len(altered) // 2] ^= 1
    spoiled = tmp_path / "b.bybot-backup"
    spoiled.write_bytes(altered)
    for source, code in ((str(spoiled), 65), ("20200101T000000Z-00000000", 65), (str(tmp_path / "none.x"), 2)):
        refused = await bybot(variables, "restore", source)
        assert refused.code == code, refused
        assert refused.err
    nowhere = await bybot(variables, "backup", "--to", str(tmp_path / "none" / "b"))
    assert (nowhere.code, "is not there" in nowhere.err) == (2, True)
    wrong = variables | {"SESSION_ENCRYPTION_KEYS": OTHER_KEY, "SESSIONS_DIR": str(tmp_path / "elsewhere")}
    assert (await bybot(wrong, "restore", str(file))).code == 78
    taken = await bybot(variables | {"SESSION_ENCRYPTION_KEYS": OTHER_KEY}, "backup", "--to", str(tmp_path / "c"))
    assert taken.code == 78, "a backup under another key than the store's would open with neither"
    assert (await bybot(variables, "sessions", "test", str(ANN))).code == 0


async def test_keys_are_rotated_and_the_old_one_is_not_needed_any_more(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    await plant(make_settings(), sandbox, ANN)
    both = variables | {"SESSION_ENCRYPTION_KEYS": f"{OTHER_KEY},{KEY}"}
    async with deployed(make_settings()):
        early = await bybot(both, "sessions", "rotate-keys", "--json")
        assert (early.code, early.json["error"]["problems"][0]["variable"]) == (78, "SESSION_ENCRYPTION_KEYS")
        assert "Restart the bot" in early.json["error"]["problems"][0]["next_step"]
    async with deployed(make_settings(SESSION_ENCRYPTION_KEYS=f"{OTHER_KEY},{KEY}")):
        through = await bybot(both, "sessions", "rotate-keys", "--json")
        assert (through.code, through.json["complete"]) == (0, True), through
        assert through.json["resealed"] > 0
    again = await bybot(both, "sessions", "rotate-keys")
    assert (again.code, "can be removed" in again.out) == (0, True), again
    new = variables | {"SESSION_ENCRYPTION_KEYS": OTHER_KEY}
    assert (await bybot(new, "sessions", "test", str(ANN))).code == 0
    assert (await bybot(variables, "sessions", "test", str(ANN))).code == 78
