"""The processes of the tour and how they are set up: sandbox, bot, checker."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bybot.sandbox.tour import cast
from bybot.sandbox.tour.model import Sabotage, StoreChoice, TourFailed
from bybot.sandbox.tour.processes import Child, Children

_SANDBOX_SECONDS = 20.0
_BOT_SECONDS = 40.0
_CHECKER_SECONDS = 150.0
LEASE_SECONDS = 3


@dataclass(frozen=True)
class Addresses:
    """Where the sandbox's servers are, as its process reported."""

    dc: str
    rsa_key: Path
    bot_api: str
    control: str
    page: str
    firestore: str | None


class Stage:
    """Starts and restarts the three processes.

    Args:
        directory: for logs, the server's key and the bot's data.
        store: where the bot keeps its data.
        sabotage: handed to the bot.
    """

    def __init__(self, children: Children, directory: Path, store: StoreChoice, sabotage: Sabotage) -> None:
        self._children = children
        self._directory = directory
        self._store = store
        self._sabotage = sabotage
        self._secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self._starts = 0
        self._port = 0
        self.sandbox: Child | None = None
        self.bot: Child | None = None
        self._addresses: Addresses | None = None

    @property
    def addresses(self) -> Addresses:
        """Where the sandbox is; it must have been started."""
        if self._addresses is None:
            raise TourFailed("the sandbox was not started")
        return self._addresses

    def _child(self, name: str, arguments: list[str], **options: Any) -> Child:
        log = self._directory / f"{name}.log"
        return Child(name, arguments, directory=self._directory, log=log, **options)

    async def start_sandbox(self) -> Child:
        """Start the Telegram of the tour and wait until it listens."""
        arguments = [
            "-m",
            "bybot.sandbox",
            "--ready-json",
            "--seed",
            "none",
            "--state-dir",
            str(self._directory / "sandbox"),
        ]
        if self._store == "firestore":
            arguments += ["--firestore-port", "0"]
        child = await self._children.start(self._child("sandbox", arguments, capture=True))
        try:
            async with asyncio.timeout(_SANDBOX_SECONDS):
                line = await child.stdout.readline()
        except TimeoutError:
            raise child.failure(f"the sandbox did not start within {_SANDBOX_SECONDS:.0f} seconds") from None
        if not line:
            await child.process.wait()
            child.check()
        facts = json.loads(line)
        self._addresses = Addresses(
            dc=facts["dc"],
            rsa_key=Path(facts["rsa_key_file"]),
            bot_api=facts["bot_api"],
            control=facts["control"],
            page=facts["page"],
            firestore=facts["firestore"],
        )
        self.sandbox = child
        return child

    async def start_bot(self) -> Child:
        """Start the product as an operator does, and wait until it owns its sessions.

        With Firestore every start has an empty disk and another host name, as on Render.
        """
        self._starts += 1
        self._port = self._port or _free_port()
        child = self._child("bot", ["-m", "bybot", "run"], environment=self._bot_environment())
        await self._children.start(child)

        async def active() -> bool:
            return (await self.health()).get("state") == "active"

        await self._children.until(active, "the bot is ready", seconds=_BOT_SECONDS, alive=[child])
        self.bot = child
        return child

    def _bot_environment(self) -> dict[str, str]:
        where = self.addresses
        host = f"host-{self._starts}" if self._store == "firestore" else "host"
        environment = {
            "BOT_TOKEN": cast.BOT_TOKEN,
            "API_ID": "94575",
            "API_HASH": "f00dcafe" * 4,
            "TELEGRAM_DC": where.dc,
            "TELEGRAM_RSA_KEY_FILE": str(where.rsa_key),
            "BOT_API_URL": where.bot_api,
            "SESSIONS_DIR": str(self._directory / f"sessions-{host}"),
            "SESSION_ENCRYPTION_KEYS": self._secret,
            "ALLOWED_USERS": "*",
            "PORT": str(self._port),
            "HOST": "127.0.0.1",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "PACE": "off",  # allowed against another Telegram only
            "BOT_ID": "tour",
            "HOSTNAME": host,
            "RENDER_INSTANCE_ID": host,
        }
        if self._store == "firestore":
            environment |= {
                "USE_LOCAL_STORAGE": "false",
                "FIREBASE_PROJECT_ID": "bybot-tour",
                "FIRESTORE_EMULATOR_HOST": where.firestore or "",
            }
        if self._sabotage:
            environment["BYBOT_SABOTAGE"] = f"drop={self._sabotage.drop},double={self._sabotage.double}"
        return environment

    async def health(self) -> dict[str, Any]:
        """What the bot's service says about itself; empty while it does not answer."""
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                answer = await client.get(f"http://127.0.0.1:{self._port}/health")
                found: dict[str, Any] = answer.json()
                return found
        except (httpx.HTTPError, ValueError):
            return {}

    async def check(self, progress: Callable[[int], None]) -> dict[str, Any]:
        """Let the checker judge the copy.

        Args:
            progress: called with the number of posts it has read so far.

        Returns:
            Its report.
        """
        where = self.addresses
        arguments = ["-m", "bybot.sandbox.tour.checker", "--dc", where.dc, "--rsa-key", str(where.rsa_key)]
        arguments += ["--phone", cast.CHECKER_PHONE, "--control", where.control]
        arguments += ["--source", cast.SOURCE, "--target", cast.TARGET]
        child = await self._children.start(self._child("checker", arguments, capture=True))
        try:
            async with asyncio.timeout(_CHECKER_SECONDS):
                report = await self._report(child, progress)
        except TimeoutError:
            raise child.failure(f"the checker took longer than {_CHECKER_SECONDS:.0f} seconds") from None
        if report is None:
            raise child.failure("the checker could not judge the copy")
        return report

    @staticmethod
    async def _report(child: Child, progress: Callable[[int], None]) -> dict[str, Any] | None:
        read: dict[str, int] = {}
        report: dict[str, Any] | None = None
        async for line in child.stdout:
            said = json.loads(line)
            if "report" in said:
                report = said["report"]
            else:
                read[said["progress"]["chat"]] = said["progress"]["read"]
                progress(sum(read.values()))
        await child.process.wait()
        return report


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
