"""Daily numbers: put down with the counts, kept for a year, drawn as bars whose pixels are the numbers."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bybot.mirror import Everything, New
from bybot.mirror.chart import COLOURS, HEIGHT, WIDTH, Layout, picture
from bybot.mirror.daybook import MOST_DAYS, Day, Daybook, added, packed, unpacked
from bybot.mirror.model import Counts
from bybot.mirror.pairstate import state_key
from bybot.mirror.supervisor import Supervisor
from bybot.sandbox.server import Sandbox
from bybot.stores.memory import MemoryStore
from tests.mirror.test_supervisor import post, process, sandbox, store, texts
from tests.sessions.support import ANN, plant_session, until

__all__ = ["sandbox", "store"]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = NOON.date()

numbers = st.builds(Day, *[st.integers(0, 10**7)] * 4)
books = st.dictionaries(st.integers(-600, 0).map(lambda n: TODAY + timedelta(days=n)), numbers, max_size=40)


# The book -------------------------------------------------------------------------------------------------------


def test_what_counts_grow_by_belongs_to_the_day_on_which_it_is_noted() -> None:
    counts, book = Counts(), Daybook()
    counts.copied, counts.protected, counts.filtered, counts.service = 5, 1, 2, 9
    book.note(counts, NOON)
    counts.copied += 2
    counts.edited = 1
    book.note(counts, NOON + timedelta(days=1))
    book.note(counts, NOON + timedelta(days=9))  # nothing happened
    counts.deleted = 4
    book.note(counts, NOON)  # a clock that was put back: no day is opened again
    assert book.days() == {TODAY: Day(5, 0, 0, 3), TODAY + timedelta(days=1): Day(2, 1, 4, 0)}


def test_a_day_begins_at_midnight_in_utc_wherever_the_clock_is() -> None:
    counts, book = Counts(copied=1), Daybook()
    book.note(counts, datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    counts.copied = 3
    book.note(counts, datetime(2026, 3, 2, 0, 0, tzinfo=UTC))
    assert book.days() == {date(2026, 3, 1): Day(1), date(2026, 3, 2): Day(2)}


def test_counts_that_begin_anew_take_nothing_back() -> None:
    counts, book = Counts(copied=7), Daybook()
    book.note(counts, NOON)
    book.note(Counts(undone=7), NOON)
    book.note(Counts(undone=7, copied=3), NOON)
    assert book.days() == {TODAY: Day(10, 0, 7, 0)}


def test_what_was_copied_once_more_and_what_was_undone_are_part_of_a_day() -> None:
    assert Day.of(Counts(copied=3, refilled=2, deleted=1, undone=4)) == Day(5, 0, 5, 0)


def test_it_comes_back_as_it_was_and_goes_on() -> None:
    counts, book = Counts(), Daybook()
    for n in range(5):
        counts.copied += n + 1
        book.note(counts, NOON + timedelta(days=n))
    back = Daybook.from_value(book.to_value(), counts)
    assert back.days() == book.days()
    counts.copied += 100
    back.note(counts, NOON + timedelta(days=4))
    assert back.days()[TODAY + timedelta(days=4)] == Day(105)


def test_only_the_last_days_are_kept_in_few_bytes() -> None:
    counts, book = Counts(), Daybook()
    for n in range(MOST_DAYS + 50):
        counts.copied += 1000
        book.note(counts, NOON + timedelta(days=n))
    days = book.days()
    assert len(days) == MOST_DAYS
    assert min(days) == TODAY + timedelta(days=50)
    assert len(book.to_value()["past"]) < 3_000


@given(books, books)
def test_packed_days_come_back_and_sums_are_sums(one: dict[date, Day], other: dict[date, Day]) -> None:
    assert unpacked(packed(one)) == one
    both = added(one, other)
    assert list(both) == sorted({*one, *other})
    assert all(both[day] == one.get(day, Day()) + other.get(day, Day()) for day in both)


# With its pair --------------------------------------------------------------------------------------------------


async def test_daily_numbers_outlive_a_restart_cost_no_further_write_and_add_up_over_tasks(
    sandbox: Sandbox, store: MemoryStore
) -> None:
    await plant_session(sandbox, store, ANN)
    for n in range(10):
        post(sandbox, f"post {n}")
    async with process(sandbox, store) as p:
        pair = await p.mirror.add_pair(ANN, "@source", "@target", New())
        task = await p.mirror.add_task(ANN, pair.id, Everything())
        post(sandbox, "post 10")
        await until(lambda: len(texts(sandbox)) == 11)
        await until_ended(p.mirror, pair.id)

        async def noted() -> bool:
            return list((await p.mirror.numbers(ANN, pair.id)).values()) == [Day(copied=11)]

        await until(noted)
        assert list((await p.mirror.numbers(ANN, task.id)).values()) == [Day(copied=10)]
        await p.mirror.remove(ANN, task.id)  # its numbers stay with the pair
    async with process(sandbox, store) as p:
        assert list((await p.mirror.numbers(ANN, pair.id)).values()) == [Day(copied=11)]
        assert (await p.mirror.chart(ANN, pair.id)).startswith(b"\x89PNG")
    kept = {document.key for document in await store.query("pair_states")}
    assert state_key(pair.id) in kept
    assert not any("day" in key.id for key in kept)  # they stand in the document that is written anyway


async def until_ended(mirror: Supervisor, pair_id: str) -> None:
    async def ended() -> bool:
        tasks = await mirror.list_tasks(ANN, pair_id)
        return bool(tasks) and all(status.pair.ended == "finished" for status in tasks)

    await until(ended)


# The picture ----------------------------------------------------------------------------------------------------


def decoded(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGB")


def rows_of(image: Image.Image, column: int) -> list[int]:
    """How many pixels of a column have each of the colours."""
    found = []
    for colour in COLOURS:
        wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        found.append(sum(image.getpixel((column, row)) == wanted for row in range(HEIGHT)))
    return found


@pytest.mark.parametrize("count", [7, 30, 90, 366])
def test_the_pixels_of_every_bar_are_its_numbers(count: int) -> None:
    days = {
        TODAY - timedelta(days=n): Day(7 * n % 301, 3 * n % 53, 5 * n % 31, 11 * n % 97) for n in range(count) if n % 6
    }
    image, layout = decoded(picture(days, TODAY, count)), Layout.of(days, TODAY, count)
    assert layout.days[-1] == TODAY
    assert layout.top >= max(sum(day.values()) for day in days.values())
    per_pixel = layout.top / (layout.row(0) - layout.row(layout.top))
    for at, day in enumerate(layout.days):
        first, last = layout.columns(at)
        heights = rows_of(image, (first + last) // 2)
        for height, number in zip(heights, days.get(day, Day()).values(), strict=True):
            assert abs(height - number / per_pixel) <= 1, (day, heights, days.get(day))


def test_bars_stand_beside_each_other_and_none_is_outside() -> None:
    layout = Layout.of({}, TODAY, 30)
    columns = [layout.columns(at) for at in range(30)]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(columns))
    assert columns[0][0] > 0
    assert columns[-1][1] < WIDTH


def test_a_year_without_anything_is_a_picture_without_bars() -> None:
    image = decoded(picture({}, TODAY, 365))
    assert all(sum(rows_of(image, column)) == 0 for column in range(0, WIDTH, 7))


def test_what_draws_is_not_loaded_before_a_picture_is_asked_for() -> None:
    """Telethon loads the library's core wherever it is installed; fonts and drawing are this project's."""
    code = "import sys, bybot.deployment; sys.exit('PIL.ImageFont' in sys.modules or 'PIL.ImageDraw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=50).returncode == 0
