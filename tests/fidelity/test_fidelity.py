"""The sandbox answers every question as it is written down, and docs/fidelity.md names them all."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bybot.sandbox.mtproto.switches import Switches
from tests.fidelity.__main__ import Credentials, credentials, main
from tests.fidelity.checks import CHECKS
from tests.fidelity.play import play
from tests.sandbox.support import ready_client, running_server

DOCUMENT = Path(__file__).parents[2] / "docs" / "fidelity.md"
#: Switches that stand for a rule which is not known, not for a limit that a test wants smaller.
UNPROVED = {
    "duplicate_key",
    "send_flood",
    "resend_code",
    "exports_after_a_move",
    "repeated_forward",
    "forwarded_buttons",
}


async def test_the_sandbox_answers_as_it_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_server() as running:
        one, two = (running.world.create_account(f"P{n}", phone=f"44770090009{n}") for n in range(2))
        async with ready_client(running, one) as a, ready_client(running, two) as b:
            code = await play(a, b)
        assert all(channel.deleted for channel in map(running.world.channel, one.channels))
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert f"{len(CHECKS)} of {len(CHECKS)} as assumed" in shown


async def test_another_rule_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_server(switches=Switches(repeated_forward="refuse")) as running:
        one, two = (running.world.create_account(f"P{n}", phone=f"44770090009{n}") for n in range(2))
        async with ready_client(running, one, request_retries=0) as a, ready_client(running, two) as b:
            assert await play(a, b) == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_the_document_names_every_assumption_and_switch() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [c.question for c in CHECKS if f"| {c.question} | {c.assumed} |" not in text] == []
    assert {f.name for f in fields(Switches)} >= UNPROVED
    assert [name for name in sorted(UNPROVED) if f"`{name}`" not in text] == []


def test_every_switch_is_a_rule_or_a_number_of_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [f.name for f in fields(Switches) if f"`{f.name}`" not in text] == []


GOOD = {"FIDELITY_API_ID": "1", "FIDELITY_API_HASH": "x", "FIDELITY_PHONES": "9996621234, +9996625678"}


def test_credentials_that_are_complete_are_taken() -> None:
    given = credentials(GOOD)
    assert isinstance(given, Credentials)
    assert given.phones == ("9996621234", "+9996625678")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"FIDELITY_API_ID": ""}, ["FIDELITY_API_ID is missing"]),
        ({"FIDELITY_API_ID": "secret"}, ["FIDELITY_API_ID is no number"]),
        ({"FIDELITY_API_HASH": ""}, ["FIDELITY_API_HASH is missing"]),
        ({"FIDELITY_PHONES": ""}, ["FIDELITY_PHONES is missing"]),
        ({"FIDELITY_PHONES": "9996621234"}, ["1 numbers instead of two"]),
        ({"FIDELITY_PHONES": "9996621234,+447700900123"}, ["99966XYYYY"]),
        (dict.fromkeys(GOOD, ""), ["FIDELITY_API_ID", "FIDELITY_API_HASH", "FIDELITY_PHONES"]),
    ],
)
def test_what_is_missing_or_wrong_is_said_without_its_value(change: dict[str, str], words: list[str]) -> None:
    said = credentials(GOOD | change)
    assert isinstance(said, list)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))
    assert not any(value in sentence for value in change.values() if value for sentence in said)


async def test_without_credentials_nothing_is_asked_and_the_exit_code_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    assert await main() == 2
    said = capsys.readouterr().err
    assert all(name in said for name in (*GOOD, "docs/fidelity.md"))
