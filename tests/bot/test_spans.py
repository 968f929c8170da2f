"""Ranges as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bybot.bot.spans import read_span
from bybot.mirror.model import ByDates, ByIds


def day(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("120-480", ByIds(120, 480)),
        (" 120 – 480 ", ByIds(120, 480)),
        ("120-", ByIds(120)),
        ("１２０至４８０", ByIds(120, 480)),
        ("120 to 480", ByIds(120, 480)),
        ("https://t.me/harbour_news/120", ByIds(120)),
        ("https://t.me/harbour_news/120?single - https://t.me/harbour_news/480", ByIds(120, 480)),
        ("t.me/c/1234567890/55/120 - 480", ByIds(120, 480)),
        ("2026-01-31", ByDates(day(2026, 1, 31))),
        ("2026-01-31 - 2026-02-28", ByDates(day(2026, 1, 31), day(2026, 3, 1))),
        ("31.1.2026 bis 1.2.2026", ByDates(day(2026, 1, 31), day(2026, 2, 2))),
        ("2026年1月31日到2026年2月1日", ByDates(day(2026, 1, 31), day(2026, 2, 2))),
        ("2026/1/31~2026/1/31", ByDates(day(2026, 1, 31), day(2026, 2, 1))),
    ],
)
def test_ranges_are_understood(text: str, span: ByIds | ByDates) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "abc", "480-120", "0-5", "2026-02-30", "2026-02-01 - 2026-01-01", "5-2026-01-01", "1-2-3", "-5"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    assert read_span(text) is None
