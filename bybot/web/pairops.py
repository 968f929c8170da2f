"""The operator's operations on files of pairs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from bybot.errors import UnreadablePairs
from bybot.mirror.exchange.model import MOST_BYTES, Document, Start
from bybot.mirror.exchange.reading import read
from bybot.web.operation import Facts, Hands, Operation

#: Many pairs of an account that Telegram slows down take their time.
_LONG: Final = 3600.0


async def export_pairs(hands: Hands, user: str) -> Facts:
    """The pairs and settings of a person as the text of a file (docs/pairs-file.md). Raises StoreUnavailable."""
    text, count = await hands.mirror.export_pairs(user, await hands.languages.get(user))
    return {"user_id": user, "pairs": count, "file": text}


async def import_pairs(
    hands: Hands,
    user: str,
    file: Path | bytes | None = None,
    dry_run: bool = False,
    start: Start = "new",
    settings: bool = True,
) -> Facts:
    """Make the pairs of a file, for the account of that user.

    Args:
        file: what it holds, or where it is.
        dry_run: only look at what would become of each entry.
        start: where the pairs begin: with the posts from now on, or where the file says.
        settings: take its settings over, too.

    Raises:
        UnreadablePairs: it is no file of pairs.
        SessionError, StoreUnavailable: nothing was made.
    """
    if file is None:
        raise ValueError("file: nothing was sent.")
    document = await asyncio.to_thread(_read, file)
    if dry_run:
        report = await hands.mirror.plan_import(user, document, start)
        return {"user_id": user, **report.to_value()}
    report = await hands.mirror.import_pairs(user, document, start, settings=settings)
    facts: dict[str, Any] = {"user_id": user, **report.to_value()}
    if settings and document.preferences.language is not None:
        await hands.languages.set(user, document.preferences.language)
        facts["preferences"] = ["language", *facts["preferences"]]
    return facts


def _read(file: Path | bytes) -> Document:
    if isinstance(file, bytes):
        return read(file)
    if file.stat().st_size > MOST_BYTES:
        raise UnreadablePairs("The file is too large.", why="too_large")
    return read(file.read_bytes())


PAIRS: Final = (
    Operation("pairs.export", "GET", "/users/{user}/pairs/file", export_pairs, acts=False),
    Operation("pairs.import", "POST", "/users/{user}/pairs/file", import_pairs, seconds=_LONG, upload="file"),
)
