"""Google's own Firestore emulator, when this machine has it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_SDKS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)


def find_jar() -> Path | None:
    """The emulator's jar: FIRESTORE_EMULATOR_JAR, the Google Cloud SDK's folder, or the Firebase cache."""
    named = os.environ.get("FIRESTORE_EMULATOR_JAR")
    if named:
        return Path(named) if Path(named).is_file() else None
    gcloud = shutil.which("gcloud")
    sdks = [Path(gcloud).resolve().parent.parent] if gcloud else []
    sdks += [Path.home() / "google-cloud-sdk", *map(Path, _SDKS)]
    folders = [sdk / "platform/cloud-firestore-emulator" for sdk in sdks]
    folders.append(Path.home() / ".cache/firebase/emulators")
    for folder in folders:
        jars = sorted(folder.glob("*firestore*.jar"))
        if jars:
            return jars[-1]
    return None


def why_missing() -> str | None:
    """Why the emulator cannot be started here; None when it can."""
    if find_jar() is None:
        return "Google's Firestore emulator was not found (FIRESTORE_EMULATOR_JAR, Google Cloud SDK, Firebase cache)"
    if shutil.which("java") is None:
        return "Google's Firestore emulator needs java"
    return None


@contextmanager
def running_emulator(logs: Path) -> Iterator[str]:
    """Start the emulator and give its ``host:port``; it ends with the block."""
    jar = find_jar()
    assert jar is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["java", "-Xmx512m", "-cp", str(jar), _MAIN, "start", "--host=127.0.0.1", f"--port={port}"]
    with logs.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            asyncio.run(_listening(port, process))
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _listening(port: int, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(40):
        while True:
            if process.poll() is not None:
                raise RuntimeError("the emulator ended at once")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                await writer.wait_closed()
                return
