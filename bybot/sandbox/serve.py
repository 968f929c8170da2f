"""The sandbox as a process of its own: for people at a terminal, and as the child of a tour or test."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from bybot.sandbox.mtproto.switches import Switches
from bybot.sandbox.rsa import write_atomically
from bybot.sandbox.seed import load_seed
from bybot.sandbox.server import PUBLIC_KEY_FILE, Sandbox
from bybot.sandbox.tour.processes import Child, Children
from bybot.sandbox.world.model import HOME_DC


@dataclass(frozen=True)
class ServeOptions:
    """How to serve.

    Attributes:
        host, mtproto_port, http_port: where; 0 is any free port.
        dcs: the numbers of the data centres.
        firestore_port, socks_port: None leaves these servers out.
        state_dir: keys are kept there over a restart; None: a folder that is removed at the end.
        seed: a file, ``demo`` for the world that comes along, or None for an empty one.
        with_bot: run the product against it too, as a process of its own, for its first bot.
        ready_json: print one line of JSON with the addresses instead of a text for people.
        switches: rules that tests choose.
    """

    host: str = "127.0.0.1"
    dcs: tuple[int, ...] = (HOME_DC,)
    mtproto_port: int = 0
    http_port: int = 0
    firestore_port: int | None = None
    socks_port: int | None = None
    state_dir: Path | None = None
    seed: str | None = "demo"
    with_bot: bool = False
    ready_json: bool = False
    switches: Switches = field(default_factory=Switches)


def bot_environment(sandbox: Sandbox) -> dict[str, str]:
    """The environment variables with which bybot runs against a sandbox, for its first bot."""
    bots = [account for account in sandbox.world.accounts.all() if account.is_bot]
    addresses = sandbox.addresses()
    variables = {
        "BOT_TOKEN": (bots[0].bot_token or "") if bots else "",
        "API_ID": "20481",
        "API_HASH": "5f1c9a3e7b2d48060c8e4a1f9d7b3526",
        "BOT_API_URL": sandbox.bot_api_url,
        "TELEGRAM_DC": sandbox.dc_spec,
        "TELEGRAM_RSA_KEY_FILE": addresses["rsa_key_file"] or "",
        "ALLOWED_USERS": "*",
        "PACE": "off",
    }
    if sandbox.firestore_address:
        variables["FIRESTORE_EMULATOR_HOST"] = sandbox.firestore_address
    return {name: value for name, value in variables.items() if value}


async def serve(options: ServeOptions, *, out: TextIO | None = None) -> None:
    """Run a sandbox until SIGINT, SIGTERM or the control surface's stop.

    Args:
        options: how.
        out: where addresses are printed; standard output by default.

    Raises:
        OSError: a port is in use, or the seed cannot be read.
        ValueError, LookupError: the seed is wrong.
    """
    seed: dict[str, Any] = load_seed(options.seed) if options.seed else {}
    with ExitStack() as stack:
        folder = options.state_dir
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bybot-sandbox-")))
        sandbox = Sandbox(
            host=options.host,
            dcs=options.dcs,
            mtproto_port=options.mtproto_port,
            http_port=options.http_port,
            firestore_port=options.firestore_port,
            socks_port=options.socks_port,
            state_dir=folder,
            switches=options.switches,
            seed=seed,
        )
        async with sandbox:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, sandbox.stopped.set)
            try:
                async with _bot(sandbox, folder, wanted=options.with_bot) as bot:
                    _announce(sandbox, options, bot.log if bot else None, out or sys.stdout)
                    await _until_stopped(sandbox, bot, out or sys.stdout)
                    await asyncio.sleep(0.05)  # the answer to the control surface's stop leaves first
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)


@asynccontextmanager
async def _bot(sandbox: Sandbox, folder: Path, *, wanted: bool) -> AsyncIterator[Child | None]:
    """The product as a child process; None when it is not wanted."""
    if not wanted:
        yield None
        return
    key_file = folder / "encryption_key"
    if not key_file.exists():
        write_atomically(key_file, base64.b64encode(secrets.token_bytes(32)))
    environment = bot_environment(sandbox) | {
        "BOT_ID": "sandbox",
        "SESSIONS_DIR": str(folder / "sessions"),
        "SESSION_ENCRYPTION_KEYS": key_file.read_text(),
        "LEASE_SECONDS": "3",
        "PORT": "0",
        "HOST": "127.0.0.1",
    }
    async with Children() as children:
        log = folder / "bot.log"
        child = Child("bot", ["-m", "bybot", "run"], directory=folder, log=log, environment=environment)
        yield await children.start(child)


async def _until_stopped(sandbox: Sandbox, bot: Child | None, out: TextIO) -> None:
    """Wait for the end; a bot that ends before is told of, with its last words."""
    stopping = asyncio.ensure_future(sandbox.stopped.wait())
    ending = asyncio.ensure_future(bot.process.wait()) if bot is not None else None
    try:
        await asyncio.wait([f for f in (stopping, ending) if f is not None], return_when=asyncio.FIRST_COMPLETED)
        if bot is not None and not stopping.done():
            print(f"The bot has ended; the sandbox goes on.\n{bot.tail()}", file=out, flush=True)
        await stopping
    finally:
        stopping.cancel()
        if ending is not None:
            ending.cancel()


def _announce(sandbox: Sandbox, options: ServeOptions, log: Path | None, out: TextIO) -> None:
    environment = bot_environment(sandbox)
    if options.ready_json:
        line = {"ready": True, **sandbox.addresses(), "environment": environment}
        print(json.dumps(line), file=out, flush=True)
        return
    people = [a for a in sandbox.world.accounts.all() if a.phone]
    lines = [
        "A Telegram of your own is running.",
        "",
        f"  Chat page   {sandbox.page_url}",
        f"  Bot API     {sandbox.bot_api_url}<token>/<method>",
        f"  MTProto     {sandbox.dc_spec}  (public key: {PUBLIC_KEY_FILE} in {sandbox.state_dir})",
    ]
    if sandbox.firestore_address:
        lines.append(f"  Firestore   {sandbox.firestore_address}")
    if people:
        names = ", ".join(f"{a.first_name} (+{a.phone})" for a in people)
        lines += ["", f"  People      {names}"]
    if log is not None:
        lines += [f"  Bot         @{_bot_name(sandbox)} is running; its log: {log}"]
        lines += ["", f"Open {sandbox.page_url} and send /start to the bot."]
    else:
        lines += ["", "Run a bot against it with these variables:", ""]
        lines += [f"  {name}={value}" for name, value in environment.items()]
    lines += ["", "Ctrl-C ends it."]
    print("\n".join(lines), file=out, flush=True)


def _bot_name(sandbox: Sandbox) -> str:
    return next((a.username or a.first_name for a in sandbox.world.accounts.all() if a.is_bot), "bot")
