"""A copied channel beside its source, read by plain Telethon and judged by nothing of the product.

A copy has the words, the formatting, the file and the album of its source, in the source's order, and replies to the
copy of what its source replies to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from telethon import TelegramClient


async def read(client: TelegramClient, channel: str) -> list[Any]:
    """Every post of a channel, oldest first; no service messages."""
    found = [message async for message in client.iter_messages(channel, limit=None, wait_time=0)]
    return [message for message in reversed(found) if message.action is None]


def differences(
    source: Sequence[Any],
    target: Sequence[Any],
    *,
    words: Callable[[str], str] = str,
    missing: Callable[[Any], bool] = lambda _: False,
) -> list[str]:
    """What is not as it should be, in sentences; empty when all is well.

    Args:
        words: what the rules make of a text, whose length they keep.
        missing: posts that should have no copy.
    """
    originals = [message for message in source if not message.noforwards and not missing(message)]
    wanted, found = (
        [_facts(each, originals, words) for each in originals],
        [_facts(each, target, str) for each in target],
    )
    if wanted == found:
        return []
    here, there = Counter(map(repr, wanted)), Counter(map(repr, found))
    told = [f"missing or not as it should be: {text}" for text in (here - there).elements()]
    told += [f"double, or nothing that should be there: {text}" for text in (there - here).elements()]
    for original, want, have in zip_longest([m.id for m in originals], wanted, found):
        if want != have:
            told.append(f"the first at another place is the copy of {original}: {have} instead of {want}")
            break
    return told


def _facts(message: Any, among: Sequence[Any], words: Callable[[str], str]) -> tuple[Any, ...]:
    group = [_media(each, words) for each in among if each.grouped_id and each.grouped_id == message.grouped_id]
    reply = message.reply_to.reply_to_msg_id if message.reply_to is not None else None
    answered = next((each for each in among if each.id == reply), None)
    return (
        *_content(message, words),
        [bytes(entity).hex() for entity in message.entities or ()],
        group if len(group) > 1 else [],
        None if answered is None else _content(answered, words),
    )


def _content(message: Any, words: Callable[[str], str]) -> tuple[Any, ...]:
    return words(message.message or ""), _media(message, words)


def _media(message: Any, words: Callable[[str], str]) -> Any:
    """What tells one medium from another, without what differs for each who looks."""
    media = message.media
    file = getattr(media, "document", None) or getattr(media, "photo", None)
    if file is not None:
        return type(file).__name__, file.id
    poll = getattr(media, "poll", None)
    if poll is not None:
        return "Poll", words(poll.question.text), [words(answer.text.text) for answer in poll.answers]
    geo = getattr(media, "geo", None)
    known = [getattr(media, name, None) for name in ("phone_number", "title", "emoticon")]
    page = getattr(media, "webpage", None)
    return type(media).__name__, geo and (geo.lat, geo.long), known, getattr(page, "url", None)
