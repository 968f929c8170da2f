"""Set up and run everything with one command: `python3 dev.py demo` (or `make demo`). Standard library alone.

Finds a Python of 3.11 or newer, makes `.venv`, installs the locked requirements with their hashes, and runs the task.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "bin")
NEWEST, OLDEST = 14, 11
DEV = "requirements-dev.txt"
RUNTIME = "requirements.txt"

TASKS = {
    "demo": "play the tour: the whole product against the embedded sandbox",
    "test": "run the tests",
    "lint": "check style (ruff) and types (mypy --strict)",
    "run": "run the bot with the configuration in .env",
    "model": "play random schedules of two processes and a bad store in virtual time (--schedules N --seed S)",
    "chaos": "real processes, killed, frozen and cut off at random (--rounds N --seed S)",
    "kill": "the mirror, killed at any moment, and its target compared (--rounds N --seed S)",
    "properties": "posts, faults and people at random, and the target as the rules say (--sequences N --seed S)",
    "soak": "many pairs for long: no memory, task or file descriptor stays behind (--pairs N --posts N)",
    "mutants": "take each safeguard of sessions and mirror away and see that it is noticed",
    "fidelity": "ask Telegram's own test servers what the sandbox assumes (docs/fidelity.md)",
    "bench": "measure the figures, as ratios to raw Telethon",
    "sandbox": "serve the sandbox with its chat page on this machine",
    "setup": "only make .venv and install everything",
}


def fail(text: str) -> None:
    sys.stderr.write(text.rstrip() + "\n")
    raise SystemExit(1)


def version_of(python: str) -> tuple[int, int] | None:
    code = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        out = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
        major, minor = out.stdout.split()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return int(major), int(minor)


def find_python() -> str:
    """The Python that runs this file when it is new enough, else the newest on the PATH."""
    names = [sys.executable] + [f"python3.{n}" for n in range(NEWEST, OLDEST - 1, -1)] + ["python3", "python"]
    for name in names:
        path = shutil.which(name) if name else None
        version = version_of(path) if path else None
        if path and version and version >= (3, OLDEST):
            return path
    fail(
        f"bybot needs Python 3.{OLDEST} or newer, and there is none on the PATH.\n"
        "  Debian, Ubuntu: sudo apt install python3 python3-venv\n  macOS:          brew install python"
    )
    return ""


def missing_venv(python: str) -> str:
    return (
        "This Python cannot make a virtual environment: its module venv (with pip) is missing.\n"
        "  Debian, Ubuntu: sudo apt install python3-venv\n  Fedora:         sudo dnf install python3-pip\n"
        f"Then run the same command again.   (Python: {python})"
    )


def make_venv() -> None:
    python = find_python()
    modules = [python, "-c", "import venv, ensurepip"]
    if subprocess.run(modules, stderr=subprocess.DEVNULL).returncode != 0:
        fail(missing_venv(python))
    print(f"Making .venv with {python}", flush=True)
    if subprocess.run([python, "-m", "venv", "--clear", VENV]).returncode != 0:
        fail(missing_venv(python))


def stamp_of(requirements: str) -> str:
    digest = hashlib.sha256()
    for name in (requirements, "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed(requirements: str) -> bool:
    """Whether .venv works and holds these requirements (those for development include those for running)."""
    if version_of(os.path.join(BIN, "python")) is None:
        return False
    for candidate in {requirements, DEV}:
        try:
            with open(os.path.join(VENV, candidate + ".stamp")) as file:
                if file.read() == stamp_of(candidate):
                    return True
        except OSError:
            continue
    return False


def setup(requirements: str) -> None:
    """Make .venv where it is missing or broken, and install the locked list when it changed."""
    if installed(requirements):
        return
    version = version_of(os.path.join(BIN, "python"))
    if version is None or version < (3, OLDEST):
        make_venv()
    print(f"Installing {requirements} into .venv (a minute or two the first time)", flush=True)
    pip = [os.path.join(BIN, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--require-hashes", "--requirement", os.path.join(ROOT, requirements)]).returncode != 0:
        fail(
            "The packages could not be installed. Look at pip's message above; most often there is no way to a\n"
            "package index (check the network or your pip configuration). Then run the same command again."
        )
    with open(os.path.join(VENV, requirements + ".stamp"), "w") as file:
        file.write(stamp_of(requirements))


def call(*command: str) -> int:
    environment = dict(os.environ, PATH=BIN + os.pathsep + os.environ.get("PATH", ""), VIRTUAL_ENV=VENV)
    try:
        return subprocess.call([os.path.join(BIN, "python"), "-m", *command], cwd=ROOT, env=environment)
    except KeyboardInterrupt:
        return 130


def run_task(task: str, rest: list[str]) -> int:
    setup(RUNTIME if task in {"demo", "sandbox", "run"} else DEV)
    if task == "demo":
        return call("bybot", "sandbox", "--tour", *rest)
    if task == "sandbox":
        return call("bybot", "sandbox", "--serve", *rest)
    if task == "run":
        return call("bybot", "run", *rest)
    if task == "test":
        return call("pytest", "-n", "auto", *rest)
    if task in {"model", "chaos", "mutants", "fidelity"}:
        return call(f"tests.{task}", *rest)
    if task in {"kill", "properties", "soak"}:
        return call(f"tests.force.{task}", *rest)
    if task == "bench":
        return call("bench", *rest)
    if task == "lint":
        checks = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))
        return max([call(*check) for check in checks])
    return 0


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in TASKS:
        print("Usage: python3 dev.py TASK [OPTIONS]\n")
        for name, text in TASKS.items():
            print(f"  {name:10} {text}")
        return 0 if not arguments or arguments[0] in {"help", "-h", "--help"} else 2
    if os.name == "nt":
        fail("bybot runs on Linux and macOS. On Windows use WSL 2: wsl --install, then the same command there.")
    return run_task(arguments[0], arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
