"""The ground on which both sides are measured: one sandbox process, its channels, keys and stored sessions."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import httpx
from telethon.tl.types import Channel, ChatPhotoEmpty, User

from bench import raw, stored
from bench.crowd import store_crowd
from bench.harness import LINE_BYTES, ProgramFailed, Side
from bench.rawcrowd import write_crowd
from bench.spec import Spec, resident_bytes

_COMMAND_SECONDS = 300.0
_ENTITIES = 200
_CHANNEL_STATES = 50
_HEALTHY_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Crowd:
    """A program's specification, and the ids of source and target of each of its pairs."""

    spec: Spec
    pairs: list[tuple[int, int]]


class Ground:
    """An async context manager: starts the sandbox, and ends it with everything that was put on disk."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._directory = Path()
        self._facts: dict[str, Any] = {}
        self._source = ""
        self._sessions: dict[tuple[int, str], dict[Side, Spec]] = {}
        self._secret = base64.b64encode(os.urandom(32)).decode()

    async def __aenter__(self) -> Ground:
        self._directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bybot-bench-"))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
            start_new_session=True,
        )
        self._facts = await self._ask("hello")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def _ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(_COMMAND_SECONDS):
            line = await self._process.stdout.readline()
        if not line:
            raise ProgramFailed("the sandbox of the bench ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _spec(self, user: dict[str, Any], **fields: Any) -> Spec:
        return Spec(
            dc=self._facts["dc"],
            rsa_pem=self._facts["rsa_pem"],
            account=user["account"],
            key=bytes.fromhex(user["key"]),
            secret=self._secret,
            **fields,
        )

    async def sound(self) -> None:
        """Raises ProgramFailed when a request had no handler, or a key was used from two places."""
        found = await self._ask("violations")
        if found["unknown"] or found["duplicates"]:
            raise ProgramFailed(f"the sandbox saw {found}")

    # Cloning and live ---------------------------------------------------------------------------------------------

    async def corpus(self, posts: int) -> None:
        """Make the source with a history."""
        self._source = (await self._ask("corpus", count=posts))["source"]

    async def clone_spec(self, posts: int) -> Spec:
        """A run of cloning into a new target."""
        target = (await self._ask("target"))["target"]
        directory = await asyncio.to_thread(tempfile.mkdtemp, dir=self._directory)
        return self._spec(
            await self._ask("copier"), source=self._source, target=target, posts=posts, directory=directory
        )

    async def expect_posts(self, chat: str, count: int) -> dict[str, Any]:
        """What the target holds now.

        Raises:
            ProgramFailed: another number of posts.
        """
        found = await self._ask("posts", chat=chat)
        if found["posts"] != count:
            raise ProgramFailed(f"{found['posts']} of {count} posts were copied")
        return found

    async def live_spec(self) -> Spec:
        """A new copying account with a source that it follows and a target."""
        found = await self._ask("live")
        directory = await asyncio.to_thread(tempfile.mkdtemp, dir=self._directory)
        return self._spec(found["copier"], source=found["source"], target=found["target"], directory=directory)

    async def post_film(self, spec: Spec, size: int) -> None:
        """Post a file of so many bytes into the source, and wait for its copy, the first post of the target."""
        await self._ask("film", chat=spec.source, size=size)
        for _ in range(int(_COMMAND_SECONDS / _LOOK_SECONDS)):
            if (await self._ask("posts", chat=spec.target))["posts"]:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise ProgramFailed("the file was not copied")

    async def observer_specs(self) -> tuple[Spec, Spec]:
        """The poster of all sources and the watcher of all targets, each with a new key."""
        found = await self._ask("observers")
        return self._spec(found["poster"]), self._spec(found["watcher"])

    # Many sessions ------------------------------------------------------------------------------------------------

    async def session_specs(
        self, count: int, settle: float, store: Literal["local", "firestore"] = "local"
    ) -> dict[Side, Spec]:
        """Store so many sessions for each side, with 200 entities and 50 channel states each; the same ones when asked
        for again."""
        wanted = (count, store)
        if wanted not in self._sessions:
            self._sessions[wanted] = await self._store_sessions(count, store)
        return {side: replace(spec, settle=settle) for side, spec in self._sessions[wanted].items()}

    async def _store_sessions(self, count: int, store: str) -> dict[Side, Spec]:
        users = (await self._ask("sessions", count=count))["users"]
        directory = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._directory))
        plain, ours = directory / "plain", directory / "ours"
        fields = {"posts": count}
        firestore = self._facts["firestore"] if store == "firestore" else ""
        spec = self._spec({"account": 0, "key": ""}, directory=str(ours), firestore=firestore, **fields)
        rows = raw.entity_rows(*acquaintances())
        states = [(_channel_id(number), 1000 + number) for number in range(_CHANNEL_STATES)]
        await asyncio.to_thread(stored.write_plain, plain, users, rows, states)
        await stored.write_ours(spec, users, rows, states)
        return {"raw": self._spec({"account": 0, "key": ""}, directory=str(plain), **fields), "ours": spec}

    # A crowd ------------------------------------------------------------------------------------------------------

    async def crowd(self, side: Side, count: int, *, each: int = 1) -> Crowd:
        """So many pairs for one side, some on each account, of which none has others' sources or targets."""
        users = (await self._ask("crowd", count=-(-count // each), each=each))["users"]
        ends = [(pair["source"]["id"], pair["target"]["id"]) for user in users for pair in user["pairs"]]
        directory = await asyncio.to_thread(tempfile.mkdtemp, dir=self._directory)
        spec = self._spec({"account": 0, "key": ""}, directory=directory, posts=len(ends), settle=0.0)
        if side == "raw":
            await asyncio.to_thread(write_crowd, spec, users)
        else:
            await store_crowd(spec, users)
        return Crowd(spec, ends)

    async def stream(self, crowd: Crowd, posts: int, rate: float) -> list[float]:
        """Post so many at a rate into all sources of a crowd, in turn; the seconds that each copy took."""
        found = await self._ask("stream", pairs=crowd.pairs, count=posts, rate=rate)
        latencies: list[float] = found["latencies"]
        return latencies

    # The whole product --------------------------------------------------------------------------------------------

    async def idle_bot_bytes(self, idle_seconds: float, store: Literal["local", "firestore"]) -> int:
        """Start ``python -m bybot run`` without any session, let it idle, and read its resident memory."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        directory = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._directory))
        await asyncio.to_thread((directory / "telegram.pem").write_text, self._facts["rsa_pem"])
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        environment |= {
            "PYTHONPATH": os.getcwd(),
            "BOT_TOKEN": self._facts["bot_token"],
            "API_ID": "94575",
            "API_HASH": "f00dcafe" * 4,
            "TELEGRAM_DC": self._facts["dc"],
            "TELEGRAM_RSA_KEY_FILE": str(directory / "telegram.pem"),
            "BOT_API_URL": self._facts["bot_api"],
            "SESSIONS_DIR": str(directory / "sessions"),
            "SESSION_ENCRYPTION_KEYS": self._secret,
            "ALLOWED_USERS": "*",
            "PORT": str(port),
        }
        if store == "firestore":
            environment |= {
                "USE_LOCAL_STORAGE": "false",
                "FIREBASE_PROJECT_ID": "bybot-bench",
                "FIRESTORE_EMULATOR_HOST": self._facts["firestore"],
            }
        log = directory / "bot.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bybot", "run", cwd=directory, env=environment, stdout=output, stderr=output
            )
        try:
            await _until_active(port, process, log)
            await asyncio.sleep(idle_seconds)
            return resident_bytes(process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
                async with asyncio.timeout(30):
                    await process.wait()


async def _until_active(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(_HEALTHY_SECONDS), httpx.AsyncClient(timeout=2, trust_env=False) as client:
        while True:
            if process.returncode is not None:
                raise ProgramFailed(f"the bot ended: {await asyncio.to_thread(log.read_text)}")
            try:
                if (await client.get(f"http://127.0.0.1:{port}/health")).json().get("state") == "active":
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(0.05)


def _channel_id(number: int) -> int:
    return 1_000_000 + number


def acquaintances() -> tuple[list[User], list[Channel]]:
    """The people and channels that a stored session remembers: 200 in all."""
    channels = [
        Channel(
            id=_channel_id(number),
            title=f"Channel number {number}",
            photo=ChatPhotoEmpty(),
            date=None,
            access_hash=10**15 + number,
            username=f"channel_number_{number}",
            broadcast=True,
        )
        for number in range(_CHANNEL_STATES)
    ]
    users = [
        User(
            id=2_000_000 + number,
            access_hash=10**16 + number,
            first_name=f"First {number}",
            last_name="Family",
            username=f"first_family_{number}",
            phone=f"4477009{number:05}",
        )
        for number in range(_ENTITIES - _CHANNEL_STATES)
    ]
    return users, channels
