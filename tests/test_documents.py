"""What people read and deploy says the same as the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bybot.bot.handlers import COMMANDS
from bybot.cli import app
from bybot.config import Settings

ROOT = Path(__file__).parent.parent
# Set by Render itself, or for tests alone: not for people to set.
NOT_FOR_PEOPLE = {"RENDER", "RENDER_INSTANCE_ID", "RENDER_GIT_COMMIT", "BYBOT_SABOTAGE"}
VARIABLES = {name.upper() for name in Settings.model_fields} - NOT_FOR_PEOPLE
READMES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_every_variable_is_in_the_readme(name: str) -> None:
    text = (ROOT / name).read_text()
    assert {variable for variable in VARIABLES if f"`{variable}`" not in text} == set()


@pytest.mark.parametrize("name", READMES)
def test_every_command_of_the_chat_is_in_the_readme(name: str) -> None:
    text = (ROOT / name).read_text()
    assert {command for command in COMMANDS if f"/{command}" not in text} == set()


@pytest.mark.parametrize("name", READMES)
def test_every_command_of_the_command_line_is_in_the_readme(name: str) -> None:
    text = (ROOT / name).read_text()
    shown = CliRunner().invoke(app, ["--help"]).output
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__name__ in shown
        assert f"python -m bybot {command.callback.__name__}" in text


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md"])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target


def test_both_readmes_have_the_same_tables_and_chapters() -> None:
    english, chinese = ((ROOT / name).read_text() for name in READMES)
    for pattern in (r"^#+ ", r"^\|", r"^```"):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M)), pattern


def test_the_example_file_and_the_blueprint_name_real_variables() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    blueprint = set(re.findall(r"- key: ([A-Z_]+)", (ROOT / "render.yaml").read_text()))
    assert example <= VARIABLES
    assert blueprint - {"PYTHON_VERSION"} <= VARIABLES
    assert {"BOT_TOKEN", "API_ID", "API_HASH", "FIREBASE_PROJECT_ID", "FIREBASE_CREDENTIALS"} <= blueprint


def test_the_blueprint_is_a_paid_web_service_with_a_made_key_and_a_health_check() -> None:
    text = (ROOT / "render.yaml").read_text()
    for line in ("type: web", "plan: starter", "healthCheckPath: /health", "startCommand: python -m bybot run"):
        assert line in text
    assert re.search(r"key: SESSION_ENCRYPTION_KEYS\s+generateValue: true", text)
    assert re.search(r"key: PYTHON_VERSION\s+value: 3\.\d+\.\d+", text)
    for secret in ("BOT_TOKEN", "API_HASH", "FIREBASE_CREDENTIALS"):
        assert re.search(rf"key: {secret}\s+sync: false", text)


def test_the_container_runs_the_same_program_with_a_volume() -> None:
    docker, compose = (ROOT / "Dockerfile").read_text(), (ROOT / "compose.yaml").read_text()
    assert 'CMD ["python", "-m", "bybot", "run"]' in docker
    assert "--require-hashes -r requirements.txt" in docker
    assert "USER bybot" in docker
    assert re.search(r"^VOLUME /data$", docker, re.M)
    assert "bybot-data:/data" in compose
    assert int(re.search(r"stop_grace_period: (\d+)s", compose)[1]) > 25  # type: ignore[index]


def test_commands_that_messages_name_work_without_installing_anything() -> None:
    """`make setup` installs no `bybot` command: people write `python -m bybot`."""
    sources = (ROOT / "bybot").rglob("*.py")
    named = [path for path in sources if re.search(r"`bybot [a-z-]", path.read_text())]
    assert named == []
