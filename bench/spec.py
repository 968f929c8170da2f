"""What a measured child process is told, and how it answers: one JSON line in, JSON lines out."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BOT_ID = "bench"
#: What the text rule of the bench puts before every text.
MARK = "» "


@dataclass(frozen=True)
class Spec:
    """One run of one program.

    Attributes:
        dc: the sandbox as ``id:host:port``; rsa_pem: its public key.
        key: a ready auth key of ``account``.
        source, target: usernames of the channels.
        posts: how many copies are expected.
        directory: stored sessions, or where our store is.
        settle: seconds to wait before memory is read.
        secret: key of the vault, base64.
        firestore: address of the Firestore that holds our sessions; empty: they are in the directory.
        paced: at the pace of an installation, and not as fast as possible.
    """

    dc: str
    rsa_pem: str
    key: bytes = b""
    account: int = 0
    source: str = ""
    target: str = ""
    posts: int = 0
    directory: str = ""
    settle: float = 1.0
    secret: str = ""
    firestore: str = ""
    paced: bool = False

    def to_json(self) -> str:
        """As one line."""
        return json.dumps({**asdict(self), "key": self.key.hex()})

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """The inverse of :meth:`to_json`."""
        fields = json.loads(text)
        return cls(**{**fields, "key": bytes.fromhex(fields["key"])})


def emit(**line: Any) -> None:
    """Tell the harness."""
    print(json.dumps(line), flush=True)


def cpu_seconds() -> float:
    """Processor time that this process has used, its threads included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_bytes(pid: int | None = None) -> int:
    """Resident memory of a process (None: this one), in bytes.

    Raises:
        OSError: the process is gone.
    """
    statm = Path(f"/proc/{pid or os.getpid()}/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    answer = subprocess.run(["ps", "-o", "rss=", "-p", str(pid or os.getpid())], capture_output=True, text=True)
    if not answer.stdout.strip():
        raise ProcessLookupError(f"no process {pid}")
    return int(answer.stdout) * 1024
