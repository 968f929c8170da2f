"""The checker's program: reads two channels with plain Telethon and an account of its own, then compares them.

It shares nothing with the product: it imports Telethon, the standard library and the comparison beside it.

    python -m bybot.sandbox.tour.checker --dc 2:127.0.0.1:4430 --rsa-key key.pem --phone 99966... \\
        --control http://127.0.0.1:8000/control --source @harbour --target @harbour_copy

Writes one JSON object per line: ``{"progress": {...}}`` while it works, at the end ``{"report": {...}}``.
Exit code: 0 the copy is faithful, 1 it is not, 2 it could not be judged.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.errors import RPCError
from telethon.sessions import MemorySession
from telethon.tl.types import Message

from bybot.sandbox.tour.compare import Entity, Post, Report, compare

_CONNECT_SECONDS = 20.0
_READ_SECONDS = 120.0
_DOWNLOADS_AT_ONCE = 16
_PROGRESS_EVERY = 100


@dataclass(frozen=True)
class Access:
    """How the checker reaches Telegram: its data centre, the file with the server's key, the checker's own phone."""

    dc: str
    rsa_key: Path
    phone: str
    control: str


@asynccontextmanager
async def reader(access: Access) -> AsyncIterator[TelegramClient]:
    """A logged-in Telethon client of the checker's account; the login is ended at the end."""
    number, host, port = access.dc.split(":")
    rsa.add_key(access.rsa_key.read_text(), old=False)
    session = MemorySession()
    session.set_dc(int(number), host, int(port))
    client = TelegramClient(session, 1, "0" * 32, receive_updates=False, device_model="checker")
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await client.connect()
            sent = await client.send_code_request(access.phone)
            code = await asyncio.to_thread(_code, access.control, access.phone)
            await client.sign_in(access.phone, code, phone_code_hash=sent.phone_code_hash)
        yield client
        async with asyncio.timeout(_CONNECT_SECONDS):
            await client.log_out()
    finally:
        await client.disconnect()


def _code(control: str, phone: str) -> str:
    """The login code that the sandbox sent to this account's own chat."""
    query = urllib.parse.urlencode({"phone": phone})
    with urllib.request.urlopen(f"{control}/code?{query}", timeout=10) as answer:
        return str(json.load(answer)["code"])


async def read_posts(client: TelegramClient, chat: str) -> list[Post]:
    """Every post of a channel, oldest first, with the hash of each file's bytes; service messages are left out."""
    limit = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
    async with asyncio.timeout(_READ_SECONDS):
        messages = [
            message
            async for message in client.iter_messages(chat, reverse=True, wait_time=0)
            if isinstance(message, Message)
        ]
        posts: list[Post] = []
        for start in range(0, len(messages), _PROGRESS_EVERY):
            part = messages[start : start + _PROGRESS_EVERY]
            posts.extend(await asyncio.gather(*(_post(client, message, limit) for message in part)))
            _say(progress={"chat": chat, "read": len(posts), "of": len(messages)})
    return posts


async def _post(client: TelegramClient, message: Any, limit: asyncio.Semaphore) -> Post:
    digest: str | None = None
    if message.photo or message.document:
        async with limit:
            content = await client.download_media(message, bytes)
        digest = hashlib.sha256(content).hexdigest()
    return Post(
        id=message.id,
        text=message.message or "",
        entities=tuple(_entity(entity) for entity in message.entities or ()),
        media=_media(message),
        file=digest,
        group=message.grouped_id,
        reply_to=message.reply_to.reply_to_msg_id if message.reply_to else None,
        protected=bool(message.noforwards),
    )


def _entity(entity: Any) -> Entity:
    argument = ""
    for name in ("url", "language", "user_id", "document_id"):
        argument = argument or str(getattr(entity, name, None) or "")
    return type(entity).__name__.removeprefix("MessageEntity"), entity.offset, entity.length, argument


def _media(message: Any) -> str:
    if message.photo:
        return "photo"
    if message.document:
        kind = "video" if message.video else "document"
        return f"{kind} {message.document.mime_type} {message.file.name or ''}".strip()
    if message.media is None or message.web_preview:
        return ""
    return type(message.media).__name__.removeprefix("MessageMedia").lower()


async def check(access: Access, source: str, target: str) -> Report:
    """Read both channels and compare them."""
    async with reader(access) as client:
        originals = await read_posts(client, source)
        copies = await read_posts(client, target)
    return compare(originals, copies)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(prog="checker", description="Compares a channel with its copy.")
    for name in ("dc", "phone", "control", "source", "target"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rsa-key", required=True, type=Path)
    options = parser.parse_args(arguments)
    access = Access(options.dc, options.rsa_key, options.phone, options.control)
    try:
        report = asyncio.run(check(access, options.source, options.target))
    except (OSError, TimeoutError, RPCError, ValueError) as error:
        print(f"The copy could not be judged: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    _say(report=report.as_dict())
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
