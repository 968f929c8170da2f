"""Durations, times, numbers and short titles as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from bybot.bot.texts import Language, has, plain

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(language: Language, seconds: float) -> str:
    """``95`` becomes ``1 min 35 s``: at most two units, rounded up to whole seconds, never below one second."""
    left = max(1, int(-(-seconds // 1)))
    if left >= 3_600:  # nobody plans by seconds over an hour
        left = -(-left // 60) * 60
    parts: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(plain(language, f"unit.{name}", n=count))
        elif parts:
            break
        if len(parts) == 2:
            break
    return plain(language, "unit.join").join(parts)


def until(language: Language, moment: datetime, now: datetime) -> str:
    """A moment ahead: the time alone when it is today, else with the date; in UTC."""
    moment, now = moment.astimezone(UTC), now.astimezone(UTC)
    form = "%H:%M" if moment.date() == now.date() else "%Y-%m-%d %H:%M"
    return plain(language, "unit.at", time=moment.strftime(form))


def from_now(language: Language, moment: datetime, now: datetime) -> str:
    """``in 3 min``."""
    return plain(language, "unit.in", time=duration(language, (moment - now).total_seconds()))


def ago(language: Language, moment: datetime, now: datetime) -> str:
    """``3 min ago``; ``now`` within the last two minutes."""
    seconds = (now - moment).total_seconds()
    if seconds < 120:
        return plain(language, "unit.now")
    name, size = next((name, size) for name, size in _UNITS if seconds >= size)
    return plain(language, "unit.ago", time=plain(language, f"unit.{name}", n=int(seconds // size)))


def date(language: Language, moment: datetime) -> str:
    """A moment in the past, in UTC."""
    return plain(language, "unit.at", time=moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M"))


def number(value: int) -> str:
    """Thousands set apart by a narrow space: ``12 345``."""
    return f"{value:,}".replace(",", "\u202f")


def skipped(language: Language, counts: Mapping[str, int]) -> str:
    """``3 protected, 2 service messages``; kinds without a name of their own keep theirs."""
    parts = []
    for kind, count in counts.items():
        if count:
            key = f"unit.{kind}"
            text = plain(language, key, n=number(count)) if has(key) else f"{number(count)} {kind}"
            parts.append(text)
    return plain(language, "list.join").join(parts)


def bar(share: float, width: int = 12) -> str:
    """A bar of blocks for a share from 0 to 1."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "▓" * full + "░" * (width - full)


def short(title: str, width: int = 28) -> str:
    """A title cut to that many columns (a Chinese character takes two), without line breaks or control marks."""
    clean = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in title).split())
    used = 0
    for index, char in enumerate(clean):
        used += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > width:
            return clean[: max(1, index - 1)].rstrip() + "…"
    return clean
