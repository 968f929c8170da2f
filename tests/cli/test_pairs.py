"""``python -m bybot pairs export, import``: through the running bot, and alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bybot.commands import shownpairs
from bybot.mirror.exchange.model import Wrong
from bybot.mirror.model import New
from bybot.mirror.pairs import PairBook
from bybot.sandbox.control_client import ControlClient
from bybot.sandbox.server import Sandbox
from tests.cli.support import ANN, bybot, deployed, opened, plant
from tests.deployment.conftest import MakeSettings
from tests.waiting import until

TARGET = -1001000000200


def pairs_file(folder: Path, *pairs: dict[str, Any], **settings: Any) -> str:
    file = folder / "pairs.json"
    value = {"format": "bybot-pairs", "version": 1, "settings": settings, "pairs": pairs}
    file.write_text(json.dumps(value, indent=1))
    return str(file)


GOOD = {"source": {"name": "@source"}, "target": {"id": TARGET}}
BAD = {"source": {"name": "@nobody_here"}, "target": {"id": TARGET}}


def copies(sandbox: Sandbox) -> list[str]:
    target = next(channel for channel in sandbox.world.channels.all() if channel.title == "Target")
    return [message.text for message in target.messages if message.action is None]


@pytest.mark.parametrize("running", [False, True], ids=["alone", "through the bot"])
async def test_pairs_are_imported_and_exported(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path, running: bool
) -> None:
    settings = make_settings()
    await plant(settings, sandbox, ANN)
    file = pairs_file(tmp_path, GOOD, BAD, language="zh", rules={"edits": "ignore"})
    written = tmp_path / "written.json"

    async def there_and_back() -> None:
        looked = await bybot(variables, "pairs", "import", str(ANN), file, "--dry-run")
        assert looked.code == 1, looked
        assert "Would be made: Source → Target" in looked.out
        assert "pairs[2].source: the account finds no such chat" in looked.out
        assert json.loads((await bybot(variables, "pairs", "export", str(ANN))).out)["pairs"] == []
        done = await bybot(variables, "pairs", "import", str(ANN), file, "--json")
        assert (done.code, done.json["preferences"]) == (1, ["language", "rules"]), done
        assert [item["fate"] for item in done.json["items"]] == ["new", "failed"]
        again = await bybot(variables, "pairs", "import", str(ANN), file, "--json", "--no-settings")
        assert [item["fate"] for item in again.json["items"]] == ["exists", "failed"]
        exported = await bybot(variables, "pairs", "export", str(ANN), str(written), "--json")
        assert (exported.code, exported.json["pairs"], exported.json["where"]) == (0, 1, str(written)), exported
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
        facts = json.loads(written.read_text())
        assert facts["settings"] == {"language": "zh", "rules": facts["settings"]["rules"]}
        assert facts["settings"]["rules"]["edits"] == "ignore"
        assert facts["pairs"][0]["source"]["name"] == "@source"
        assert (await bybot(variables, "pairs", "import", str(ANN), str(written))).code == 0

    async with ControlClient(sandbox.control_url) as control:
        if not running:
            await there_and_back()
            await control.post("@liwei", "@source", "while nothing runs")
            async with opened(settings) as store:
                assert [pair.mode for pair in await PairBook(store).of(ANN)] == [New()]
            assert copies(sandbox) == []
            async with deployed(settings):
                await until(lambda: copies(sandbox) == ["while nothing runs"], seconds=20)
        else:
            async with deployed(settings):
                await there_and_back()
                await control.post("@liwei", "@source", "while it runs")
                await until(lambda: copies(sandbox) == ["while it runs"], seconds=20)
    assert sandbox.counters.duplicate_violations == 0


async def test_what_cannot_be_done_ends_with_an_exit_code_that_tells(
    make_settings: MakeSettings, sandbox: Sandbox, variables: dict[str, str], tmp_path: Path
) -> None:
    await plant(make_settings(), sandbox, ANN)
    noise, large, there = tmp_path / "noise", tmp_path / "large", tmp_path / "there"
    noise.write_text("API_HASH=0123secret\nSESSION_STRING=1BVsecret\n")
    large.write_bytes(b" " * 1_000_001)
    there.write_text("somebody's")
    good = pairs_file(tmp_path, GOOD)
    for arguments, code in (
        (["import", str(ANN), str(noise)], 65),
        (["import", str(ANN), str(large)], 65),
        (["import", str(ANN), str(tmp_path / "none")], 2),
        (["import", str(ANN), good, "--start", "never"], 2),
        (["import", "77", good], 66),
        (["export", str(ANN), str(there)], 2),
        (["export", str(ANN), "-", "--json"], 2),
        (["export", str(ANN), str(tmp_path / "no" / "folder")], 2),
    ):
        refused = await bybot(variables, "pairs", *arguments)
        assert refused.code == code, (arguments, refused)
        assert "secret" not in refused.out + refused.err
    assert there.read_text() == "somebody's"
    nobody = await bybot(variables, "pairs", "export", "77")
    assert (nobody.code, json.loads(nobody.out)["pairs"]) == (0, [])


def test_everything_that_a_file_can_have_wrong_has_words() -> None:
    assert set(Wrong) <= set(shownpairs._WORDS)
