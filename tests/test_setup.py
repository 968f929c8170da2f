"""Setting up on a fresh machine: dev.py alone, with the standard library."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run_dev(*arguments: str, path: str | None = None, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PATH=path if path is not None else os.environ["PATH"])
    command = [python, "-S", "-E", str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def test_dev_needs_the_standard_library_alone() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text())
    names = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert names <= set(sys.stdlib_module_names)


def test_dev_lists_its_tasks() -> None:
    done = run_dev()
    assert done.returncode == 0
    for task in ("demo", "test", "lint", "run", "bench"):
        assert re.search(rf"^  {task} ", done.stdout, re.MULTILINE)


def test_an_unknown_task_is_refused_with_the_list() -> None:
    done = run_dev("dance")
    assert done.returncode == 2
    assert "demo" in done.stdout


def test_the_makefile_only_calls_dev() -> None:
    recipes = [line.strip() for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]
    assert recipes
    assert all(re.fullmatch(r"@\$\(PYTHON\) dev\.py( \$@ \$\(ARGS\))?", recipe) for recipe in recipes)


def test_without_venv_the_message_names_the_command_that_brings_it(tmp_path: Path) -> None:
    code = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1]); import dev; dev.VENV = sys.argv[2]; "
        "dev.BIN = dev.os.path.join(dev.VENV, 'bin'); dev.find_python = lambda: sys.argv[3]; dev.setup(dev.DEV)"
    )
    broken = tmp_path / "python3"
    broken.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    broken.chmod(0o755)
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "venv"), str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_old_python_is_not_taken(tmp_path: Path) -> None:
    for name in ("python3", "python"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\necho 3 9\n")
        old.chmod(0o755)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import dev; sys.executable = None; dev.find_python()"
    environment = dict(os.environ, PATH=str(tmp_path))
    command = [sys.executable, "-c", code, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_locked_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = re.findall(r"^([A-Za-z0-9_.\[\]-]+)==", text, re.MULTILINE)
    assert len(packages) > 20
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text
    assert "index-url" not in text


def test_what_runs_and_what_is_tested_are_the_same_versions() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime
