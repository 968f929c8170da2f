"""Rules that hold for every line of the package, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "bybot").rglob("*.py"))
PRODUCT = [path for path in FILES if "sandbox" not in path.parts]


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_ever_reads_standard_input() -> None:
    asking = {"input", "getpass.getpass", "getpass", "typer.prompt", "typer.confirm", "click.prompt", "click.confirm"}
    found = [f"{path}: {name}" for path in FILES for name, _ in calls(path) if name in asking]
    found += [str(path) for path in FILES if "sys.stdin" in (ROOT / path).read_text()]
    # TelegramClient.start() asks for phone and code on standard input.
    found += [f"{path}: {name}" for path in PRODUCT for name, _ in calls(path) if name.endswith("client.start")]
    assert found == []


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_time_comes_from_the_clock_and_is_aware(path: Path) -> None:
    if path.name in {"clock.py", "disk.py"}:
        return  # the local store's file work is blocking code in threads of its own
    forbidden = {"time.time", "time.monotonic", "time.sleep", "datetime.utcnow", "datetime.datetime.now"}
    wrong = [name for name, _ in calls(path) if name in forbidden]
    naive = [name for name, call in calls(path) if name == "datetime.now" and not call.args and not call.keywords]
    assert wrong + naive == []


def test_no_file_names_a_package_registry() -> None:
    skipped = {".git", ".venv", "sessions", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    registries = ("pypi" + ".org", "files.python" + "hosted", "--index" + "-url http")
    for path in ROOT.rglob("*"):
        if path.is_file() and not skipped & set(path.relative_to(ROOT).parts) and path.suffix != ".png":
            text = path.read_text(errors="replace")
            assert not any(name in text for name in registries), path
