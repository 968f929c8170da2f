"""What reaches the log: everything but secrets."""

from __future__ import annotations

import json
import logging

import pytest

from bybot.log import Redaction, setup_logging

TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


@pytest.fixture(autouse=True)
def _keep_logging_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    "secret",
    [TOKEN, "+44 7700 900123".replace(" ", ""), "1" + "A" * 340 + "=", "hunter2!"],
)
def test_a_secret_never_reaches_the_log(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", "text", ["hunter2!"])
    logging.getLogger("bybot.test").info("the value %s stands here", secret)
    shown = capsys.readouterr().err
    assert secret not in shown
    assert "[hidden] stands here" in shown


def test_a_traceback_is_cleaned_too(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", "text")
    try:
        raise ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe failed")
    except ValueError:
        logging.getLogger("bybot.test").exception("a request failed")
    shown = capsys.readouterr().err
    assert TOKEN not in shown
    assert "ValueError: https://api.telegram.org/bot[hidden]/getMe failed" in shown


def test_json_lines_parse(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", "json")
    logging.getLogger("bybot.test").warning("für %d 人", 3)
    entry = json.loads(capsys.readouterr().err)
    assert (entry["level"], entry["logger"], entry["message"]) == ("WARNING", "bybot.test", "für 3 人")
    assert entry["time"].endswith("+00:00")


def test_plain_numbers_and_times_stay_readable() -> None:
    text = "post 1234567890 at 2026-11-20T10:00:00+00:00 from 127.0.0.1:8080"
    assert Redaction().clean(text) == text
