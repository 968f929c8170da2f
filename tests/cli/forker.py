"""Starts commands as processes of their own without loading everything each time: ``python -m tests.cli.forker``.

It has loaded what the command line needs, reads a JSON request a line, and forks. A child runs the command line as
``python -m bybot`` does; its output and its exit code go into files.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bybot import cli

for name in ("bybot.commands.reach", "bybot.commands.scripts", "bybot.config", "rich.table"):
    import_module(name)


def child(request: dict[str, Any], folder: Path) -> None:
    """Become the command."""
    for name, number in (("out", 1), ("err", 2)):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["bybot", *request["arguments"]]
    code: Any = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1 if code else 0)


def main() -> None:
    running: dict[int, Path] = {}
    asked = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.01 if running else None)
        if ready:
            received = os.read(0, 65536)
            if not received:
                break
            asked += received
        while b"\n" in asked:
            line, asked = asked.split(b"\n", 1)
            request = json.loads(line)
            folder = Path(request["folder"])
            pid = os.fork()
            if pid == 0:
                child(request, folder)
            running[pid] = folder
            (folder / "pid.part").write_text(str(pid))
            (folder / "pid.part").rename(folder / "pid")
        for pid in list(running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                folder = running.pop(pid)
                (folder / "code.part").write_text(str(os.waitstatus_to_exitcode(status)))
                (folder / "code.part").rename(folder / "code")
    for pid in running:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
