"""What the tests of carried files share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telethon.tl import types

from bybot.mirror.files import PART
from bybot.mirror.rules.book import Rules
from bybot.mirror.rules.transforms import Replace
from bybot.sandbox.pictures import noise
from bybot.sandbox.world.model import File, Message
from tests.mirror.support import Ground, until

ANEW = Rules(files="upload")
OLD_TO_NEW = Rules(transforms=(Replace("old", "new"),))
UPLOADS = ("getFile", "saveFilePart", "saveBigFilePart", "uploadMedia")


def big(g: Ground, parts: int = 6, **options: Any) -> File:
    """A document of some whole parts and a bit."""
    data = noise(3, PART * parts + 77)
    named = [types.DocumentAttributeFilename("long.bin")]
    return g.world.store_file(data, mime="application/zip", attributes=named, **options)


def file_of(message: Message) -> File:
    assert message.media is not None
    assert message.media.file is not None
    return message.media.file


def transfers(g: Ground) -> dict[str, int]:
    """How often each request that moves bytes was made."""
    return {name: count for name in UPLOADS if (count := g.running.counters.calls_of(name))}


def saved(g: Ground) -> int:
    calls = g.running.counters.calls_of
    return calls("saveFilePart") + calls("saveBigFilePart")


@asynccontextmanager
async def mirrored(g: Ground, count: int = 1, rules: Rules = ANEW, **options: Any) -> AsyncIterator[Any]:
    """Everything is copied, and the mirror runs on."""
    async with g.running_mirror(await g.client(), rules=rules, **options) as mirror:
        await until(lambda: mirror.progress and mirror.progress.phase == "live" and len(g.copies()) >= count, 20)
        yield mirror
