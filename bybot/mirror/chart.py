"""A picture of what a pair did day by day: one bar a day, its parts one above the other.

Only digits are drawn: the words for the colours stand in the text beside it, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any, Final

from bybot.mirror.daybook import Day

WIDTH: Final = 960
HEIGHT: Final = 480
#: Copied, edited, deleted, left out: from the bottom of a bar upwards.
COLOURS: Final = ("#2f80d8", "#f2b035", "#e0503f", "#a9b2ba")
_BACKGROUND: Final = "#ffffff"
_LINES: Final = "#e4e8eb"
_WORDS: Final = "#5c6770"
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 20, 24, 44
_FONT: Final = 17
#: Dates below the bars, at most.
_DATES: Final = 8


@dataclass(frozen=True)
class Layout:
    """Where the bars of a chart stand, in pixels.

    Attributes:
        days: from the first to the last one, without gaps.
        top: what the highest line stands for.
    """

    days: tuple[date, ...]
    top: int

    @classmethod
    def of(cls, numbers: Mapping[date, Day], last: date, count: int) -> Layout:
        """The ``count`` days up to ``last``."""
        days = tuple(last - timedelta(days=count - 1 - at) for at in range(count))
        return cls(days, _round_up(max(sum(numbers.get(day, Day()).values()) for day in days)))

    def columns(self, at: int) -> tuple[int, int]:
        """The first and the last column of a day's bar."""
        step = (WIDTH - _LEFT - _RIGHT) / len(self.days)
        first = _LEFT + round(at * step)
        return first, max(first, _LEFT + round((at + 1) * step) - (3 if step >= 8 else 0) - 1)

    def row(self, number: float) -> int:
        """The row on which a height stands; zero is the lowest line."""
        return HEIGHT - _BOTTOM - round((HEIGHT - _TOP - _BOTTOM) * number / self.top)


def picture(numbers: Mapping[date, Day], last: date, count: int) -> bytes:
    """Draw the ``count`` days up to ``last`` as PNG. It takes some milliseconds: call it in a thread."""
    from PIL import Image, ImageDraw, ImageFont  # most processes never draw: some megabytes are saved

    layout = Layout.of(numbers, last, count)
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(_FONT)
    _draw_lines(draw, font, layout)
    for at, day in enumerate(layout.days):
        first, right = layout.columns(at)
        height = 0
        for colour, number in zip(COLOURS, numbers.get(day, Day()).values(), strict=True):
            below, height = height, height + number
            if layout.row(height) < layout.row(below):
                draw.rectangle((first, layout.row(height), right, layout.row(below) - 1), fill=colour)
    _draw_dates(draw, font, layout)
    out = BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_lines(draw: Any, font: Any, layout: Layout) -> None:
    for part in range(5):
        number = layout.top * part / 4
        row = layout.row(number)
        draw.line((_LEFT, row, WIDTH - _RIGHT, row), fill=_LINES if part else _WORDS)
        if number == int(number):
            draw.text((_LEFT - 10, row), f"{int(number):,}".replace(",", " "), fill=_WORDS, font=font, anchor="rm")


def _draw_dates(draw: Any, font: Any, layout: Layout) -> None:
    every = -(-len(layout.days) // _DATES)
    for at in range(len(layout.days) - 1, -1, -every):
        first, right = layout.columns(at)
        place = min((first + right) // 2, WIDTH - _RIGHT - 24)
        draw.text((place, HEIGHT - _BOTTOM + 12), f"{layout.days[at]:%m-%d}", fill=_WORDS, font=font, anchor="mt")


def _round_up(number: int) -> int:
    """A round number of at least 4 that is not below."""
    step = 1
    while True:
        for top in (4 * step, 8 * step, 12 * step, 20 * step):
            if number <= top:
                return top
        step *= 10
